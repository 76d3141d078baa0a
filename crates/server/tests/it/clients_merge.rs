//! Merging clients, and converting leads to contacts.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::clients::{contact, done, names, path};
use crate::support::{Module, PASS_ON, both};

const CLIENTS: &str = "/api/v1/clients";

both!(two_clients_are_merged_and_the_merge_is_undone, |server| {
    let admin = server.admin().await;
    let (_, ann) = server.operator("ann").await;
    Module::with_script(server, &admin, PASS_ON).await;
    let kept = contact(&ann, "Zoe", &["020 7946 0000"]).await;
    let gone = contact(&ann, "Zoë Élan", &["020 7946 0002"]).await;
    let merge = format!("{}/merge", path(&kept));
    let from = json!({ "fromId": gone["id"] });
    let merged = ann.post(&merge, from.clone()).await.json(200);
    assert_eq!((&merged["name"], merged["phones"].as_array().map(Vec::len)), (&json!("Zoe"), Some(2)));
    assert_eq!(ann.get(&path(&gone)).await.json(200)["id"], kept["id"], "the old id leads to the other");
    assert_eq!(ann.post(&merge, from).await.problem(422, "invalid")["path"], "fromId");
    ann.patch(&path(&gone), json!({ "version": 1, "name": "x" })).await.problem(409, "changedMeanwhile");
    assert_eq!(names(&ann, "").await, ["Zoe"]);

    let undoable = ann.get(&path(&kept)).await.json(200)["merges"].clone();
    assert_eq!((&undoable[0]["name"], &undoable[0]["by"]["name"]), (&json!("Zoë Élan"), &json!("ann")));
    let undo = format!("/api/v1/merges/{}/undo", undoable[0]["id"].as_str().expect("an id"));
    let back = ann.post(&undo, json!({})).await.json(200);
    assert_eq!((&back["id"], &back["phones"]), (&gone["id"], &gone["phones"]));
    let kept = ann.get(&path(&kept)).await.json(200);
    assert_eq!((kept["phones"].as_array().map(Vec::len), &kept["merges"]), (Some(1), &json!([])));
    ann.post(&undo, json!({})).await.problem(404, "notFound");
    assert_eq!(done(&admin).await, ["created", "created", "merged", "seen", "mergeUndone"]);
});

both!(merges_are_undone_in_their_order_and_for_a_day, |server| {
    let admin = server.admin().await;
    let (ann_id, ann) = server.operator("ann").await;
    let (a, b, c) =
        (contact(&admin, "A", &[]).await, contact(&admin, "B", &[]).await, contact(&admin, "C", &[]).await);
    let merge = async |into: &Value, from: &Value| {
        let body = json!({ "fromId": from["id"] });
        let merged = admin.post(&format!("{}/merge", path(into)), body).await.json(200);
        format!("/api/v1/merges/{}/undo", merged["merges"][0]["id"].as_str().expect("an id"))
    };
    let first = merge(&b, &c).await;
    let second = merge(&a, &b).await;
    admin.post(&first, json!({})).await.problem(409, "mergedAgain");
    admin.post(&second, json!({})).await.is(200);
    admin.post(&first, json!({})).await.is(200);
    assert_eq!(names(&admin, "").await, ["A", "B", "C"]);

    let again = merge(&a, &b).await;
    server.advance(TimeDelta::hours(25));
    admin.post(&again, json!({})).await.problem(409, "tooLate");
    assert_eq!(admin.get(&path(&a)).await.json(200)["merges"], json!([]));

    // Users cannot merge, or undo, what they may not see.
    let third = merge(&a, &c).await;
    let bobs = json!({ "version": admin.get(&path(&a)).await.json(200)["version"], "responsibleId": server.user("admin").await });
    admin.patch(&path(&a), bobs).await.is(200);
    let own = json!({ "kind": "contact", "name": "Anns", "responsibleId": ann_id });
    let anns = admin.post(CLIENTS, own).await.json(201);
    admin.patch("/api/v1/settings", json!({ "clientVisibility": "own" })).await.is(200);
    ann.post(&third, json!({})).await.problem(404, "notFound");
    ann.post(&format!("{}/merge", path(&anns)), json!({ "fromId": a["id"] })).await.problem(404, "notFound");
    ann.post(&format!("{}/merge", path(&a)), json!({ "fromId": anns["id"] })).await.problem(404, "notFound");
});

both!(a_lead_becomes_a_contact, |server| {
    let admin = server.admin().await;
    let lead =
        async |name: &str| admin.post(CLIENTS, json!({ "kind": "lead", "name": name })).await.json(201);
    let convert =
        async |lead: &Value, body: Value| admin.post(&format!("{}/convert", path(lead)), body).await;
    let zoe = lead("Zoe").await;
    let refused = convert(&zoe, json!({ "companyName": " " })).await;
    assert_eq!(refused.problem(422, "invalid")["path"], "companyName");
    let contact = convert(&zoe, json!({ "companyName": "Acme" })).await.json(200);
    assert_eq!((&contact["kind"], &contact["company"]["name"]), (&json!("contact"), &json!("Acme")));
    convert(&zoe, json!({})).await.problem(409, "noLead");

    let acme = contact["company"]["id"].clone();
    let bob = convert(&lead("Bob").await, json!({ "companyId": acme })).await.json(200);
    assert_eq!(bob["company"]["id"], acme);
    assert_eq!(names(&admin, &format!("companyId={}", acme.as_str().expect("an id"))).await, ["Bob", "Zoe"]);
    let eve = lead("Eve").await;
    assert_eq!(
        convert(&eve, json!({ "companyId": bob["id"] })).await.problem(422, "invalid")["path"],
        "companyId"
    );
    convert(&eve, json!({ "companyId": acme, "companyName": "Acme" })).await.problem(422, "invalid");
    let alone = convert(&eve, json!({})).await.json(200);
    assert_eq!((&alone["kind"], &alone["company"]), (&json!("contact"), &Value::Null));
    convert(&lead("").await, json!({})).await.problem(409, "nameless");
    let changes = &admin.get("/api/v1/audit?action=converted").await.json(200)["items"][0]["changes"];
    assert_eq!(changes, &json!([{ "field": "kind", "from": "lead", "to": "contact" }]));
});
