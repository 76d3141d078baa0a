//! A colleague's data stays theirs, however its id is passed in.

use hookswitch_model::UserId;
use serde_json::{Value, json};

use crate::clients::path;
use crate::support::{Client, Module, PASS_ON, Server, Tab, both, provider};

const CLIENTS: &str = "/api/v1/clients";
const CALLER: &str = "+442079460000";
const NOBODY: &str = "01938d2e-0000-7000-8000-000000000000";

/// Two operators who each see only their own clients.
struct Office {
    admin: Client,
    module: Module,
    ann_id: UserId,
    ann: Client,
    bob_id: UserId,
    bob: Client,
}

async fn office(server: &Server) -> Office {
    let admin = server.admin().await;
    let (ann_id, ann) = server.operator("ann").await;
    let (bob_id, bob) = server.operator("bob").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", ann_id), ("102", bob_id)]).await;
    admin.patch("/api/v1/settings", json!({ "clientVisibility": "own" })).await.is(200);
    Office { admin, module, ann_id, ann, bob_id, bob }
}

/// Creates a contact that the user is responsible for.
async fn contact_of(admin: &Client, user: UserId, name: &str) -> Value {
    let body = json!({ "kind": "contact", "name": name, "responsibleId": user });
    admin.post(CLIENTS, body).await.json(201)
}

/// Returns the call with the provider's id.
async fn call(person: &Client, id: &str) -> Value {
    let calls = person.get("/api/v1/calls").await.json(200)["items"].as_array().expect("items").clone();
    calls.into_iter().find(|call| call["callId"] == id).unwrap_or_else(|| panic!("no call {id}"))
}

fn call_path(call: &Value) -> String {
    format!("/api/v1/calls/{}", call["id"].as_str().expect("an id"))
}

both!(nobody_logs_a_call_on_a_colleagues_client, |server| {
    let office = office(server).await;
    let anns = contact_of(&office.admin, office.ann_id, "Anns").await;
    office.module.event("notifyStart", "a", CALLER, "102").await;
    let call = call(&office.bob, "a").await;
    for (name, client) in [("theirs", &anns["id"]), ("not there", &json!(NOBODY))] {
        for body in [
            json!({ "callId": call["id"], "clientId": client }),
            json!({ "phone": CALLER, "clientId": client }),
            json!({ "clientId": client, "position": 0 }),
        ] {
            let refused = office.bob.post("/api/v1/calls", body.clone()).await.problem(404, "notFound");
            assert_eq!(refused["path"], "clientId", "{name}: {body}");
        }
        let refused = office.bob.patch(&call_path(&call), json!({ "clientId": client })).await;
        assert_eq!(refused.problem(404, "notFound")["path"], "clientId", "{name}");
    }
    let bobs = contact_of(&office.admin, office.bob_id, "Bobs").await;
    let body = json!({ "callId": call["id"], "clientId": bobs["id"] });
    office.bob.post("/api/v1/calls", body).await.is(202);
});

both!(
    a_guessed_number_brings_no_colleagues_calls_along,
    [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")],
    |server| {
        let office = office(server).await;
        let files = provider::files(b"RIFF").await;
        for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
            office.module.event(event, "a", CALLER, "101").await;
        }
        let record = json!({ "callRecord": { "callId": "a", "duration": 9, "call": { "link": format!("{files}/a") } } });
        office.module.post(&record).await.is(200);
        let anns = call(&office.ann, "a").await;
        office.ann.patch(&call_path(&anns), json!({ "comment": "Wants to leave them." })).await.is(200);
        // Bob's own call from the same caller is logged too.
        for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
            office.module.event(event, "b", CALLER, "102").await;
        }
        let lead = json!({
            "kind": "lead", "name": "Guess", "phones": [{ "number": CALLER }], "responsibleId": office.bob_id,
        });
        let guess = office.bob.post(CLIENTS, lead).await.json(201);
        let stream = office.bob.get(&format!("{}/activity", path(&guess))).await.json(200)["items"].clone();
        assert_eq!((stream.as_array().map(Vec::len), &stream[0]["call"]["callId"]), (Some(1), &json!("b")));
        office.bob.get(&call_path(&anns)).await.problem(404, "notFound");
        office.bob.get(&format!("{}/recording?proxy=1", call_path(&anns))).await.problem(404, "notFound");
    }
);

both!(a_merge_is_undone_only_by_who_sees_what_comes_back, |server| {
    let office = office(server).await;
    let into = contact_of(&office.admin, office.ann_id, "Anns").await;
    let from = contact_of(&office.admin, office.bob_id, "Bobs").await;
    let merge = json!({ "fromId": from["id"] });
    office.ann.post(&format!("{}/merge", path(&into)), merge.clone()).await.problem(404, "notFound");
    let merged = office.admin.post(&format!("{}/merge", path(&into)), merge).await.json(200);
    let undo = format!("/api/v1/merges/{}/undo", merged["merges"][0]["id"].as_str().expect("an id"));
    assert_eq!(office.ann.get(&path(&into)).await.json(200)["merges"], json!([]));
    let refused = office.ann.post(&undo, json!({})).await.problem(404, "notFound");
    let unknown = office.ann.post(&format!("/api/v1/merges/{NOBODY}/undo"), json!({})).await;
    assert_eq!(refused["detail"], unknown.problem(404, "notFound")["detail"]);
    office.admin.post(&undo, json!({})).await.is(200);
});

/// Waits until a tab is told that a client changed, and checks that it is not told of another.
async fn hears(tab: &mut Tab, client: &Value, not: &Value) {
    loop {
        let ids = tab.next_of("clients").await["ids"].as_array().expect("ids").clone();
        assert!(!ids.contains(&not["id"]), "{not} is not theirs to hear of");
        if ids.contains(&client["id"]) {
            return;
        }
    }
}

both!(pages_hear_of_the_clients_that_their_user_may_see, |server| {
    let office = office(server).await;
    let (mut ann, _) = Tab::open(server, &office.ann).await;
    let (mut bob, _) = Tab::open(server, &office.bob).await;
    let (mut admin, _) = Tab::open(server, &office.admin).await;
    let anns = contact_of(&office.admin, office.ann_id, "Anns").await;
    let bobs = contact_of(&office.admin, office.bob_id, "Bobs").await;
    hears(&mut ann, &anns, &bobs).await;
    hears(&mut bob, &bobs, &anns).await;
    hears(&mut admin, &bobs, &Value::Null).await;
    // Both the old and the new responsible user are told.
    office.admin.patch(&path(&bobs), json!({ "version": 1, "responsibleId": office.ann_id })).await.is(200);
    hears(&mut bob, &bobs, &anns).await;
    hears(&mut ann, &bobs, &Value::Null).await;
});

both!(whoever_has_a_missed_caller_on_the_list_can_do_what_the_list_offers, |server| {
    let office = office(server).await;
    let open = async |person: &Client| {
        person.get("/api/v1/missed-calls").await.json(200)["items"].as_array().expect("items").clone()
    };
    let miss = async |id: &str, extension: &str| {
        office.module.event("notifyStart", id, "withheld 1", extension).await;
        office
            .module
            .event_with("notifyEnd", id, "withheld 1", extension, &json!({ "disposition": "noAnswer" }))
            .await;
    };
    // It rang Bob, then Ann.
    miss("a", "102").await;
    miss("b", "101").await;
    for person in [&office.ann, &office.bob] {
        let listed = open(person).await;
        let names: Vec<_> = listed[0]["assignees"].as_array().expect("users").iter().collect();
        assert_eq!((listed.len(), names.len()), (1, 2));
        assert_eq!((&listed[0]["assigned"], &listed[0]["call"]["callId"]), (&json!("rung"), &json!("b")));
        person.get(&call_path(&listed[0])).await.is(200);
        person.patch(&call_path(&listed[0]), json!({ "comment": "Tried." })).await.is(200);
    }
    let entry = format!("/api/v1/missed-calls/{}", open(&office.bob).await[0]["id"].as_str().expect("an id"));
    office.bob.post(&format!("{entry}/resolve"), json!({})).await.is(204);
    assert_eq!(open(&office.ann).await.len(), 0);
    office.bob.post(&format!("{entry}/reopen"), json!({})).await.is(204);
    office.ann.post(&format!("{entry}/resolve"), json!({})).await.is(204);
    // A call that rang nobody is everyone's to call back.
    office.module.event("notifyStart", "c", "+4930901820", "109").await;
    office.module.event("notifyEnd", "c", "+4930901820", "109").await;
    let listed = open(&office.ann).await;
    office.ann.post("/api/v1/calls", json!({ "callId": listed[0]["id"] })).await.is(202);
});
