//! Comments on clients and calls, and colleagues who are mentioned in them.

use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, Tab, both, only_call};

const NUMBER: &str = "+442079460000";

/// Creates a client and returns its id.
async fn make(person: &Client, more: &Value) -> String {
    let mut body = json!({ "kind": "contact", "name": "Ann Archer" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    person.post("/api/v1/clients", body).await.json(201)["id"].as_str().unwrap().to_owned()
}

fn stream(client: &str) -> String {
    format!("/api/v1/clients/{client}/activity")
}

fn comment_path(comment: &Value) -> String {
    format!("/api/v1/comments/{}", comment["id"].as_str().unwrap())
}

both!(whoever_sees_a_client_comments_on_it, |server| {
    let admin = server.admin().await;
    let (one, author) = server.operator("one").await;
    let (_, colleague) = server.operator("two").await;
    let client = make(&author, &json!({})).await;
    let (mut tab, _) = Tab::open(server, &colleague).await;
    let comment =
        author.post(&stream(&client), json!({ "text": " Wants an offer.\nSoon. " })).await.json(201);
    assert_eq!(comment["text"], "Wants an offer.\nSoon.");
    assert_eq!(comment["author"], json!({ "id": one, "name": "one" }));
    assert_eq!((&comment["clientId"], &comment["callId"]), (&json!(client), &Value::Null));
    assert_eq!((&comment["editedAt"], &comment["canEdit"]), (&Value::Null, &json!(true)));
    assert_eq!(tab.next_of("clients").await["ids"], json!([client]), "open pages reload it");

    let path = comment_path(&comment);
    let edited = author.patch(&path, json!({ "text": "Got an offer." })).await.json(200);
    assert_eq!((&edited["text"], &edited["createdAt"]), (&json!("Got an offer."), &comment["createdAt"]));
    assert!(edited["editedAt"].is_string(), "it is shown as edited");
    colleague.patch(&path, json!({ "text": "x" })).await.problem(403, "notAllowed");
    admin.patch(&path, json!({ "text": "x" })).await.problem(403, "notAllowed");
    colleague.delete(&path).await.problem(403, "notAllowed");
    admin.delete(&path).await.is(204);
    author.delete(&path).await.problem(404, "notFound");
    author.patch(&path, json!({ "text": "x" })).await.problem(404, "notFound");

    for (body, path) in [
        (json!({ "text": " " }), "text"),
        (json!({ "text": "x".repeat(10_001) }), "text"),
        (json!({ "text": "x", "mentions": vec![one; 51] }), "mentions"),
        (json!({ "text": "x", "mentions": ["018f0000-0000-7000-8000-000000000000"] }), "mentions[0]"),
        (json!({ "text": "x", "callId": "018f0000-0000-7000-8000-000000000000" }), "callId"),
    ] {
        assert_eq!(author.post(&stream(&client), body).await.problem(422, "invalid")["path"], path);
    }
    let nobody = stream("018f0000-0000-7000-8000-000000000000");
    author.post(&nobody, json!({ "text": "x" })).await.problem(404, "notFound");

    let trail = admin.get(&format!("/api/v1/audit?clientId={client}")).await.json(200);
    let actions: Vec<_> = trail["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["commentDeleted", "commentEdited", "commented", "created"]);
    let change = json!([{ "field": "text", "from": comment["text"], "to": "Got an offer." }]);
    assert_eq!(trail["items"][1]["changes"], change);
    assert_eq!(
        trail["items"][0]["changes"][0]["from"], "Got an offer.",
        "what was deleted can be read there"
    );
});

both!(a_comment_on_a_call_is_for_one_of_the_clients_calls, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
        module.event(event, "a", NUMBER, "101").await;
    }
    let other = make(&admin, &json!({ "name": "Other" })).await;
    let client = make(&admin, &json!({ "phones": [{ "number": NUMBER }] })).await;
    let call = &only_call(&admin).await["id"];
    let body = json!({ "text": "Was in a hurry.", "callId": call });
    let comment = admin.post(&stream(&client), body.clone()).await.json(201);
    assert_eq!(comment["callId"], *call);
    assert_eq!(admin.post(&stream(&other), body).await.problem(422, "invalid")["path"], "callId");
});

both!(a_colleague_who_is_mentioned_gets_a_notice, |server| {
    let admin = server.admin().await;
    let (one, author) = server.operator("one").await;
    let (two, colleague) = server.operator("two").await;
    let (three, third) = server.operator("three").await;
    let client = make(&author, &json!({})).await;
    third.get("/api/v1/me").await.is(200);
    let (mut tab, snapshot) = Tab::open(server, &colleague).await;
    assert_eq!(snapshot["mentionCount"], 0);

    let text = format!("@two {}", "long ".repeat(50));
    let body = json!({ "text": text, "mentions": [two, one] });
    let comment = author.post(&stream(&client), body).await.json(201);
    assert_eq!(comment["mentions"], json!([{ "id": two, "name": "two" }]), "nobody mentions themselves");
    let notice = tab.next_of("notice").await;
    let beginning: String = text.chars().take(100).collect();
    assert_eq!(notice["text"], format!("one mentioned you: {beginning}"));
    assert_eq!(notice["clientId"], json!(client));
    assert_eq!(tab.next_of("mentions").await["count"], 1);

    // An edit notifies only newly mentioned users.
    let (mut thirds, _) = Tab::open(server, &third).await;
    let path = comment_path(&comment);
    author.patch(&path, json!({ "text": "@two @three", "mentions": [two, three] })).await.is(200);
    assert_eq!(thirds.next_of("notice").await["text"], "one mentioned you: @two @three");
    assert_eq!(thirds.next_of("mentions").await["count"], 1);
    let kept = author.patch(&path, json!({ "text": "@two @three!" })).await.json(200);
    assert_eq!(kept["mentions"].as_array().unwrap().len(), 2, "they stay when left out");
    author.patch(&path, json!({ "text": "@two", "mentions": [two] })).await.is(200);
    assert_eq!(thirds.next_of("mentions").await["count"], 0);

    let page = colleague.get("/api/v1/mentions").await.json(200);
    assert_eq!(page["items"].as_array().unwrap().len(), 1);
    let mention = &page["items"][0];
    assert_eq!((&mention["comment"]["id"], &mention["comment"]["text"]), (&comment["id"], &json!("@two")));
    assert_eq!((&mention["client"]["name"], &mention["seenAt"]), (&json!("Ann Archer"), &Value::Null));
    colleague.post("/api/v1/mentions/seen", json!({})).await.is(204);
    assert_eq!(
        tab.next().await,
        json!({ "v": 1, "type": "mentions", "count": 0 }),
        "edits made no more notices"
    );
    assert!(colleague.get("/api/v1/mentions").await.json(200)["items"][0]["seenAt"].is_string());
    assert_eq!(third.get("/api/v1/mentions").await.json(200)["items"], json!([]));

    author.post(&stream(&client), json!({ "text": "@two again", "mentions": [two] })).await.is(201);
    let first = colleague.get("/api/v1/mentions?limit=1").await.json(200);
    assert_eq!(first["items"][0]["comment"]["text"], "@two again");
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = colleague.get(&format!("/api/v1/mentions?limit=1&cursor={cursor}")).await.json(200);
    assert_eq!((&rest["items"][0]["comment"]["text"], &rest["nextCursor"]), (&json!("@two"), &Value::Null));

    admin.patch(&format!("/api/v1/users/{three}"), json!({ "active": false })).await.is(200);
    let away = json!({ "text": "@three", "mentions": [three] });
    assert_eq!(author.post(&stream(&client), away).await.problem(422, "invalid")["path"], "mentions[0]");
});

both!(comments_on_clients_of_others_are_not_seen_where_that_is_so_set, |server| {
    let admin = server.admin().await;
    let (one, author) = server.operator("one").await;
    let (two, colleague) = server.operator("two").await;
    let client = make(&admin, &json!({})).await;
    let comment = author.post(&stream(&client), json!({ "text": "@two", "mentions": [two] })).await.json(201);
    let seen = colleague.get(&format!("/api/v1/clients/{client}")).await.json(200);
    admin.patch("/api/v1/settings", json!({ "clientVisibility": "own" })).await.is(200);
    let ones = json!({ "version": seen["version"], "responsibleId": one });
    admin.patch(&format!("/api/v1/clients/{client}"), ones).await.is(200);

    colleague.post(&stream(&client), json!({ "text": "x" })).await.problem(404, "notFound");
    colleague.delete(&comment_path(&comment)).await.problem(404, "notFound");
    assert_eq!(colleague.get("/api/v1/mentions").await.json(200)["items"], json!([]));
    assert_eq!(Tab::open(server, &colleague).await.1["mentionCount"], 0);
    let mention = json!({ "text": "@two", "mentions": [two] });
    assert_eq!(author.post(&stream(&client), mention).await.problem(422, "invalid")["path"], "mentions[0]");
    let admin_id = server.user("admin").await;
    author.post(&stream(&client), json!({ "text": "@admin", "mentions": [admin_id] })).await.is(201);
    assert_eq!(admin.get("/api/v1/mentions").await.json(200)["items"][0]["comment"]["text"], "@admin");
});
