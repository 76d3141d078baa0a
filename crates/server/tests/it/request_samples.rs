//! A logged request becomes a sample without people's numbers and without secrets.

use hookswitch_core::modules::sample;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, Server, both};

const SCRIPT: &str = r"
export function VoipParseWebhookRequest(request: FetchRequest): VoipWebhookParseResult {
  const said = new URLSearchParams(String(request.body));
  if (said.get('from') === null) { throw new TypeError(`No caller: ${said.get('to')}`); }
  return {
    event: {
      event: 'notifyStart', direction: 'in', callId: `c-${said.get('at')}`, srcPhone: `+${said.get('from')}`,
      dstPhone: String(said.get('to')), srcPhoneExt: '101', callerName: String(said.get('name')),
    },
  };
}
";

/// Returns the sample of the newest request as text.
async fn sampled(module: &Module) -> String {
    let request = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let admin = module.admin();
    let sampled = admin.get(&module.path(&format!("/requests/{request}/sample"))).await;
    sampled.is(200);
    for text in [
        "442083661177",
        "2083661177",
        "s3cret-of-mine",
        "Zoe Zimmermann",
        "a-cookie",
        module.webhook.rsplit('=').next().expect("a token"),
    ] {
        assert!(!sampled.text.contains(text), "{text} is in {}", sampled.text);
    }
    sampled.text
}

async fn send(server: &Server, module: &Module, suffix: &str, body: &str) -> u16 {
    let (path, token) = module.webhook.split_once('?').expect("a token");
    let provider = server.anonymous();
    let request = provider
        .request(Method::POST, &format!("{path}{suffix}?{token}&to=02083661177&apiKey=s3cret-of-mine"));
    let request = request
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", "Bearer s3cret-of-mine")
        .header("cookie", "a-cookie=1")
        .header("x-forwarded-for", "192.0.2.1")
        .header("x-pbx-signature", "of-other-numbers")
        .header("x-caller", "<sip:+442083661177@192.0.2.1>");
    provider.send(request.body(body.to_owned())).await.status.as_u16()
}

both!(a_request_becomes_a_sample_of_nobody, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    let settings = json!([{ "name": "key", "label": "Key", "type": "secret" }]);
    let script = crate::support::with_the_rest(SCRIPT);
    let body = json!({ "name": "Test", "script": script, "defaultCountry": "GB", "settings": settings });
    let module = Module::of(server, &admin, body).await;
    admin.patch(&module.path("/settings"), json!({ "key": "s3cret-of-mine" })).await.is(200);
    let at = server.app.clock.now().timestamp();
    let body = format!(
        "from=442083661177&to=%28020%29%203078%207878&name=Zoe+Zimmermann&at={at}&key=s3cret-of-mine&copy=%2B44+20+8366+1177"
    );
    assert_eq!(send(server, &module, "/in", &body).await, 200);
    let text = sampled(&module).await;
    let read = sample::parse(&text).expect("a sample");
    let request = read.request.expect("a request");
    let expected = format!(
        "from=442079460100&to=%28020%29%207946%200101&name=Somebody&at={at}&key=masked&copy=%2B44+20+7946+0100"
    );
    assert_eq!(
        request.body.as_deref(),
        Some(expected.as_str()),
        "digit by digit, and what is not a number stays"
    );
    assert_eq!(request.url.as_deref(), Some("/in?to=02079460100&apiKey=masked"));
    let headers = json!(request.headers);
    assert_eq!((&headers["authorization"], &headers["cookie"]), (&json!("masked"), &json!("masked")));
    assert_eq!(headers["x-caller"], "<sip:+442079460100@192.0.2.1>");
    for left_out in ["x-forwarded-for", "host", "x-pbx-signature"] {
        assert!(headers.get(left_out).is_none(), "{headers}");
    }
    let result: Value = read.result.expect("a result");
    assert_eq!(result["event"]["srcPhone"], "+442079460100");
    assert_eq!(result["event"]["dstPhone"], "(020) 7946 0101");
    assert_eq!(
        (&result["event"]["srcPhoneExt"], &result["event"]["callerName"]),
        (&json!("101"), &json!("Somebody"))
    );
    assert_eq!(result["event"]["callId"], format!("c-{at}"), "a time is none");
    assert_eq!(read.name, "A request that means notifyStart");
    assert!(read.now.is_some());

    // A failed request's sample has the error.
    assert_eq!(send(server, &module, "", "to=02083661177").await, 500);
    let read = sample::parse(&sampled(&module).await).expect("a sample");
    assert_eq!((read.error.as_deref(), read.result), (Some("No caller: 02079460100"), None));

    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let path = module.path(&format!("/requests/{id}/sample"));
    operator.get(&path).await.problem(403, "notAllowed");
    let other = Module::with_script(server, &admin, PASS_ON).await;
    admin.get(&other.path(&format!("/requests/{id}/sample"))).await.problem(404, "notFound");
});

/// Returns the whole body as the call's data.
const KEEPS: &str = r"
export function VoipParseWebhookRequest(request: FetchRequest): VoipWebhookParseResult {
  return { callRecord: { callId: 'c', call: { said: String(request.body).toLowerCase() } } };
}
";

both!(json_stays_json_and_dates_stay_dates, |server| {
    let admin = server.admin().await;
    let script = crate::support::with_the_rest(KEEPS);
    let body = json!({ "name": "Test", "script": script, "defaultCountry": "US" });
    let module = Module::of(server, &admin, body).await;
    let url = "https://x.example/r?access_key=aaaaccccddddeeee";
    for (body, expected) in [
        (format!(r#"{{"u":"{url}","x":1}}"#), json!({ "u": "https://x.example/r?access_key=masked", "x": 1 })),
        (
            format!(r#"{{"u":"{url}","n":"+14045558514","seen":["+14045558514"]}}"#),
            json!({
                "u": "https://x.example/r?access_key=masked", "n": "+12025550100", "seen": ["+12025550100"],
            }),
        ),
        (
            r#"{"datetime":"2018-02-19 18:41:00","day":"02/19/2018 06:41 PM","at":1519065660,"ms":1519065660123}"#
                .to_owned(),
            json!({
                "datetime": "2018-02-19 18:41:00", "day": "02/19/2018 06:41 PM", "at": 1_519_065_660,
                "ms": 1_519_065_660_123_u64,
            }),
        ),
        (
            r#"{"agent":"Zoe.Zimmermann@pbx.example.org","cc":["bob@x.org","zoe.zimmermann@pbx.example.org"]}"#
                .to_owned(),
            json!({
                "agent": "somebody1@example.com", "cc": ["somebody2@example.com", "somebody1@example.com"],
            }),
        ),
        (
            r#"{"form":"token=aaaaccccddddeeee&to=%2B14045558514"}"#.to_owned(),
            json!({ "form": "token=masked&to=%2B12025550100" }),
        ),
    ] {
        let sent = server.anonymous().request(Method::POST, &module.webhook);
        let sent = sent.header("content-type", "application/json").body(body.clone());
        assert_eq!(server.anonymous().send(sent).await.status, 200, "{body}");
        let text = sampled(&module).await;
        assert!(!text.contains("aaaacccc") && !text.to_lowercase().contains("zimmermann"), "{text}");
        let read = sample::parse(&text).expect("a sample");
        let sampled = read.request.and_then(|request| request.body).expect("a body");
        let sampled: Value = serde_json::from_str(&sampled).expect("still JSON");
        assert_eq!(sampled, expected, "{body}");
        let kept = read.result.expect("a result")["callRecord"]["call"]["said"].to_string();
        assert_eq!(kept.contains("somebody1@"), body.contains("Zoe"), "{kept}");
    }
});
