//! Settings for the whole installation, the audit trail, and notifications of changed clients.

use chrono::TimeDelta;
use hookswitch_core::catalog::settings::{AppSettings, ClientVisibility};
use hookswitch_model::ClientId;
use hookswitch_store::{AuditAction, AuditChange, Role};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Tab, both};

const SETTINGS: &str = "/api/v1/settings";

both!(an_administrator_sets_what_holds_for_everybody, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("ann").await;
    let first = json!({
        "clientVisibility": "all", "maskNumbers": false, "missedCloseAfterHours": 168, "dialSeconds": 60,
    });
    assert_eq!(admin.get(SETTINGS).await.json(200), first);
    let changes = json!({ "clientVisibility": "own", "missedCloseAfterHours": null });
    let changed = admin.patch(SETTINGS, changes).await.json(200);
    assert_eq!(
        changed,
        json!({ "clientVisibility": "own", "maskNumbers": false, "missedCloseAfterHours": null, "dialSeconds": 60 })
    );
    let kept = AppSettings::load(&server.app.store).await.unwrap();
    assert_eq!((kept.client_visibility, kept.missed_close_after_hours), (ClientVisibility::Own, None));

    let masked = admin.patch(SETTINGS, json!({ "maskNumbers": true, "dialSeconds": 300 })).await.json(200);
    assert_eq!((&masked["clientVisibility"], &masked["dialSeconds"]), (&json!("own"), &json!(300)));
    let settings = server.app.catalog.settings.get();
    assert!(settings.hides_numbers(Role::Operator) && !settings.hides_numbers(Role::Admin));

    for (field, value) in [
        ("dialSeconds", json!(9)),
        ("dialSeconds", json!(301)),
        ("missedCloseAfterHours", json!(0)),
        ("clientVisibility", json!("none")),
        ("theme", json!("dark")),
    ] {
        let problem = admin.patch(SETTINGS, json!({ field: value })).await.problem(422, "invalid");
        assert_eq!(problem["path"], field);
    }
    assert_eq!(admin.get(SETTINGS).await.json(200), masked);
    operator.get(SETTINGS).await.problem(403, "notAllowed");
    operator.patch(SETTINGS, json!({ "maskNumbers": false })).await.problem(403, "notAllowed");
});

both!(operators_pages_begin_anew_when_they_may_see_less, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("ann").await;
    let (mut tab, _) = Tab::open(server, &operator).await;
    let (mut admins, _) = Tab::open(server, &admin).await;
    admin.patch(SETTINGS, json!({ "dialSeconds": 20 })).await.is(200);
    server.app.live.client_changes.note(ClientId(Uuid::nil()));
    tab.next_of("clients").await;
    admin.patch(SETTINGS, json!({ "maskNumbers": true })).await.is(200);
    tab.closed().await;
    server.app.live.client_changes.note(ClientId(Uuid::nil()));
    admins.next_of("clients").await;
});

both!(an_administrator_reads_who_did_what, |server| {
    let admin = server.admin().await;
    let (ann, operator) = server.operator("ann").await;
    operator.get("/api/v1/audit").await.problem(403, "notAllowed");
    let app = &server.app;
    let client = ClientId(Uuid::from_u128(7));
    let see = async || app.audit.record(ann, AuditAction::Seen, Some(client), None, Vec::new()).await;
    see().await;
    see().await;
    let change = AuditChange { field: "name".into(), from: Some("A".into()), to: None };
    app.audit.record(ann, AuditAction::Changed, Some(client), None, vec![change]).await;
    server.advance(TimeDelta::minutes(11));
    see().await;

    let path = format!("/api/v1/audit?userId={ann}&clientId={client}");
    let page = admin.get(&path).await.json(200);
    let actions: Vec<_> = page["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["seen", "changed", "seen"], "a second look within ten minutes is not written");
    let changed = &page["items"][1];
    assert_eq!(changed["user"], json!({ "id": ann, "name": "ann" }));
    assert_eq!(changed["client"]["id"], json!(client));
    assert_eq!(changed["changes"], json!([{ "field": "name", "from": "A", "to": null }]));

    let first = admin.get(&format!("{path}&limit=1")).await.json(200);
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = admin.get(&format!("{path}&cursor={cursor}")).await.json(200);
    assert_eq!(rest["items"][0], *changed);
    let only = admin.get("/api/v1/audit?action=changed").await.json(200);
    assert_eq!(only["items"], json!([changed]));
    assert_eq!(admin.get("/api/v1/audit?action=merged").await.json(200)["items"], json!([]));

    admin.delete(&format!("/api/v1/users/{ann}")).await.is(204);
    let page = admin.get(&path).await.json(200);
    assert_eq!(page["items"][0]["user"], json!({ "id": ann, "name": "Deleted user" }), "the trail stays");
});

both!(everybody_hears_which_clients_changed, |server| {
    let (_, operator) = server.operator("ann").await;
    let (mut tab, _) = Tab::open(server, &operator).await;
    let id = |n: u128| ClientId(Uuid::from_u128(n));
    server.app.live.client_changes.note(id(1));
    assert_eq!(tab.next_of("clients").await["ids"], json!([id(1)]));
    // While the server pauses, changes gather into one message.
    server.app.live.client_changes.note(id(3));
    server.app.live.client_changes.note(id(2));
    server.app.live.client_changes.note(id(3));
    assert_eq!(tab.next_of("clients").await["ids"], json!([id(2), id(3)]));
    (0..600).for_each(|n| server.app.live.client_changes.note(id(n)));
    assert_eq!(tab.next_of("clients").await["ids"], Value::Array(Vec::new()), "too many to name");
});
