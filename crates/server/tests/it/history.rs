//! A call's history: what was reported about it, in order.

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both, only_call};

const CLIENT: &str = "+442079460000";

both!(a_calls_history_is_told_in_order, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (two, colleague) = server.operator("two").await;
    let (_, stranger) = server.operator("three").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two)]).await;
    // The provider numbers its events, and the answer comes late.
    let numbered = async |event: &str, number: u32, more: Value| {
        let mut fields = json!({ "sequence": number });
        fields.as_object_mut().expect("fields").extend(more.as_object().expect("fields").clone());
        module.event_with(event, "a", CLIENT, "101", &fields).await;
    };
    module.post(&json!({ "callRecord": { "callId": "a", "duration": 12 } })).await.is(200);
    numbered("notifyStart", 1, json!({})).await;
    numbered("notifyRedirect", 3, json!({ "redirectTo": "102" })).await;
    numbered("notifyAnswer", 2, json!({})).await;
    numbered("notifyEnd", 4, json!({ "disposition": "answered" })).await;

    let call = only_call(&operator).await;
    let path = format!("/api/v1/calls/{}/history", call["id"].as_str().expect("an id"));
    let history = admin.get(&path).await.json(200);
    assert_eq!(history["nextCursor"], Value::Null);
    let items = history["items"].as_array().expect("items");
    let kinds: Vec<_> = items.iter().map(|entry| entry["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["start", "answer", "redirect", "end", "record"]);
    assert_eq!((&items[1]["at"], &items[3]["at"]), (&call["answeredAt"], &call["endedAt"]));
    assert_eq!(items[0]["operator"], json!({ "userId": one, "name": "one", "extension": "101" }));
    assert_eq!(items[2]["redirectTo"], json!({ "userId": two, "name": "two", "extension": "102" }));
    assert_eq!((&items[3]["disposition"], &items[4]["operator"]), (&json!("answered"), &Value::Null));
    let requests = module.requests().await;
    assert_eq!(items[3]["requestId"], requests[0]["id"], "the end was the last to come");
    assert_eq!(items[1]["requestId"], requests[1]["id"], "and the answer the last but one");

    let of_operator = colleague.get(&path).await.json(200);
    let entries = of_operator["items"].as_array().expect("items");
    assert_eq!(entries.len(), 5);
    assert!(entries.iter().all(|entry| entry["requestId"].is_null()), "requests are for administrators");
    stranger.get(&path).await.problem(404, "notFound");
});

both!(a_leg_is_known_by_its_id, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.event_with("notifyStart", "a", CLIENT, "101", &json!({ "legId": "leg-1" })).await;
    module.event_with("notifyStart", "a", CLIENT, "102", &json!({ "legId": "leg-2" })).await;
    module.post(&json!({ "event": { "event": "notifyEnd", "callId": "a", "legId": "leg-1" } })).await.is(200);
    let path = format!("/api/v1/calls/{}/history", only_call(&admin).await["id"].as_str().expect("an id"));
    let history = admin.get(&path).await.json(200);
    let end = &history["items"][2];
    assert_eq!((&end["kind"], &end["legId"]), (&json!("end"), &json!("leg-1")));
    assert_eq!(end["operator"], json!({ "userId": null, "name": null, "extension": "101" }));
});
