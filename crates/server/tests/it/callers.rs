//! Calls are assigned to their clients, and missed callers are reached.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::clients::{contact, path};
use crate::support::{Client, Module, PASS_ON, Tab, both, only_call};

const CALLER: &str = "+442079460000";

async fn missed(module: &Module, id: &str, caller: &str, extension: &str) {
    module.event("notifyStart", id, caller, extension).await;
    module.event_with("notifyEnd", id, caller, extension, &json!({ "disposition": "noAnswer" })).await;
}

async fn items(person: &Client, path: &str) -> Vec<Value> {
    person.get(path).await.json(200)["items"].as_array().expect("items").clone()
}

/// An operator's outgoing call.
async fn out(module: &Module, event: &str, id: &str, extension: &str, number: &str) {
    let more = json!({ "direction": "out", "srcPhone": extension, "dstPhone": number });
    module.event_with(event, id, number, extension, &more).await;
}

both!(an_unknown_caller_is_called_back_as_a_lead, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    // Twice, in two formats, while nobody is signed in.
    missed(&module, "a", "020 7946 0000", "101").await;
    server.advance(TimeDelta::seconds(60));
    missed(&module, "b", CALLER, "101").await;
    let (mut tab, snapshot) = Tab::open(server, &operator).await;
    assert_eq!(snapshot["missedCount"], 1, "one caller");
    let open = items(&operator, "/api/v1/missed-calls").await;
    let caller = &open[0];
    assert_eq!((&caller["count"], &caller["assigned"]), (&json!(2), &json!("rung")));
    assert_eq!(caller["assignees"][0]["name"], "one");
    assert_eq!(
        (&caller["call"]["callId"], caller["times"].as_array().expect("times").len()),
        (&json!("b"), 2)
    );
    let lead = caller["call"]["client"].clone();
    assert_eq!((&lead["kind"], &lead["name"]), (&json!("lead"), &json!("")));

    let dial = json!({ "callId": caller["id"] });
    let made = operator.post("/api/v1/calls", dial).await.json(202);
    assert_eq!((&made["phone"], &made["extension"]), (&json!(CALLER), &json!("101")));
    server.advance(TimeDelta::seconds(5));
    out(&module, "notifyStart", "c", "101", CALLER).await;
    let ringing = tab.next_of("call").await;
    assert_eq!(ringing["call"]["client"]["id"], lead["id"]);
    assert_eq!(tab.next_of("dialed").await["dialId"], made["dialId"]);
    assert_eq!(items(&operator, "/api/v1/missed-calls").await.len(), 1, "dialling is not yet a conversation");
    out(&module, "notifyAnswer", "c", "101", CALLER).await;
    loop {
        if tab.next_of("missed").await["count"] == 0 {
            break;
        }
    }
    assert_eq!(items(&operator, "/api/v1/missed-calls").await, Vec::<Value>::new());
    out(&module, "notifyEnd", "c", "101", CALLER).await;

    let stream = items(&operator, &format!("{}/activity", path(&lead))).await;
    let calls: Vec<&Value> = stream.iter().map(|item| &item["call"]["callId"]).collect();
    assert_eq!(calls, ["c", "b", "a"], "one stream with all calls, each once");
    let resolved = &stream[2]["call"]["resolved"];
    assert_eq!((&resolved["how"], &resolved["callId"]), (&json!("talk"), &stream[0]["call"]["id"]));
    let id = stream[1]["call"]["id"].as_str().expect("an id");
    let path = format!("/api/v1/missed-calls/{id}/reopen");
    operator.post(&path, json!({})).await.problem(409, "notResolved");
});

both!(of_a_ring_all_only_what_nobody_answered_is_missed, |server| {
    let admin = server.admin().await;
    let (a, a_client) = server.operator("a").await;
    let (b, _) = server.operator("b").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", a), ("102", b)]).await;
    module.event("notifyStart", "x", CALLER, "101").await;
    module.event("notifyStart", "x", CALLER, "102").await;
    module.event("notifyAnswer", "x", CALLER, "102").await;
    module.event("notifyEnd", "x", CALLER, "102").await;
    assert_eq!(items(&a_client, "/api/v1/missed-calls").await, Vec::<Value>::new());
    assert_eq!(admin.get("/api/v1/clients").await.json(200)["items"], json!([]), "nor is the caller a lead");
});

both!(of_two_contacts_with_one_number_the_picked_one_has_the_call, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let zoe = contact(&admin, "Zoe", &[CALLER]).await;
    module.event("notifyStart", "a", CALLER, "101").await;
    module.event("notifyEnd", "a", CALLER, "101").await;
    // The same number in national format.
    let adam = contact(&admin, "Adam", &["020 7946 0000"]).await;
    server.advance(TimeDelta::seconds(60));
    let (mut tab, _) = Tab::open(server, &operator).await;
    module.event("notifyStart", "b", CALLER, "101").await;
    let call = tab.next_of("call").await["call"].clone();
    assert_eq!(call["client"], Value::Null, "the server does not guess");
    let names = |of: &Value| -> Vec<String> {
        let clients = of.as_array().expect("clients").iter();
        clients.map(|client| client["name"].as_str().expect("a name").to_owned()).collect()
    };
    assert_eq!(names(&call["candidates"]), ["Zoe", "Adam"], "most recently spoken to first");

    let call_path = format!("/api/v1/calls/{}", call["id"].as_str().expect("an id"));
    operator.patch(&call_path, json!({ "clientId": adam["id"] })).await.json(200);
    let picked = tab.next_of("call").await["call"].clone();
    assert_eq!((&picked["client"]["name"], &picked["candidates"]), (&json!("Adam"), &json!([])));
    module.event("notifyAnswer", "b", CALLER, "101").await;
    module.event("notifyEnd", "b", CALLER, "101").await;
    let calls = async |client: &Value| items(&operator, &format!("{}/activity", path(client))).await;
    assert_eq!(calls(&adam).await[0]["call"]["callId"], "b");
    let zoes = calls(&zoe).await;
    assert_eq!((zoes.len(), &zoes[0]["call"]["callId"]), (1, &json!("a")), "logged on the picked one only");
    let stranger = json!({ "clientId": "01938d2e-0000-7000-8000-000000000000" });
    let problem = operator.patch(&call_path, stranger).await.json(404);
    assert_eq!(problem["path"], "clientId");
});

both!(an_unknown_caller_is_made_a_client_while_the_call_goes_on, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CALLER, "101").await;
    let call = only_call(&operator).await;
    assert_eq!((&call["client"], &call["candidates"]), (&Value::Null, &json!([])));
    let body = json!({ "kind": "contact", "name": "Zoe", "callId": call["id"] });
    let zoe = operator.post("/api/v1/clients", body).await.json(201);
    assert_eq!(zoe["phones"][0]["e164"], CALLER);
    assert_eq!(only_call(&operator).await["client"]["name"], "Zoe");
    // From another phone, whose number is added to hers.
    module.event("notifyEnd", "a", CALLER, "101").await;
    module.event("notifyStart", "b", "+4930901820", "101").await;
    let page = operator.get("/api/v1/calls?state=ringing").await.json(200);
    let second = format!("/api/v1/calls/{}", page["items"][0]["id"].as_str().expect("an id"));
    let attach = json!({ "clientId": zoe["id"], "addNumber": true });
    assert_eq!(operator.patch(&second, attach).await.json(200)["client"]["name"], "Zoe");
    let phones = operator.get(&path(&zoe)).await.json(200)["phones"].clone();
    assert_eq!((&phones[0]["e164"], &phones[1]["e164"]), (&json!(CALLER), &json!("+4930901820")));
});

both!(what_matters_of_a_caller_is_there_before_the_answer, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, other) = server.operator("other").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let zoe = contact(&admin, "Zoe", &[CALLER]).await;
    for id in ["a", "b", "c", "d"] {
        missed(&module, id, CALLER, "109").await;
        server.advance(TimeDelta::seconds(60));
    }
    other.post(&format!("{}/activity", path(&zoe)), json!({ "text": "Call her Zo." })).await.json(201);
    let list = json!({ "name": "Sales", "required": true, "moduleIds": [], "codes": [{ "label": "Sold" }] });
    let codes = admin.post("/api/v1/outcome-lists", list).await.json(201)["codes"].clone();
    module.event("notifyStart", "now", CALLER, "101").await;
    let page = operator.get("/api/v1/calls?state=ringing").await.json(200);
    let call = format!("/api/v1/calls/{}", page["items"][0]["id"].as_str().expect("an id"));
    let context = operator.get(&format!("{call}/context")).await.json(200);
    let ids: Vec<&Value> =
        context["lastCalls"].as_array().expect("calls").iter().map(|call| &call["callId"]).collect();
    assert_eq!(ids, ["d", "c", "b"]);
    assert_eq!(
        (&context["lastComment"]["text"], &context["openMissed"]["count"]),
        (&json!("Call her Zo."), &json!(4))
    );
    assert_eq!(context["outcomeList"]["required"], true);

    let outcome = json!({ "outcomeId": codes[0]["id"] });
    assert_eq!(operator.patch(&call, outcome).await.json(200)["outcome"], codes[0]);
    let unknown = json!({ "outcomeId": "01938d2e-0000-7000-8000-000000000000" });
    operator.patch(&call, unknown).await.problem(422, "invalid");
    let found =
        admin.get(&format!("/api/v1/calls?outcomeId={}", codes[0]["id"].as_str().expect("an id"))).await;
    assert_eq!(found.json(200)["items"].as_array().expect("items").len(), 1);
    assert_eq!(operator.patch(&call, json!({ "outcomeId": null })).await.json(200)["outcome"], Value::Null);
});

both!(a_caller_is_whose_the_module_says_or_whose_the_client_is, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let (two, two_client) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let rule = json!({ "leads": { "kind": "contact", "responsibleId": null }, "missedResponsibleId": two });
    let shown = admin.patch(&module.path(""), rule.clone()).await.json(200);
    assert_eq!((&shown["leads"], &shown["missedResponsibleId"]), (&rule["leads"], &json!(two)));
    missed(&module, "a", CALLER, "109").await;
    let caller = items(&two_client, "/api/v1/missed-calls").await[0].clone();
    assert_eq!(
        (&caller["assigned"], &caller["call"]["client"]["kind"]),
        (&json!("module"), &json!("contact"))
    );
    assert_eq!(items(&one_client, "/api/v1/missed-calls").await.len(), 0);
    let client = path(&caller["call"]["client"]);
    admin.patch(&client, json!({ "version": 1, "responsibleId": one })).await.json(200);
    assert_eq!(items(&two_client, "/api/v1/missed-calls").await.len(), 0);
    assert_eq!(items(&one_client, "/api/v1/missed-calls").await[0]["assigned"], "responsible");

    // Resolved by hand with a reason, then reopened.
    let resolve = format!("/api/v1/missed-calls/{}", caller["id"].as_str().expect("an id"));
    two_client.post(&format!("{resolve}/resolve"), json!({})).await.problem(404, "notFound");
    one_client.post(&format!("{resolve}/resolve"), json!({ "reason": "Wrote an e-mail." })).await.is(204);
    let call = admin.get(&format!("/api/v1/calls/{}", caller["id"].as_str().expect("an id"))).await.json(200);
    assert_eq!(
        (&call["resolved"]["reason"], &call["resolved"]["by"]["name"]),
        (&json!("Wrote an e-mail."), &json!("one"))
    );
    one_client.post(&format!("{resolve}/reopen"), json!({})).await.is(204);
    // Leads switched off, and a user who does not exist.
    let none = json!({ "leads": { "kind": null, "responsibleId": null } });
    admin.patch(&module.path(""), none).await.is(200);
    missed(&module, "b", "+4930901820", "109").await;
    assert_eq!(admin.get("/api/v1/clients").await.json(200)["items"].as_array().expect("items").len(), 1);
    let nobody = json!({ "missedResponsibleId": "01938d2e-0000-7000-8000-000000000000" });
    admin.patch(&module.path(""), nobody).await.problem(422, "invalid");
});

both!(a_missed_call_is_closed_after_the_time_that_is_set, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    missed(&module, "a", CALLER, "101").await;
    admin.patch("/api/v1/settings", json!({ "missedCloseAfterHours": 2 })).await.is(200);
    server.advance(TimeDelta::minutes(119));
    hookswitch_core::calls::old_missed::close_old(&server.app.calls).await.expect("an answer");
    assert_eq!(items(&admin, "/api/v1/missed-calls").await.len(), 1);
    server.advance(TimeDelta::minutes(2));
    hookswitch_core::calls::old_missed::close_old(&server.app.calls).await.expect("an answer");
    assert_eq!(items(&admin, "/api/v1/missed-calls").await.len(), 0);
    assert_eq!(only_call(&admin).await["resolved"]["how"], "time");
});

both!(whoever_calls_again_after_their_lead_was_put_away_is_a_new_lead, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    missed(&module, "a", CALLER, "101").await;
    let lead = only_call(&admin).await["client"].clone();
    admin.delete(&path(&lead)).await.is(204);
    missed(&module, "b", CALLER, "101").await;
    let again = items(&admin, "/api/v1/calls").await[0]["client"].clone();
    assert_ne!(again["id"], lead["id"]);
    assert_eq!(again["kind"], "lead");
});
