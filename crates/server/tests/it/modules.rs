//! Modules: creating, updating, scripts, settings, connections.

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both, server_log};

fn setting(name: &str, kind: &str) -> Value {
    json!({ "name": name, "label": name, "type": kind, "required": kind == "secret" })
}

both!(every_built_in_provider_makes_a_module, |server| {
    let admin = server.admin().await;
    let providers = admin.get("/api/v1/providers").await.json(200);
    let providers = providers["items"].as_array().expect("items");
    assert!(providers.len() >= 2);
    for provider in providers {
        let body = json!({ "name": provider["name"], "provider": provider["code"] });
        let module = admin.post("/api/v1/modules", body).await.json(201);
        assert_eq!(module["functions"], provider["functions"]);
        assert_eq!(
            module["settings"].as_array().map(Vec::len),
            provider["settings"].as_array().map(Vec::len)
        );
        assert!(module["webhookUrl"].is_string(), "the required functions are there: {module}");
    }
    admin.post("/api/v1/modules", json!({ "name": "X", "provider": "none" })).await.problem(422, "invalid");
});

both!(secrets_are_set_and_never_seen_again, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    let script = PASS_ON
        .replace("'It works.'", "String(Namespace.params.data.key).length + Namespace.params.data.region");
    let fields = json!([setting("key", "secret"), setting("region", "text")]);
    let module =
        Module::of(server, &admin, json!({ "name": "Test", "script": script, "settings": fields })).await;
    let test = module.path("/test-connection");
    admin.post(&test, json!({})).await.problem(409, "settingMissing");
    let secret = "s3cret-of-the-provider";
    server.keep_secret(secret);
    let changed =
        admin.patch(&module.path("/settings"), json!({ "key": secret, "region": "eu" })).await.json(200);
    assert_eq!(
        (&changed["settings"][0]["isSet"], &changed["settings"][0]["value"]),
        (&json!(true), &json!(null))
    );
    assert_eq!(changed["settings"][1]["value"], "eu");
    let tested = admin.post(&test, json!({})).await.json(200);
    assert_eq!((&tested["success"], &tested["message"]), (&json!(true), &json!("22eu")));
    let unset = admin.patch(&module.path("/settings"), json!({ "region": null })).await.json(200);
    assert_eq!(unset["settings"][1]["isSet"], false);
    let wrong = admin.patch(&module.path("/settings"), json!({ "key": 5 })).await.problem(422, "invalid");
    assert_eq!(wrong["path"], "settings.key");
    admin.patch(&module.path("/settings"), json!({ "kee": "x" })).await.problem(422, "invalid");
    let seen = operator.get(&module.path("")).await.json(200);
    assert!(seen.get("settings").is_none() && seen.get("webhookUrl").is_none(), "{seen}");
    operator.patch(&module.path("/settings"), json!({})).await.problem(403, "notAllowed");
    for path in ["", "/requests", "/log", "/bindings", "/script"] {
        admin.get(&module.path(path)).await.is(200);
    }
});

both!(a_script_that_cannot_run_is_refused_with_its_line, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let refused = module.save("function a() {\n  return 1 +;\n}").await.problem(422, "script");
    assert_eq!(refused["diagnostics"][0]["line"], 2, "{refused}");
    let refused = module.save("import { x } from 'y';\nx();").await.problem(422, "script");
    assert_eq!(refused["diagnostics"][0]["line"], 1);
    let refused =
        module.save("const a: number = 1;\nthrow new Error('at load');").await.problem(422, "script");
    assert_eq!(refused["diagnostics"][0]["line"], 2);
    let versions = admin.get(&module.path("/script/versions")).await.json(200);
    assert_eq!(versions["items"].as_array().map(Vec::len), Some(1), "none of them was saved");
});

both!(an_older_script_is_restored, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let without = PASS_ON.replace("VoipHoldCall", "NotAnyMore");
    let saved = module.save(&without).await.json(200);
    assert_eq!(saved["scriptVersion"], 2);
    assert!(saved["missingFunctions"].as_array().expect("names").contains(&json!("VoipHoldCall")));
    let restored = admin.post(&module.path("/script/versions/1/restore"), json!({})).await.json(200);
    assert_eq!(restored["scriptVersion"], 3);
    assert!(restored["functions"].as_array().expect("names").contains(&json!("VoipHoldCall")));
    assert_eq!(admin.get(&module.path("/script")).await.json(200)["source"], PASS_ON);
    assert_eq!(admin.get(&module.path("/script/versions/2")).await.json(200)["source"], without);
    admin.get(&module.path("/script/versions/9")).await.problem(404, "notFound");
});

both!(members_are_fetched_and_bound, |server| {
    let admin = server.admin().await;
    let (one, _) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let members = admin.get(&module.path("/members")).await.json(200);
    assert_eq!(members["items"][1], json!({ "id": "102", "name": "Two", "email": "two@example.org" }));
    let bindings = json!([{ "memberId": "101", "memberName": "One", "userId": one }]);
    assert_eq!(admin.put(&module.path("/bindings"), bindings.clone()).await.json(200), bindings);
    let twice = json!([{ "memberId": "101", "userId": one }, { "memberId": "101", "userId": one }]);
    assert_eq!(
        admin.put(&module.path("/bindings"), twice).await.problem(422, "invalid")["path"],
        "[1].memberId"
    );
    let nobody = json!([{ "memberId": "101", "userId": "00000000-0000-7000-8000-000000000000" }]);
    admin.put(&module.path("/bindings"), nobody).await.problem(422, "invalid");
    assert_eq!(admin.get(&module.path("/bindings")).await.json(200), bindings);
    admin.delete(&format!("/api/v1/users/{one}")).await.is(204);
    assert_eq!(admin.get(&module.path("/bindings")).await.json(200), json!([]));
});

both!(a_module_hears_of_its_new_address, |server| {
    let admin = server.admin().await;
    let script = format!(
        "{PASS_ON}\nexport function VoipOnWebhookUpdated(url: string) {{ console.log('address', url, url === Namespace.webhookUrl); }}"
    );
    let module = Module::with_script(server, &admin, &script).await;
    let rotated = admin.post(&module.path("/webhook-token"), json!({})).await.json(200);
    assert_eq!((&rotated["notified"], &rotated["message"]), (&json!(true), &json!(null)));
    let last = server_log(server, &admin, &module).await[0].clone();
    assert_eq!(
        last["message"],
        format!("address {} true", rotated["webhookUrl"].as_str().expect("an address"))
    );
    let refusing =
        script.replace("console.log('address', url, url === Namespace.webhookUrl)", "throw new Error('No.')");
    module.save(&refusing).await.is(200);
    let rotated = admin.post(&module.path("/webhook-token"), json!({})).await.json(200);
    assert_eq!(rotated["notified"], false);
    assert!(rotated["message"].as_str().expect("a sentence").contains("No."));
});

both!(a_deleted_module_leaves_its_calls, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.event("notifyStart", "a", "+442079460000", "101").await;
    admin.delete(&module.path("")).await.is(204);
    module.post(&json!({})).await.problem(401, "unauthorized");
    admin.get(&module.path("")).await.problem(404, "notFound");
    let call = crate::support::only_call(&admin).await;
    assert_eq!((&call["callId"], &call["actions"]), (&json!("a"), &json!([])));
});

both!(two_modules_share_nothing, |server| {
    let admin = server.admin().await;
    let counting = "let seen = 0;\n".to_owned()
        + &PASS_ON.replace(
            "typeof request.body === 'string' ? JSON.parse(request.body) : {}",
            "{ response: new HttpResponse().content(String(++seen)) }",
        );
    let one = Module::with_script(server, &admin, &counting).await;
    let two = Module::with_script(server, &admin, &counting).await;
    one.post(&json!({})).await.is(200);
    one.post(&json!({})).await.is(200);
    assert_eq!(two.post(&json!({})).await.is(200).text, "1");
});

both!(administrators_see_how_a_module_is_doing, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let health = async || {
        let one = admin.get(&module.path("")).await.json(200)["health"].clone();
        let list = admin.get("/api/v1/modules").await.json(200);
        assert_eq!(list["items"][0]["health"], one);
        one
    };
    assert_eq!(
        health().await,
        json!({ "lastRequestAt": null, "lastRequestStatus": null, "failedLastDay": 0 })
    );
    module.post(&json!(1)).await.is(500);
    module.post(&json!(2)).await.is(500);
    assert_eq!(
        (&health().await["lastRequestStatus"], &health().await["failedLastDay"]),
        (&json!("failed"), &json!(2))
    );
    server.advance(chrono::TimeDelta::hours(25));
    module.post(&json!({})).await.is(200);
    let last = module.requests().await[0]["receivedAt"].clone();
    let expected = json!({ "lastRequestAt": last, "lastRequestStatus": "processed", "failedLastDay": 0 });
    assert_eq!(health().await, expected, "yesterday's failures are yesterday's");
    assert!(operator.get(&module.path("")).await.json(200).get("health").is_none());
    assert!(operator.get("/api/v1/modules").await.json(200)["items"][0].get("health").is_none());
});

both!(a_secret_stays_one_whatever_its_setting_is_declared_as, |server| {
    let admin = server.admin().await;
    let declared = |kind: &str| json!([{ "name": "key", "label": "Key", "type": kind }]);
    let script =
        PASS_ON.replace("return typeof", "console.log(JSON.stringify(Namespace.settings)); return typeof");
    let body = json!({ "name": "Test", "script": script, "settings": declared("secret") });
    let module = Module::of(server, &admin, body).await;
    admin.patch(&module.path("/settings"), json!({ "key": "hush-hush" })).await.is(200);
    server.keep_secret("hush-hush");
    for kind in ["text", "url", "number", "boolean"] {
        let seen = admin.patch(&module.path(""), json!({ "settings": declared(kind) })).await.json(200);
        let setting = &seen["settings"][0];
        assert_eq!((&setting["isSet"], &setting["isSealed"]), (&json!(true), &json!(true)), "{kind}");
        assert_eq!(setting["value"], json!(null), "{kind}");
    }
    admin.patch(&module.path(""), json!({ "settings": declared("text") })).await.is(200);
    let seen = admin.patch(&module.path("/settings"), json!({ "key": "open" })).await.json(200);
    assert_eq!(
        (&seen["settings"][0]["value"], &seen["settings"][0]["isSealed"]),
        (&json!("open"), &json!(false))
    );

    // A setting that becomes a secret is encrypted from then on.
    let seen = admin.patch(&module.path(""), json!({ "settings": declared("secret") })).await.json(200);
    assert_eq!(
        (&seen["settings"][0]["isSet"], &seen["settings"][0]["isSealed"]),
        (&json!(true), &json!(true))
    );
    let kept = server.app.store.settings(module.id.parse().unwrap()).await.unwrap();
    assert!(kept.plain.is_empty() && kept.secrets["key"] == "open");
});

both!(the_address_that_a_script_was_told_is_kept_as_a_hash, |server| {
    let admin = server.admin().await;
    let script = format!("{PASS_ON}\nexport function VoipOnWebhookUpdated(url: string) {{}}");
    let module = Module::with_script(server, &admin, &script).await;
    admin.post(&module.path("/webhook-token"), json!({})).await.is(200);
    let kept = server.app.store.module(module.id.parse().unwrap()).await.unwrap().unwrap();
    let told = kept.public_url_notified.expect("it was told");
    assert!(!told.contains(&kept.webhook_token) && told.len() == 43, "{told}");
});

both!(a_script_sees_its_settings_while_it_is_first_loaded, |server| {
    let admin = server.admin().await;
    let script =
        format!("if (Namespace.params.data.region !== 'eu') throw new Error('no region');\n{PASS_ON}");
    let body = json!({ "name": "Early", "script": script, "settings": { "region": "eu" } });
    admin.post("/api/v1/modules", body).await.is(201);
    let body = json!({ "name": "Early", "script": script });
    assert!(
        admin.post("/api/v1/modules", body).await.problem(422, "script")["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("no region"))
    );
});

both!(a_module_without_a_script_can_do_nothing_yet, |server| {
    let admin = server.admin().await;
    let made = admin.post("/api/v1/modules", json!({ "name": "Empty" })).await.json(201);
    let path = format!("/api/v1/modules/{}", made["id"].as_str().expect("an id"));
    admin.get(&format!("{path}/members")).await.problem(409, "notImplemented");
    admin.post(&format!("{path}/test-connection"), json!({})).await.problem(409, "notImplemented");
});
