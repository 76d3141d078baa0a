//! A client's activity stream.

use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, Tab, both};

const NUMBER: &str = "+442079460000";

/// Creates a client with [`NUMBER`] and returns the path of its stream.
async fn stream_of_client(person: &Client) -> String {
    let body = json!({ "kind": "contact", "name": "Ann Archer", "phones": [{ "number": NUMBER }] });
    let client = person.post("/api/v1/clients", body).await.json(201);
    format!("/api/v1/clients/{}/activity", client["id"].as_str().unwrap())
}

async fn items(person: &Client, path: &str) -> Vec<Value> {
    person.get(path).await.json(200)["items"].as_array().unwrap().clone()
}

both!(a_stream_tells_calls_and_comments_newest_first, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, colleague) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let stream = stream_of_client(&operator).await;
    assert_eq!(items(&operator, &stream).await, Vec::<Value>::new());
    let before = operator.post(&stream, json!({ "text": "Will call." })).await.json(201);

    let (mut tab, _) = Tab::open(server, &colleague).await;
    module.event("notifyStart", "a", NUMBER, "101").await;
    assert_eq!(json!([before["clientId"]]), tab.next_of("clients").await["ids"], "the stream has changed");
    let ringing = items(&colleague, &stream).await;
    assert_eq!((&ringing[0]["type"], &ringing[0]["call"]["state"]), (&json!("call"), &json!("ringing")));
    module.event("notifyAnswer", "a", NUMBER, "101").await;
    module.event("notifyEnd", "a", NUMBER, "101").await;
    let call = items(&colleague, &stream).await[0]["call"].clone();
    assert_eq!((&call["state"], &call["disposition"]), (&json!("ended"), &json!("answered")));
    assert_eq!(call["operators"][0]["name"], "one", "a colleague's call is in the client's stream too");

    let about = json!({ "text": "Wants an offer.", "callId": call["id"] });
    let about = colleague.post(&stream, about).await.json(201);
    let after = colleague.post(&stream, json!({ "text": "Offer is out." })).await.json(201);
    let whole = items(&operator, &stream).await;
    let told: Vec<_> = whole.iter().map(|entry| (&entry["type"], &entry["at"])).collect();
    let (a_call, a_comment) = (json!("call"), json!("comment"));
    let expected = [
        (&a_comment, &after["createdAt"]),
        (&a_call, &call["startedAt"]),
        (&a_comment, &before["createdAt"]),
    ];
    assert_eq!(told, expected);
    assert_eq!(whole[1]["comments"][0]["id"], about["id"]);
    assert_eq!(whole[1]["comments"][0]["canEdit"], false, "it is somebody else's");
    assert_eq!(
        (&whole[0]["comment"]["text"], &whole[2]["comment"]["canEdit"]),
        (&after["text"], &json!(true))
    );

    // A call's record may come at any time.
    module
        .post(&json!({ "callRecord": { "callId": "a", "duration": 12, "call": { "link": "x" } } }))
        .await
        .is(200);
    let recorded = items(&operator, &stream).await;
    assert_eq!((&recorded[1]["call"]["recording"]["available"], recorded.len()), (&json!(true), 3));
    operator.get(&stream.replace("/activity", "x/activity")).await.problem(422, "invalid");
    let nobody = "/api/v1/clients/018f0000-0000-7000-8000-000000000000/activity";
    operator.get(nobody).await.problem(404, "notFound");
});

both!(a_streams_pages_follow_each_other_without_gap_or_repetition, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let stream = stream_of_client(&admin).await;
    for n in 0..6 {
        module.event("notifyStart", &n.to_string(), NUMBER, "101").await;
        module.event("notifyEnd", &n.to_string(), NUMBER, "101").await;
        if n % 2 == 0 {
            admin.post(&stream, json!({ "text": n.to_string() })).await.is(201);
        }
    }
    let whole = items(&admin, &stream).await;
    assert_eq!(whole.len(), 9);
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = admin.get(&format!("{stream}?limit=2{cursor}")).await.json(200);
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(paged, whole);
});

both!(a_call_that_goes_to_another_client_leaves_what_was_said_of_it, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let stream = stream_of_client(&admin).await;
    module.event("notifyStart", "a", NUMBER, "101").await;
    let call = items(&admin, &stream).await[0]["call"]["id"].clone();
    admin.post(&stream, json!({ "text": "Talks fast.", "callId": call })).await.is(201);
    let other = admin.post("/api/v1/clients", json!({ "kind": "contact", "name": "Bo" })).await.json(201);
    let path = format!("/api/v1/calls/{}", call.as_str().unwrap());
    admin.patch(&path, json!({ "clientId": other["id"] })).await.is(200);
    let left = items(&admin, &stream).await;
    assert_eq!((left.len(), &left[0]["comment"]["text"]), (1, &json!("Talks fast.")));
    let others = format!("/api/v1/clients/{}/activity", other["id"].as_str().unwrap());
    let moved = items(&admin, &others).await;
    assert_eq!((&moved[0]["call"]["id"], &moved[0]["comments"]), (&call, &json!([])));
});

both!(a_stream_of_a_client_of_somebody_elses_is_not_shown_where_that_is_so_set, |server| {
    let admin = server.admin().await;
    let (one, _) = server.operator("one").await;
    let (_, colleague) = server.operator("two").await;
    let body = json!({ "kind": "contact", "name": "Ann", "responsibleId": one });
    server.app.catalog.directory.reload(&server.app.store).await.unwrap();
    let client = admin.post("/api/v1/clients", body).await.json(201);
    let stream = format!("/api/v1/clients/{}/activity", client["id"].as_str().unwrap());
    colleague.get(&stream).await.is(200);
    admin.patch("/api/v1/settings", json!({ "clientVisibility": "own" })).await.is(200);
    colleague.get(&stream).await.problem(404, "notFound");
});
