//! Warnings about a script's result: headers that are not passed on, and problems that do not lose the call.

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both, only_call};

/// Returns the paths and messages of the newest request's warnings.
async fn warnings(admin: &crate::support::Client, module: &Module) -> Vec<(String, String)> {
    let newest = &module.requests().await[0];
    let id = newest["id"].as_str().expect("an id");
    let request = admin.get(&module.path(&format!("/requests/{id}"))).await.json(200);
    let list = request["warnings"].as_array().expect("warnings");
    assert_eq!(newest["warnings"], request["warnings"]);
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    list.iter().map(|warning| (text(&warning["path"]), text(&warning["message"]))).collect()
}

both!(headers_that_act_on_our_own_origin_are_left_out, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let acting = [
        "Set-Cookie",
        "Clear-Site-Data",
        "Service-Worker-Allowed",
        "Refresh",
        "Content-Security-Policy",
        "Content-Security-Policy-Report-Only",
        "Access-Control-Allow-Origin",
        "Access-Control-Allow-Credentials",
        "X-Frame-Options",
        "X-Content-Type-Options",
        "Strict-Transport-Security",
        "Alt-Svc",
        "Link",
        "NEL",
        "Report-To",
        "Reporting-Endpoints",
        "Permissions-Policy",
        "SourceMap",
        "X-SourceMap",
        "Cross-Origin-Opener-Policy",
        "Referrer-Policy",
        "Origin-Agent-Cluster",
        "Speculation-Rules",
        "X-Accel-Redirect",
        "X-Sendfile",
        "X-DNS-Prefetch-Control",
        "Connection",
        "Content-Length",
        "Transfer-Encoding",
        "Content-Encoding",
        "Accept-CH",
    ];
    let mut headers: serde_json::Map<String, Value> =
        acting.iter().map(|name| ((*name).to_owned(), json!("1"))).collect();
    for (name, value) in
        [("X-Pot", "tea"), ("Content-Type", "text/html"), ("Retry-After", "5"), ("Validation-Token", "v")]
    {
        headers.insert(name.to_owned(), json!(value));
    }
    let event =
        json!({ "event": "notifyStart", "direction": "in", "srcPhone": "+442079460000", "dstPhone": "101" });
    let answer = module
        .post(&json!({ "event": event, "response": { "status": 201, "headers": headers, "content": "<script>" } }))
        .await;
    assert_eq!(answer.is(201).text, "<script>");
    for (name, value) in
        [("x-pot", "tea"), ("content-type", "text/html"), ("retry-after", "5"), ("validation-token", "v")]
    {
        assert_eq!(answer.header(name), value);
    }
    for name in acting.map(str::to_lowercase) {
        let ours = ["content-security-policy", "x-content-type-options", "referrer-policy", "content-length"];
        assert!(ours.contains(&name.as_str()) || !answer.headers.contains_key(&name), "{name}");
    }
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    let said = warnings(&admin, &module).await;
    assert_eq!(said.len(), 20, "as many as are kept");
    assert!(said.iter().all(|(path, _)| path.starts_with("response.headers.")), "{said:?}");
    assert_eq!(only_call(&admin).await["state"], "ringing");
});

both!(a_long_or_odd_side_field_costs_no_call, |server| {
    let admin = server.admin().await;
    let (user, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", user)]).await;
    module.post(&json!({})).await.is(200);
    assert!(warnings(&admin, &module).await.is_empty());
    let event = json!({
        "event": "notifyStart", "direction": "in", "callId": "a", "srcPhone": "+442079460000", "dstPhone": "101",
        "callerName": "n".repeat(5000), "occurredAt": "yesterday", "srcPhoneEx": "101",
    });
    module.post(&json!({ "event": event, "evnet": 1 })).await.is(200);
    let call = only_call(&operator).await;
    assert_eq!((&call["state"], call["callerName"].as_str().map(str::len)), (&json!("ringing"), Some(512)));
    let said = warnings(&admin, &module).await;
    let paths: Vec<_> = said.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["evnet", "event.callerName", "event.occurredAt", "event.srcPhoneEx"]);
    assert!(said[0].1.contains("did you mean event?"), "{said:?}");
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let replay = admin
        .post(&module.path(&format!("/requests/{id}/replay")), json!({ "dryRun": true }))
        .await
        .json(200);
    assert_eq!(replay["warnings"].as_array().map(Vec::len), Some(4));
});

both!(a_deep_recording_is_left_out_and_nothing_else_suffers, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.event("notifyStart", "a", "+442079460000", "101").await;
    let deep = (0..100).fold(json!(1), |inner, _| json!([inner]));
    module.post(&json!({ "callRecord": { "callId": "a", "duration": 5, "disposition": "answered", "call": deep } })).await;
    module.event("notifyEnd", "a", "+442079460000", "101").await;
    assert_eq!(only_call(&admin).await["state"], "ended");
    for request in module.requests().await {
        let id = request["id"].as_str().expect("an id");
        admin.get(&module.path(&format!("/requests/{id}"))).await.is(200);
    }
});

both!(functions_with_nearly_the_right_name_are_told_of, |server| {
    let admin = server.admin().await;
    let script = format!(
        "{PASS_ON}\nexport function VoipHangUpCall() {{}}\nconst VoipApi = 1;\nfunction VoipOther() {{}}"
    );
    let module = Module::with_script(server, &admin, &script.replace("VoipHangupCall", "helper")).await;
    let shown = admin.get(&module.path("")).await.json(200);
    let messages: Vec<_> = shown["scriptWarnings"]
        .as_array()
        .expect("warnings")
        .iter()
        .map(|warning| warning["message"].as_str())
        .collect();
    assert_eq!(
        messages,
        [
            Some("VoipHangUpCall: unknown function, did you mean VoipHangupCall?"),
            Some("VoipOther: unknown function, nothing ever calls it"),
        ]
    );
    let saved = module.save(PASS_ON).await.json(200);
    assert_eq!(saved["scriptWarnings"], json!([]));
});
