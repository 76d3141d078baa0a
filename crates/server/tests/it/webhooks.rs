//! Responses to providers, row by row of the contract's table, and what is stored of a request.

use reqwest::Method;
use serde_json::json;

use crate::support::{Module, PASS_ON, both, only_call, with_the_rest};

const ECHO: &str = r#"
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const { method, path, query, headers, body, url } = request;
  const bytes = body instanceof ArrayBuffer ? [...new Uint8Array(body)] : undefined;
  return { response: new HttpResponse().status(202).header('x-said', headers['x-say'] ?? '')
    .json({ method, path, query, url, body: typeof body === 'string' ? body : null, bytes: bytes ?? null }) };
}
"#;

both!(an_unknown_module_and_a_wrong_token_are_told_the_same_and_leave_nothing, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let provider = server.anonymous();
    let nobody = "/webhooks/00000000-0000-7000-8000-000000000000?token=x";
    let (path, _) = module.webhook.split_once('?').expect("a query");
    let mut said = Vec::new();
    for address in
        [nobody, path, &format!("{path}?token="), &format!("{}x", module.webhook), "/webhooks/none?token=x"]
    {
        said.push(provider.post(address, json!({})).await.problem(401, "unauthorized"));
    }
    assert!(said.iter().all(|answer| *answer == said[0]));
    assert!(module.requests().await.is_empty());
    let metrics = provider.get("/metrics").await.text;
    assert!(metrics.contains(r#"hookswitch_webhooks_refused_total{code="unauthorized"} "#), "{metrics}");
});

both!(a_module_that_is_off_takes_nothing, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    admin.patch(&module.path(""), json!({ "enabled": false })).await.is(200);
    module.post(&json!({})).await.problem(503, "unavailable");
    assert!(module.requests().await.is_empty());
    admin.patch(&module.path(""), json!({ "enabled": true })).await.is(200);
    module.post(&json!({})).await.is(200);
});

both!(a_body_over_the_limit_is_refused, [("HOOKSWITCH_WEBHOOKS_BODY_BYTES", "1000")], |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.post(&json!({ "response": { "content": "x".repeat(2000) } })).await.problem(413, "tooLarge");
    assert!(module.requests().await.is_empty());
});

both!(a_response_is_given_exactly, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let text = module
        .post(&json!({ "response": { "status": 418, "headers": { "X-Pot": "tea" }, "content": "short" } }))
        .await;
    assert_eq!(text.is(418).text, "short");
    assert_eq!(text.header("x-pot"), "tea");
    assert_eq!(text.header("content-type"), "text/plain; charset=utf-8");
    let json = module.post(&json!({ "response": { "content": { "a": 1 } } })).await;
    assert_eq!(json.json(200), json!({ "a": 1 }));
    assert_eq!(json.header("content-type"), "application/json");
    let own = module
        .post(&json!({ "response": { "headers": { "content-type": "text/xml" }, "content": "<a/>" } }))
        .await;
    assert_eq!(own.is(200).header("content-type"), "text/xml");
});

both!(no_response_is_answered_with_an_empty_object, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    assert_eq!(module.post(&json!({})).await.json(200), json!({}));
    assert_eq!(module.requests().await[0]["status"], "processed");
});

both!(a_script_that_throws_leaves_a_failed_request_with_the_line, |server| {
    let admin = server.admin().await;
    let script = with_the_rest(
        "enum Color { Red }\n\nexport function VoipParseWebhookRequest(request: FetchRequest) {\n  const body: any = undefined;\n  return body.event;\n}",
    );
    let module = Module::with_script(server, &admin, &script).await;
    let answer = module.post(&json!({ "a": 1 })).await.json(500);
    let request = &module.requests().await[0];
    assert_eq!(answer["requestId"], request["id"]);
    assert!(answer["error"].as_str().expect("a text").contains("line 5"), "{answer}");
    assert_eq!(request["status"], "failed");
    assert_eq!(request["responseStatus"], 500);
    assert_eq!(request["error"]["code"], "threw");
    assert_eq!(request["error"]["line"], 5);
});

both!(what_breaks_the_contract_is_said_by_path, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let event = json!({ "event": "notifyStart", "direction": "sideways", "srcPhone": "+442079460000", "dstPhone": "101" });
    let answer = module.post(&json!({ "event": event })).await.json(500);
    assert!(answer["error"].as_str().expect("a text").contains("event.direction"), "{answer}");
    let request = &module.requests().await[0];
    assert_eq!(
        (&request["error"]["code"], &request["error"]["path"]),
        (&json!("contract"), &json!("event.direction"))
    );
    module.post(&json!({ "response": { "headers": { "a b": "c" } } })).await.is(500);
    assert_eq!(module.requests().await[0]["error"]["path"], "response.headers.a b");
});

both!(every_limit_has_its_name_and_the_module_goes_on, [("HOOKSWITCH_SCRIPT_CPU_MS", "200")], |server| {
    let admin = server.admin().await;
    let script = with_the_rest(
        r"
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  switch (request.query.do) {
    case 'spin': while (true) {}
    case 'memory': return { response: new HttpResponse().content('x'.repeat(1e9)) };
    case 'stack': { const again = (): number => again() + 1; again(); break; }
    case 'never': await new Promise(() => {}); break;
    case 'fetches': for (let i = 0; i < 10000; i++) { await fetch('http://127.0.0.1:1/').catch(() => {}); }
  }
  return {};
}
",
    );
    let module = Module::with_script(server, &admin, &script).await;
    let asked = [
        ("spin", "cpuTime"),
        ("memory", "memory"),
        ("stack", "stack"),
        ("never", "neverSettles"),
        ("fetches", "fetchCount"),
    ];
    for (what, code) in asked {
        server.anonymous().post(&format!("{}&do={what}", module.webhook), json!({})).await.is(500);
        assert_eq!(module.requests().await[0]["error"]["code"], code);
        module.post(&json!({})).await.is(200);
    }
});

both!(
    the_script_gets_the_request_as_it_came,
    [("HOOKSWITCH_PUBLIC_URL", "https://calls.example.org/pbx")],
    |server| {
        let admin = server.admin().await;
        let module = Module::with_script(server, &admin, &with_the_rest(ECHO)).await;
        let webhook = module.webhook.strip_prefix("https://calls.example.org/pbx").expect("the public URL");
        let (path, token) = webhook.split_once('?').expect("a query");
        let provider = server.anonymous();
        let request = provider
            .request(Method::POST, &format!("{path}/events/call?a=1&{token}&a=%C3%BC"))
            .header("X-Say", "hello");
        let answer = provider.send(request.body("ä = ä")).await;
        assert_eq!(answer.header("x-said"), "hello");
        let got = answer.json(202);
        assert_eq!(got["method"], "POST");
        assert_eq!(got["path"], "/events/call");
        assert_eq!(got["query"], json!({ "a": ["1", "ü"] }));
        assert_eq!(got["body"], "ä = ä");
        assert_eq!(
            got["url"],
            format!("https://calls.example.org/pbx{path}/events/call?a=1&{token}&a=%C3%BC")
        );
        let bytes =
            provider.send(provider.request(Method::POST, webhook).body(vec![0xff, 0x00])).await.json(202);
        assert_eq!(bytes["bytes"], json!([255, 0]));
        let got = provider.get(webhook).await.json(202);
        assert_eq!((&got["method"], &got["body"]), (&json!("GET"), &json!(null)));
    }
);

both!(a_rotated_token_stops_the_old_address_at_once, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let rotated = admin.post(&module.path("/webhook-token"), json!({})).await.json(200);
    assert_eq!(rotated["notified"], false, "the script has no VoipOnWebhookUpdated");
    module.post(&json!({})).await.is(401);
    let new = rotated["webhookUrl"]
        .as_str()
        .expect("an address")
        .strip_prefix(&server.url)
        .expect("of this server");
    server.anonymous().post(new, json!({})).await.is(200);
});

both!(the_token_is_not_kept_with_the_request, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let (_, token) = module.webhook.split_once("token=").expect("a token");
    server
        .anonymous()
        .post(&format!("{}&a=1", module.webhook), json!({ "kept": "as it came" }))
        .await
        .is(200);
    server.keep_secret(token);
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let request = admin.get(&module.path(&format!("/requests/{id}"))).await.json(200);
    assert_eq!(request["query"], "token={token}&a=1");
    assert_eq!(request["body"], r#"{"kept":"as it came"}"#);
});

both!(two_calls_between_the_same_numbers_stay_two, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for id in ["a", "b"] {
        module.event("notifyStart", id, "+442079460000", "101").await;
    }
    module.event("notifyEnd", "b", "+442079460000", "101").await;
    let calls = admin.get("/api/v1/calls").await.json(200);
    let states: Vec<_> = calls["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|call| (call["callId"].as_str(), call["state"].as_str()))
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&(Some("a"), Some("ringing"))) && states.contains(&(Some("b"), Some("ended"))));
});

both!(a_batch_of_events_is_one_request, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let event = |event: &str| json!({ "event": event, "direction": "In", "disposition": "ANSWERED", "srcPhone": "020 7946 0000", "dstPhone": 101, "callId": 7 });
    module
        .post(&json!({ "events": [event("NOTIFY_START"), event("notify_answer"), event("NotifyEnd")] }))
        .await
        .is(200);
    let call = only_call(&admin).await;
    assert_eq!(call["state"], "ended");
    assert_eq!(call["disposition"], "answered");
    assert_eq!(call["clientNumber"]["e164"], "+442079460000");
});
