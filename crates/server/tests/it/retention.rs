//! What is too old is deleted, and the audit trail records that.

use chrono::TimeDelta;
use hookswitch_core::retention::purge::purge;
use serde_json::{Value, json};

use crate::clients::{contact, path};
use crate::support::{Client, Module, PASS_ON, Server, both};

const NUMBER: &str = "+442079461234";
const ROUTE: &str = "/api/v1/retention";

/// A conversation with a recording, a comment on it, one on its client, and an unresolved missed call.
async fn story(server: &Server) -> (Client, Module, Value) {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let script = PASS_ON.replace("return typeof", "console.info('a request'); return typeof");
    let module = Module::with_script(server, &admin, &script).await;
    module.bind(&[("101", one)]).await;
    let client = contact(&admin, "Zoe", &[NUMBER]).await;
    for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
        module.event(event, "a", NUMBER, "101").await;
    }
    let link = json!({ "link": "https://pbx.example/a.wav" });
    module.post(&json!({ "callRecord": { "callId": "a", "duration": 1, "call": link } })).await.is(200);
    let call = &calls(&admin).await[0];
    let route = format!("/api/v1/calls/{}", call["id"].as_str().unwrap());
    operator.patch(&route, json!({ "comment": "Wants tea." })).await.is(200);
    operator.post(&format!("{}/activity", path(&client)), json!({ "text": "Hello." })).await.is(201);
    module.event("notifyStart", "m", "+4930111111", "101").await;
    module.event("notifyEnd", "m", "+4930111111", "101").await;
    server.app.modules.log.flush().await;
    (admin, module, client)
}

async fn calls(person: &Client) -> Vec<Value> {
    person.get("/api/v1/calls").await.json(200)["items"].as_array().expect("items").clone()
}

async fn run(server: &Server) {
    purge(&server.app.erasures).await.expect("purged");
}

async fn set(admin: &Client, changes: Value) {
    admin.patch(ROUTE, changes).await.is(200);
}

/// Returns how much was deleted last.
async fn removed(admin: &Client, of: &str) -> u64 {
    let state = admin.get(ROUTE).await.json(200);
    state["lastRemoved"]["removed"][of].as_u64().expect("a number")
}

both!(at_first_only_old_requests_go, |server| {
    let (admin, module, _) = story(server).await;
    let keep = admin.get(ROUTE).await.json(200)["keep"].clone();
    let expected = json!({
        "callsDays": null, "recordingsDays": null, "commentsDays": null, "moduleLogDays": null,
        "requestsDays": 30, "auditDays": null,
    });
    assert_eq!(keep, expected);
    server.advance(TimeDelta::days(29));
    run(server).await;
    let requests = module.requests().await.len();
    assert!(requests > 0);
    server.advance(TimeDelta::days(2));
    run(server).await;
    assert_eq!(module.requests().await.len(), 0);
    assert_eq!(removed(&admin, "requests").await, requests as u64);
    assert_eq!(calls(&admin).await.len(), 2);
});

both!(calls_go_when_they_are_old_but_who_waits_stays, |server| {
    let (admin, module, client) = story(server).await;
    admin.patch("/api/v1/settings", json!({ "missedCloseAfterHours": null })).await.is(200);
    set(&admin, json!({ "callsDays": 10 })).await;
    server.advance(TimeDelta::days(9));
    module.event("notifyStart", "on", NUMBER, "101").await;
    run(server).await;
    assert_eq!(calls(&admin).await.len(), 3);
    let due = admin.post(&format!("{ROUTE}/preview"), json!({ "callsDays": 8 })).await.json(200);
    assert_eq!(due["calls"], 1);
    server.advance(TimeDelta::days(2));
    run(server).await;
    let left = calls(&admin).await;
    assert_eq!(left.len(), 2, "the missed call, whose caller is waiting, and the call in progress");
    assert!(left[0]["endedAt"].is_null() && left[1]["missed"] == true);
    admin.get(&path(&client)).await.is(200);
    assert_eq!(removed(&admin, "calls").await, 1);
});

both!(links_comments_and_log_lines_go_each_in_their_time, |server| {
    let (admin, module, client) = story(server).await;
    set(&admin, json!({ "recordingsDays": 5, "commentsDays": 10, "moduleLogDays": 15 })).await;
    let talk = format!("/api/v1/calls/{}", calls(&admin).await[1]["id"].as_str().unwrap());
    assert_eq!(admin.get(&talk).await.json(200)["recording"]["available"], true);
    server.advance(TimeDelta::days(6));
    run(server).await;
    let call = admin.get(&talk).await.json(200);
    assert_eq!((&call["recording"]["available"], &call["talkSeconds"]), (&json!(false), &json!(1)));
    assert_eq!(call["comment"], "Wants tea.");
    assert_eq!(removed(&admin, "recordings").await, 1);
    server.advance(TimeDelta::days(5));
    run(server).await;
    assert_eq!(admin.get(&talk).await.json(200)["comment"], Value::Null);
    let stream = admin.get(&format!("{}/activity", path(&client))).await.text;
    assert!(!stream.contains("Hello."));
    assert_eq!(removed(&admin, "comments").await, 2);
    assert!(!admin.get(&module.path("/log")).await.json(200)["items"].as_array().unwrap().is_empty());
    server.advance(TimeDelta::days(5));
    run(server).await;
    assert_eq!(admin.get(&module.path("/log")).await.json(200)["items"], json!([]));
});

both!(a_day_on_which_something_went_is_one_entry_of_the_trail, |server| {
    let (admin, _, client) = story(server).await;
    admin.get(&path(&client)).await.is(200);
    set(&admin, json!({ "auditDays": 20, "requestsDays": 40, "commentsDays": 20 })).await;
    server.advance(TimeDelta::days(21));
    run(server).await;
    run(server).await;
    let entries = admin.get("/api/v1/audit").await.json(200)["items"].clone();
    let entries = entries.as_array().expect("items");
    assert_eq!(entries.len(), 1, "older entries are deleted, and that is recorded");
    assert_eq!(
        (&entries[0]["action"], &entries[0]["user"]["name"]),
        (&json!("purged"), &json!("Hookswitch"))
    );
    let changes = entries[0]["changes"].to_string();
    assert!(changes.contains("auditEntries") && changes.contains("comments"), "{changes}");
    server.advance(TimeDelta::days(1));
    run(server).await;
    assert_eq!(admin.get("/api/v1/audit").await.json(200)["items"].as_array().map(Vec::len), Some(1));
});

both!(what_is_set_is_checked_and_stays, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    operator.get(ROUTE).await.problem(403, "notAllowed");
    for days in [json!(0), json!(36_501), json!(4_294_967_295_u64)] {
        let problem = admin.patch(ROUTE, json!({ "auditDays": days })).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["path"], "auditDays");
    }
    admin.patch(ROUTE, json!({ "auditYears": 1 })).await.is(422);
    set(&admin, json!({ "requestsDays": null, "callsDays": 36_500 })).await;
    set(&admin, json!({ "auditDays": 7 })).await;
    run(server).await;
    let keep = admin.get(ROUTE).await.json(200)["keep"].clone();
    assert_eq!(
        (&keep["requestsDays"], &keep["callsDays"], &keep["auditDays"]),
        (&json!(null), &json!(36_500), &json!(7))
    );
    let trail = admin.get("/api/v1/audit?action=settingsChanged").await.json(200);
    assert_eq!(trail["items"].as_array().map(Vec::len), Some(2));
});
