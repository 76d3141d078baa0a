//! Phone numbers as providers and people write them.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::clients::contact;
use crate::support::{Client, Module, PASS_ON, both, only_call};

async fn items(person: &Client, path: &str) -> Vec<Value> {
    person.get(path).await.json(200)["items"].as_array().expect("items").clone()
}

async fn missed(module: &Module, id: &str, caller: &str) {
    module.event("notifyStart", id, caller, "101").await;
    module.event_with("notifyEnd", id, caller, "101", &json!({ "disposition": "noAnswer" })).await;
}

/// Returns the call with the provider's id.
async fn call(person: &Client, id: &str) -> Value {
    let calls = items(person, "/api/v1/calls").await;
    calls.into_iter().find(|call| call["callId"] == *id).expect("the call")
}

both!(callers_who_withhold_their_number_are_nobody, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let callers = [
        "anonymous",
        "anonymous",
        "Unknown",
        "+86282452253",
        "000000",
        "\"Unavailable\" <sip:unavailable@192.0.2.20>",
        "sip:192.0.2.20",
    ];
    for (place, caller) in callers.iter().enumerate() {
        missed(&module, &format!("m{place}"), caller).await;
        server.advance(TimeDelta::seconds(10));
    }
    // Somebody speaks with another withheld caller.
    module.event("notifyStart", "t", "anonymous", "101").await;
    module.event("notifyAnswer", "t", "anonymous", "101").await;
    module.event("notifyEnd", "t", "anonymous", "101").await;

    let open = items(&operator, "/api/v1/missed-calls").await;
    assert_eq!(open.len(), callers.len(), "each stands alone, and none was reached");
    for caller in &open {
        assert_eq!((&caller["count"], &caller["call"]["client"]), (&json!(1), &Value::Null));
        let number = &caller["call"]["clientNumber"];
        assert_eq!((&number["withheld"], &number["formatted"]), (&json!(true), &json!("Number withheld")));
        assert_eq!((&number["e164"], &number["hidden"]), (&Value::Null, &json!(false)));
        let actions = caller["call"]["actions"].as_array().expect("actions");
        assert!(!actions.contains(&json!("callBack")), "{actions:?}");
    }
    assert_eq!(items(&admin, "/api/v1/clients").await, Vec::<Value>::new(), "none is a lead");

    let missed = open[0]["id"].as_str().expect("an id");
    operator.post("/api/v1/calls", json!({ "callId": missed })).await.problem(422, "invalid");
    let zoe = contact(&admin, "Zoe", &["+442079460000"]).await;
    let log_on = json!({ "clientId": zoe["id"], "addNumber": true });
    let problem = operator.patch(&format!("/api/v1/calls/{missed}"), log_on).await.problem(422, "invalid");
    assert_eq!(problem["path"], "addNumber");
    for number in ["anonymous", "Private", "000000", "+86282452253", "sip:anonymous@192.0.2.20"] {
        operator.post("/api/v1/calls", json!({ "phone": number })).await.problem(422, "invalid");
        let client = json!({ "kind": "contact", "name": "Anna", "phones": [{ "number": number }] });
        let problem = admin.post("/api/v1/clients", client).await.problem(422, "invalid");
        assert_eq!(problem["errors"][0]["path"], "phones[0].number", "{number}");
    }
});

both!(of_two_readings_the_one_a_client_has_counts_and_stays, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (moscow, vietnam) = ("+74951234567", "+84951234567");
    let body = json!({ "name": "Moscow", "script": PASS_ON, "defaultCountry": "RU" });
    let module = Module::of(server, &admin, body).await;
    module.bind(&[("101", one)]).await;
    let number = |call: Value| call["clientNumber"]["e164"].clone();

    module.event("notifyStart", "a", "84951234567", "101").await;
    assert_eq!(number(only_call(&operator).await), moscow, "as dialled");
    let linh = contact(&admin, "Linh", &[vietnam]).await;
    module.event("notifyStart", "b", "84951234567", "101").await;
    module.event("notifyAnswer", "b", "84951234567", "101").await;
    let seen = call(&operator, "b").await;
    assert_eq!((&seen["clientNumber"]["e164"], &seen["client"]["name"]), (&json!(vietnam), &json!("Linh")));
    module.event("notifyEnd", "a", "84951234567", "101").await;
    assert_eq!(number(call(&operator, "a").await), moscow, "it was chosen before");
    admin
        .patch(&crate::clients::path(&linh), json!({ "version": linh["version"], "phones": [] }))
        .await
        .json(200);
    module.event("notifyEnd", "b", "84951234567", "101").await;
    assert_eq!(number(call(&operator, "b").await), vietnam, "what becomes of a client changes no call");

    let path = format!("/api/v1/modules/{}", module.id);
    let changed = admin.patch(&path, json!({ "numbers": "e164" })).await.json(200);
    assert_eq!(changed["numbers"], "e164");
    module.event("notifyStart", "c", "84951234568", "101").await;
    assert_eq!(number(call(&operator, "c").await), "+84951234568", "as the module declares");
    admin.patch(&path, json!({ "numbers": "abroad" })).await.problem(422, "invalid");
});

both!(what_was_dialled_is_what_was_called, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let body = json!({ "name": "Moscow", "script": PASS_ON, "defaultCountry": "RU" });
    let module = Module::of(server, &admin, body).await;
    module.bind(&[("101", one)]).await;
    operator.post("/api/v1/calls", json!({ "phone": "+84951234567" })).await.json(202);
    let out = json!({ "direction": "out", "srcPhone": "101", "dstPhone": "84951234567" });
    module.event_with("notifyStart", "a", "84951234567", "101", &out).await;
    assert_eq!(only_call(&operator).await["clientNumber"]["e164"], "+84951234567");
});

both!(both_spellings_of_a_number_are_one_caller, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module =
        Module::of(server, &admin, json!({ "name": "AR", "script": PASS_ON, "defaultCountry": "AR" })).await;
    module.bind(&[("101", one)]).await;
    let ana = contact(&admin, "Ana", &["+54 9 11 2345 6789"]).await;
    missed(&module, "a", "+541123456789").await;
    server.advance(TimeDelta::seconds(60));
    missed(&module, "b", "+5491123456789").await;
    let open = items(&operator, "/api/v1/missed-calls").await;
    assert_eq!(
        (open.len(), &open[0]["count"], &open[0]["call"]["client"]["name"]),
        (1, &json!(2), &json!("Ana"))
    );
    let found = items(&admin, "/api/v1/clients?query=%2B541123456789").await;
    assert_eq!(found[0]["id"], ana["id"]);
    server.advance(TimeDelta::seconds(60));
    module.event("notifyStart", "c", "1123456789", "101").await;
    module.event("notifyAnswer", "c", "1123456789", "101").await;
    assert_eq!(items(&operator, "/api/v1/missed-calls").await, Vec::<Value>::new(), "reached");
});

both!(an_extension_behind_a_number_is_kept, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module =
        Module::of(server, &admin, json!({ "name": "DE", "script": PASS_ON, "defaultCountry": "DE" })).await;
    module.bind(&[("101", one)]).await;
    let zoe = contact(&admin, "Zoe", &["+4930901820*227"]).await;
    let phone = &zoe["phones"][0];
    assert_eq!((&phone["e164"], &phone["extension"]), (&json!("+4930901820"), &json!("227")));
    assert_eq!(phone["formatted"], "+49 30 901820 ext. 227");
    module.event("notifyStart", "a", "030901820", "101").await;
    assert_eq!(only_call(&operator).await["client"]["name"], "Zoe");
    let dial = json!({ "clientId": zoe["id"], "position": 0 });
    let made = operator.post("/api/v1/calls", dial.clone()).await.json(202);
    assert_eq!((&made["phone"], &made["extensionNotDialled"]), (&json!("+4930901820"), &json!("227")));
    let path = format!("/api/v1/modules/{}", module.id);
    admin.patch(&path, json!({ "dialsExtensions": true })).await.json(200);
    let made = operator.post("/api/v1/calls", dial).await.json(202);
    assert_eq!((&made["phone"], &made["extensionNotDialled"]), (&json!("+4930901820"), &Value::Null));
});

both!(nothing_is_dialled_that_is_not_one_number, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module =
        Module::of(server, &admin, json!({ "name": "DE", "script": PASS_ON, "defaultCountry": "DE" })).await;
    module.bind(&[("101", one)]).await;
    for text in [
        "+49 30 901820, 0178 1234567",
        "+49 30 901820 / 0178 1234567",
        "030901820 01781234567",
        "+49 30 901820\n0178 1234567",
        "0309018200178123456701781234567",
    ] {
        operator.post("/api/v1/calls", json!({ "phone": text })).await.problem(422, "invalid");
        let client = json!({ "kind": "contact", "name": "Anna", "phones": [{ "number": text }] });
        admin.post("/api/v1/clients", client).await.problem(422, "invalid");
    }
    module.event("notifyStart", "a", "0309018200178123456701781234567", "101").await;
    let id = only_call(&operator).await["id"].clone();
    operator.post("/api/v1/calls", json!({ "callId": id })).await.problem(422, "invalid");
    for text in ["101", "*43", "0", "+49\u{2009}30\u{2060}901820", "030\u{2013}901820"] {
        operator.post("/api/v1/calls", json!({ "phone": text })).await.json(202);
    }
});
