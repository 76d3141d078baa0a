//! A request of the log becomes a sample: without people's numbers, and without secrets.

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

/// The text of the sample of the newest request.
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
    assert_eq!(
        (request.path.as_str(), &request.query["to"], &request.query["apiKey"]),
        ("/in", &json!("02079460100"), &json!("masked"))
    );
    let headers = json!(request.headers);
    assert_eq!((&headers["authorization"], &headers["cookie"]), (&json!("masked"), &json!("masked")));
    assert_eq!(headers["x-caller"], "<sip:+442079460100@192.0.2.1>");
    assert!(headers.get("x-forwarded-for").is_none() && headers.get("host").is_none(), "{headers}");
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

    // One that failed says what it threw.
    assert_eq!(send(server, &module, "", "to=02083661177").await, 500);
    let read = sample::parse(&sampled(&module).await).expect("a sample");
    assert_eq!((read.error.as_deref(), read.result), (Some("No caller: 02079460100"), None));

    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let path = module.path(&format!("/requests/{id}/sample"));
    operator.get(&path).await.problem(403, "notAllowed");
    let other = Module::with_script(server, &admin, PASS_ON).await;
    admin.get(&other.path(&format!("/requests/{id}/sample"))).await.problem(404, "notFound");
});
