//! The audit trail records what administrators do to users, modules and settings, in words and without secrets.

use hookswitch_store::Role;
use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, PASSWORD, both};

const SECRET: &str = "hush-a-secret-value";

/// Returns the newest entry with that action: its subject, and its changes by field.
async fn newest(admin: &Client, action: &str) -> (Value, Value) {
    let page = admin.get(&format!("/api/v1/audit?action={action}")).await.json(200);
    let entry = page["items"].get(0).unwrap_or_else(|| panic!("no {action}")).clone();
    let changes = entry["changes"].as_array().unwrap().iter();
    let changes = changes
        .map(|change| (change["field"].as_str().unwrap().to_owned(), json!([change["from"], change["to"]])));
    (entry["subject"].clone(), Value::Object(changes.collect()))
}

both!(what_happens_to_users_and_tokens_is_written_down, |server| {
    let admin = server.admin().await;
    server.keep_secret("nine green lizards");
    let body = json!({ "login": "ann", "name": "Ann", "role": "operator", "password": PASSWORD });
    let made = admin.post("/api/v1/users", body).await.json(201);
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    let expected = json!({ "name": [null, "Ann"], "role": [null, "operator"] });
    assert_eq!(newest(&admin, "userCreated").await, (json!("ann"), expected));

    let token = admin.post("/api/v1/tokens", json!({ "name": "backup" })).await.json(201);
    assert_eq!(newest(&admin, "tokenCreated").await, (json!("backup"), json!({ "user": [null, "admin"] })));
    admin.delete(&format!("/api/v1/tokens/{}", token["id"].as_str().unwrap())).await.is(204);
    assert_eq!(newest(&admin, "tokenDeleted").await, (json!("backup"), json!({ "user": [null, "admin"] })));

    admin.patch(&path, json!({ "role": "admin", "active": false })).await.is(200);
    let expected = json!({ "role": ["operator", "admin"], "account": ["active", "deactivated"] });
    assert_eq!(newest(&admin, "userChanged").await, (json!("ann"), expected));
    admin.patch(&path, json!({ "password": "nine green lizards" })).await.is(200);
    assert_eq!(newest(&admin, "userChanged").await, (json!("ann"), json!({ "password": [null, "new"] })));
    admin.patch(&path, json!({})).await.is(200);
    let page = admin.get("/api/v1/audit?action=userChanged").await.json(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 2, "nothing changed");
    admin.delete(&path).await.is(204);
    assert_eq!(newest(&admin, "userDeleted").await.0, "ann");
});

both!(signing_in_is_written_down_and_guessing_once_in_a_while, |server| {
    let admin = server.admin().await;
    server.browser("ann", Role::Operator).await;
    assert_eq!(newest(&admin, "signedIn").await, (json!("ann"), json!({ "address": [null, "127.0.0.1"] })));
    for login in ["ann", "ann", "ANN", "nobody"] {
        let body = json!({ "login": login, "password": "a guess" });
        server.anonymous().post("/api/v1/session", body).await.is(401);
    }
    let page = admin.get("/api/v1/audit?action=signInFailed").await.json(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["items"][0]["user"]["name"], "ann");
});

both!(what_happens_to_modules_is_written_down, |server| {
    let admin = server.admin().await;
    let (ann, _) = server.operator("ann").await;
    let settings = json!([
        { "name": "url", "label": "Address", "type": "url" },
        { "name": "key", "label": "Key", "type": "secret" },
    ]);
    let body = json!({ "name": "Office", "script": PASS_ON, "settings": settings });
    let module = Module::of(server, &admin, body).await;
    assert_eq!(newest(&admin, "moduleCreated").await.0, "Office");

    server.keep_secret(SECRET);
    admin.patch(&module.path("/settings"), json!({ "key": SECRET })).await.is(200);
    assert_eq!(
        newest(&admin, "moduleSettingsChanged").await,
        (json!("Office"), json!({ "set": [null, "key"] }))
    );
    admin.patch(&module.path("/settings"), json!({ "key": null })).await.is(200);
    assert_eq!(newest(&admin, "moduleSettingsChanged").await.1, json!({ "unset": [null, "key"] }));

    admin.patch(&module.path(""), json!({ "name": "Home", "enabled": false })).await.is(200);
    let expected = json!({ "name": ["Office", "Home"], "switched": ["on", "off"] });
    assert_eq!(newest(&admin, "moduleChanged").await, (json!("Home"), expected));
    module.save(PASS_ON).await.is(200);
    assert_eq!(newest(&admin, "scriptSaved").await, (json!("Home"), json!({ "version": [null, "2"] })));
    admin.post(&module.path("/script/versions/1/restore"), json!({})).await.is(200);
    assert_eq!(newest(&admin, "scriptSaved").await.1, json!({ "version": [null, "3, restored from 1"] }));
    module.bind(&[("101", ann)]).await;
    assert_eq!(newest(&admin, "bindingsChanged").await, (json!("Home"), json!({ "101": [null, "ann"] })));
    admin.post(&module.path("/webhook-token"), json!({})).await.is(200);
    assert_eq!(newest(&admin, "webhookTokenRotated").await, (json!("Home"), json!({})));
    admin.delete(&module.path("")).await.is(204);
    assert_eq!(newest(&admin, "moduleDeleted").await, (json!("Home"), json!({})));
});

both!(what_happens_to_settings_lists_and_files_is_written_down, |server| {
    let admin = server.admin().await;
    admin.patch("/api/v1/settings", json!({ "maskNumbers": true, "dialSeconds": 60 })).await.is(200);
    assert_eq!(
        newest(&admin, "settingsChanged").await,
        (Value::Null, json!({ "maskNumbers": ["false", "true"] }))
    );

    let list = json!({ "name": "Sales", "required": true, "moduleIds": [], "codes": [{ "label": "Sold" }] });
    let made = admin.post("/api/v1/outcome-lists", list).await.json(201);
    let expected = json!({ "name": [null, "Sales"], "codes": [null, "Sold"] });
    assert_eq!(newest(&admin, "outcomeListCreated").await, (json!("Sales"), expected));
    let path = format!("/api/v1/outcome-lists/{}", made["id"].as_str().unwrap());
    admin.patch(&path, json!({ "codes": [{ "label": "Lost" }] })).await.is(200);
    let expected = json!({ "codes": ["Sold", "Lost"] });
    assert_eq!(newest(&admin, "outcomeListChanged").await, (json!("Sales"), expected));
    admin.delete(&path).await.is(204);
    assert_eq!(newest(&admin, "outcomeListDeleted").await.0, "Sales");

    for (file, subject) in [
        ("/api/v1/calls.csv", "calls"),
        ("/api/v1/clients.csv", "clients"),
        (
            "/api/v1/reports.csv?part=operators&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z",
            "report: operators",
        ),
    ] {
        admin.get(file).await.is(200);
        assert_eq!(newest(&admin, "exported").await.0, subject);
    }
});
