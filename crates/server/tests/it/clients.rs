//! Creating and updating clients, and their calls.

use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, both, only_call};

const CLIENTS: &str = "/api/v1/clients";

pub fn path(client: &Value) -> String {
    format!("{CLIENTS}/{}", client["id"].as_str().expect("an id"))
}

/// Creates a contact with that name and those numbers.
pub async fn contact(person: &Client, name: &str, numbers: &[&str]) -> Value {
    let phones: Vec<Value> = numbers.iter().map(|number| json!({ "number": number })).collect();
    person.post(CLIENTS, json!({ "kind": "contact", "name": name, "phones": phones })).await.json(201)
}

/// Returns the names of the listed clients.
pub async fn names(person: &Client, query: &str) -> Vec<String> {
    let page = person.get(&format!("{CLIENTS}?{query}")).await.json(200);
    let items = page["items"].as_array().expect("items").iter();
    items.map(|client| client["name"].as_str().expect("a name").to_owned()).collect()
}

/// Returns what the audit trail says was done to clients, oldest first.
pub async fn done(admin: &Client) -> Vec<String> {
    let page = admin.get("/api/v1/audit?limit=200").await.json(200);
    let entries = page["items"].as_array().expect("items").iter().rev();
    let actions = entries.map(|entry| entry["action"].as_str().expect("an action").to_owned());
    actions.filter(|action| action != "moduleCreated").collect()
}

both!(a_client_is_made_and_changed, |server| {
    let admin = server.admin().await;
    let (ann_id, ann) = server.operator("ann").await;
    Module::with_script(server, &admin, PASS_ON).await;
    let acme = ann.post(CLIENTS, json!({ "kind": "company", "name": "Acme" })).await.json(201);
    let made = ann
        .post(
            CLIENTS,
            json!({
                "kind": "contact", "name": " Zoë ", "companyId": acme["id"], "responsibleId": ann_id,
                "phones": [{ "label": "Mobile", "number": "020 7946 0000" }, { "number": "101" }],
                "emails": ["zoe@example.com"], "tags": ["VIP", "#vip"], "notes": "Tea\nno milk",
            }),
        )
        .await
        .json(201);
    assert_eq!(made["name"], "Zoë");
    assert_eq!(made["company"], json!({ "id": acme["id"], "name": "Acme" }));
    assert_eq!(made["responsible"], json!({ "id": ann_id, "name": "ann" }));
    let mobile = json!({
        "label": "Mobile", "number": "020 7946 0000", "e164": "+442079460000",
        "extension": null, "formatted": "+44 20 7946 0000", "country": "GB", "hidden": false,
    });
    assert_eq!(made["phones"][0], mobile);
    assert_eq!((&made["phones"][1]["number"], &made["phones"][1]["e164"]), (&json!("101"), &Value::Null));
    assert_eq!(
        (&made["tags"], &made["source"], &made["version"]),
        (&json!(["VIP"]), &json!("hand"), &json!(1))
    );

    let change = json!({ "version": 1, "name": "Zoe", "companyId": null, "notes": null });
    let changed = admin.patch(&path(&made), change.clone()).await.json(200);
    assert_eq!(
        (&changed["name"], &changed["company"], &changed["notes"]),
        (&json!("Zoe"), &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&changed["phones"], &changed["version"]),
        (&made["phones"], &json!(2)),
        "omitted fields stay as they are"
    );
    ann.patch(&path(&made), change).await.problem(409, "changedMeanwhile");
    assert_eq!(ann.get(&path(&made)).await.json(200), changed);

    ann.delete(&path(&made)).await.is(204);
    assert_eq!(names(&ann, "").await, ["Acme"]);
    assert_eq!(names(&ann, "archived=true").await, ["Zoe"]);
    assert!(!ann.get(&path(&made)).await.json(200)["archivedAt"].is_null());
    let restored = ann.patch(&path(&made), json!({ "version": 3, "archived": false })).await.json(200);
    assert!(restored["archivedAt"].is_null());

    assert_eq!(done(&admin).await, ["created", "created", "changed", "seen", "archived", "restored"]);
    let change = &admin.get("/api/v1/audit?action=changed").await.json(200)["items"][0]["changes"];
    let changes = json!([
        { "field": "name", "from": "Zoë", "to": "Zoe" },
        { "field": "company", "from": "Acme", "to": null },
        { "field": "notes", "from": "Tea\nno milk", "to": null },
    ]);
    assert_eq!(change, &changes);
});

both!(what_no_client_can_be_is_refused_by_name, |server| {
    let admin = server.admin().await;
    let person = contact(&admin, "Ann", &["+442079460000"]).await;
    let base = json!({ "kind": "contact", "name": "Bea" });
    let with = |field: &str, value: Value| {
        let mut body = base.clone();
        body[field] = value;
        body
    };
    let nobody = "00000000-0000-7000-8000-000000000000";
    for (body, wrong) in [
        (with("name", json!(" ")), "name"),
        (with("name", json!("x".repeat(201))), "name"),
        (with("name", json!("a\nb")), "name"),
        (with("kind", json!("friend")), "kind"),
        (with("companyId", person["id"].clone()), "companyId"),
        (with("companyId", json!(nobody)), "companyId"),
        (with("responsibleId", json!(nobody)), "responsibleId"),
        (with("phones", json!([{ "number": "+442079460000" }, { "number": "call me" }])), "phones[1].number"),
        (
            with("phones", json!([{ "number": "020 7946 0000" }, { "number": "02079460000" }])),
            "phones[1].number",
        ),
        (with("phones", json!([{ "label": "x".repeat(51), "number": "101" }])), "phones[0].label"),
        (with("phones", json!([{ "position": 0 }])), "phones[0].position"),
        (with("phones", json!([{ "label": "Mobile" }])), "phones[0].number"),
        (with("phones", (0..51).map(|n| json!({ "number": format!("{}", 100 + n) })).collect()), "phones"),
        (with("emails", json!(["ann@example.com", "ann"])), "emails[1]"),
        (with("emails", json!(["ann@example.com", "ANN@example.com"])), "emails[1]"),
        (with("tags", json!(["x".repeat(51)])), "tags[0]"),
        (with("notes", json!("x".repeat(20_001))), "notes"),
        (with("color", json!("red")), "color"),
    ] {
        let problem = admin.post(CLIENTS, body.clone()).await.problem(422, "invalid");
        assert!(problem["path"] == wrong || wrong == "color", "{body}: {problem}");
    }
    let both = admin.post(CLIENTS, json!({ "kind": "contact", "name": "", "emails": ["x"] })).await;
    let errors = both.problem(422, "invalid")["errors"].clone();
    assert_eq!(errors.as_array().map(Vec::len), Some(2), "every wrong field: {errors}");
    let itself = json!({ "version": 1, "kind": "company", "companyId": person["id"] });
    assert_eq!(admin.patch(&path(&person), itself).await.problem(422, "invalid")["path"], "companyId");

    let lead = admin.post(CLIENTS, json!({ "kind": "lead", "name": "" })).await.json(201);
    let named = admin.patch(&path(&lead), json!({ "version": 1, "kind": "contact" })).await;
    assert_eq!(named.problem(422, "invalid")["path"], "name", "only a lead may be nameless");
    admin.get(&format!("{CLIENTS}/{nobody}")).await.problem(404, "notFound");
    admin.get(&format!("{CLIENTS}?query={}", "x".repeat(201))).await.problem(422, "invalid");
    assert_eq!(
        admin.get(&format!("{CLIENTS}?responsibleId=me")).await.problem(422, "invalid")["path"],
        "responsibleId"
    );
    server.anonymous().get(CLIENTS).await.problem(401, "notSignedIn");
});

both!(a_client_is_found_by_any_spelling_of_its_number, |server| {
    let admin = server.admin().await;
    contact(&admin, "Nobody knows the country yet", &["020 7946 0001"]).await;
    Module::with_script(server, &admin, PASS_ON).await;
    Module::of(server, &admin, json!({ "name": "Paris", "script": PASS_ON, "defaultCountry": "FR" })).await;
    contact(&admin, "London", &["(020) 7946-0000"]).await;
    contact(&admin, "Paris", &["01 42 68 53 00"]).await;
    for typed in ["02079460000", "%2B442079460000", "0044 20 7946 0000", "%2B44 (0)20 7946 0000", "207946"] {
        assert_eq!(names(&admin, &format!("query={typed}")).await, ["London"], "{typed}");
    }
    for typed in ["01 42 68 53 00", "%2B33142685300", "0033142685300"] {
        assert_eq!(names(&admin, &format!("query={typed}")).await, ["Paris"], "{typed}");
        assert_eq!(names(&admin, &format!("phone={typed}")).await, ["Paris"], "{typed}");
    }
    assert!(names(&admin, "phone=0142").await.is_empty(), "a whole number");
    assert_eq!(names(&admin, "query=02079460001").await, ["Nobody knows the country yet"]);

    let asked = json!({ "phones": ["0142685300", "nonsense"], "name": "london" });
    let same = admin.post(&format!("{CLIENTS}/duplicates"), asked).await.json(200);
    let found = same["items"].as_array().expect("items").iter();
    let found: Vec<_> = found.map(|item| (item["client"]["name"].clone(), item["because"].clone())).collect();
    assert_eq!(found, [(json!("Paris"), json!(["phone"])), (json!("London"), json!(["name"]))]);
    assert_eq!(same["phones"][0]["formatted"], "+33 1 42 68 53 00");
    assert_eq!(
        (&same["phones"][1]["e164"], &same["phones"][1]["formatted"]),
        (&Value::Null, &json!("nonsense"))
    );
});

both!(an_unknown_caller_becomes_a_client, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, other) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", "020 7946 0000", "101").await;
    let call = only_call(&operator).await["id"].clone();
    let body = json!({ "kind": "contact", "name": "Zoe", "callId": call });
    other.post(CLIENTS, body.clone()).await.problem(404, "notFound");
    assert!(names(&admin, "").await.is_empty(), "a user who may not see the call creates nothing");
    let zoe = operator.post(CLIENTS, body).await.json(201);
    assert_eq!(zoe["phones"][0]["e164"], "+442079460000");
    assert_eq!(only_call(&operator).await["client"]["name"], "Zoe");
    // Recognized from now on, in any format.
    module.event("notifyStart", "b", "+442079460000", "101").await;
    let calls = operator.get(&format!("/api/v1/calls?clientId={}", zoe["id"].as_str().expect("an id"))).await;
    assert_eq!(calls.json(200)["items"].as_array().map(Vec::len), Some(2));
});
