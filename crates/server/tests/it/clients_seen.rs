//! Who sees which clients, and how much of them.

use serde_json::{Value, json};

use crate::clients::{contact, names, path};
use crate::support::{Module, PASS_ON, both};

const CLIENTS: &str = "/api/v1/clients";
const SETTINGS: &str = "/api/v1/settings";

both!(operators_see_all_clients_or_their_own_and_nobodys, |server| {
    let admin = server.admin().await;
    let (ann_id, ann) = server.operator("ann").await;
    let (bob_id, _) = server.operator("bob").await;
    let mut made = Vec::new();
    for (name, user) in [("Anns", Some(ann_id)), ("Bobs", Some(bob_id)), ("Nobodys", None)] {
        let body =
            json!({ "kind": "contact", "name": name, "responsibleId": user, "emails": ["x@example.com"] });
        made.push(admin.post(CLIENTS, body).await.json(201));
    }
    assert_eq!(names(&ann, "").await, ["Anns", "Bobs", "Nobodys"]);

    admin.patch(SETTINGS, json!({ "clientVisibility": "own" })).await.is(200);
    assert_eq!(names(&ann, "").await, ["Anns", "Nobodys"]);
    assert_eq!(names(&ann, "query=x@ex").await, ["Anns", "Nobodys"]);
    assert_eq!(names(&ann, "query=bobs").await, [""; 0]);
    assert_eq!(names(&ann, &format!("responsibleId={bob_id}")).await, [""; 0]);
    assert_eq!(names(&ann, "responsibleId=none").await, ["Nobodys"]);
    assert_eq!(names(&admin, "").await, ["Anns", "Bobs", "Nobodys"]);
    let bobs = path(&made[1]);
    ann.get(&bobs).await.problem(404, "notFound");
    ann.patch(&bobs, json!({ "version": 1, "name": "Mine" })).await.problem(404, "notFound");
    ann.delete(&bobs).await.problem(404, "notFound");
    let same = ann.post("/api/v1/clients/duplicates", json!({ "emails": ["x@example.com"] })).await.json(200);
    assert_eq!(same["items"].as_array().map(Vec::len), Some(2));
    // A user who gives a client away no longer sees it.
    let given = json!({ "version": 1, "responsibleId": bob_id });
    ann.patch(&path(&made[2]), given).await.is(200);
    assert_eq!(names(&ann, "").await, ["Anns"]);
});

both!(hidden_numbers_stay_on_the_server, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    Module::with_script(server, &admin, PASS_ON).await;
    let zoe = contact(&admin, "Zoe", &["020 7946 0012", "020 7946 0034"]).await;
    admin.patch(SETTINGS, json!({ "maskNumbers": true })).await.is(200);
    server.keep_secret("79460012");
    server.keep_secret("7946 0012");

    let seen = operator.get(&path(&zoe)).await.json(200);
    let formatted = |client: &Value| -> Vec<Value> {
        client["phones"].as_array().expect("phones").iter().map(|phone| phone["formatted"].clone()).collect()
    };
    assert_eq!(formatted(&seen), [json!("••• 12"), json!("••• 34")]);
    assert_eq!(names(&operator, "query=020 7946 00").await, [""; 0], "nor digit by digit");
    assert_eq!(
        names(&operator, "query=02079460012").await,
        ["Zoe"],
        "a user who knows a number finds its client"
    );

    let phones =
        json!([{ "position": 1 }, { "position": 0, "label": "Mobile" }, { "number": "020 7946 0056" }]);
    let changed = operator.patch(&path(&zoe), json!({ "version": 1, "phones": phones })).await.json(200);
    assert_eq!(formatted(&changed), [json!("••• 34"), json!("••• 12"), json!("••• 56")]);
    let number = json!({ "version": 2, "phones": [{ "position": 3 }] });
    assert_eq!(
        operator.patch(&path(&zoe), number).await.problem(422, "invalid")["path"],
        "phones[0].position"
    );
    let kept = server.app.store.client(
        zoe["id"].as_str().expect("an id").parse().expect("an id"),
        hookswitch_store::ClientScope::All,
    );
    let kept = kept.await.expect("an answer").expect("a client").fields.phones;
    assert_eq!((kept[1].number.as_str(), kept[1].label.as_deref()), ("020 7946 0012", Some("Mobile")));
});
