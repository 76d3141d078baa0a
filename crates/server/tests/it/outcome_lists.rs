//! Outcome lists, managed by administrators.

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both};

const LISTS: &str = "/api/v1/outcome-lists";

both!(an_administrator_keeps_lists_of_outcomes, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("ann").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let body = json!({
        "name": " Sales ", "required": true, "moduleIds": [module.id],
        "codes": [{ "label": "Order" }, { "label": "No interest" }],
    });
    let sales = admin.post(LISTS, body).await.json(201);
    assert_eq!((&sales["name"], &sales["moduleIds"]), (&json!("Sales"), &json!([module.id])));
    let body =
        json!({ "name": "Other", "required": false, "moduleIds": [], "codes": [{ "label": "Solved" }] });
    let other = admin.post(LISTS, body.clone()).await.json(201);
    assert_eq!(operator.get(LISTS).await.json(200), json!({ "items": [sales, other] }));

    let path = format!("{LISTS}/{}", sales["id"].as_str().unwrap());
    let order = &sales["codes"][0]["id"];
    let codes = json!([{ "label": "Call again" }, { "id": order, "label": "Ordered" }]);
    let changed = admin.patch(&path, json!({ "codes": codes })).await.json(200);
    assert_eq!((&changed["name"], &changed["required"]), (&sales["name"], &json!(true)), "the rest stays");
    assert_eq!((&changed["codes"][0]["label"], &changed["codes"][1]["id"]), (&json!("Call again"), order));
    assert_eq!(operator.get(LISTS).await.json(200)["items"][0], changed);

    let app = &server.app;
    let id = |value: &Value| value.as_str().unwrap().to_owned();
    let for_module = app.catalog.outcomes.for_module(id(&json!(module.id)).parse().unwrap()).unwrap();
    assert_eq!(json!(for_module), changed);
    let another = Module::with_script(server, &admin, PASS_ON).await;
    assert_eq!(json!(app.catalog.outcomes.for_module(another.id.parse().unwrap()).unwrap()), other);
    let left_out = id(&sales["codes"][1]["id"]).parse().unwrap();
    assert_eq!(app.catalog.outcomes.label(left_out).as_deref(), Some("No interest"), "calls may have it");

    admin.delete(&path).await.is(204);
    admin.delete(&path).await.problem(404, "notFound");
    admin.patch(&path, json!({ "name": "x" })).await.problem(404, "notFound");
    assert_eq!(operator.get(LISTS).await.json(200), json!({ "items": [other] }));
    assert_eq!(json!(app.catalog.outcomes.for_module(module.id.parse().unwrap()).unwrap()), other);

    operator.post(LISTS, body).await.problem(403, "notAllowed");
    operator.patch(&path, json!({})).await.problem(403, "notAllowed");
    operator.delete(&path).await.problem(403, "notAllowed");
});

both!(a_list_of_outcomes_that_would_confuse_is_refused, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let list = |changes: Value| {
        let mut body = json!({ "name": "New", "required": false, "moduleIds": [module.id], "codes": [{ "label": "a" }] });
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        body
    };
    let everybodys = admin.post(LISTS, list(json!({ "name": "All", "moduleIds": [] }))).await.json(201);
    let own = admin.post(LISTS, list(json!({ "name": "Own" }))).await.json(201);
    let third = Module::with_script(server, &admin, PASS_ON).await;
    let nobody = "018f0000-0000-7000-8000-000000000000";
    for (changes, path) in [
        (json!({ "name": "  " }), "name"),
        (json!({ "name": "x".repeat(101) }), "name"),
        (json!({ "name": "ALL" }), "name"),
        (json!({ "moduleIds": [] }), "moduleIds"),
        (json!({ "moduleIds": [module.id] }), "moduleIds[0]"),
        (json!({ "moduleIds": [third.id, third.id] }), "moduleIds[1]"),
        (json!({ "moduleIds": [nobody] }), "moduleIds[0]"),
        (json!({ "codes": [] }), "codes"),
        (json!({ "codes": vec![json!({ "label": "a" }); 101] }), "codes"),
        (json!({ "codes": [{ "label": "a" }, { "label": "" }] }), "codes[1].label"),
        (json!({ "codes": [{ "label": "Yes" }, { "label": " yes" }] }), "codes[1].label"),
        (json!({ "codes": [{ "label": "a", "id": own["codes"][0]["id"] }] }), "codes[0].id"),
    ] {
        let mut body = list(json!({ "moduleIds": [third.id] }));
        body.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        let problem = admin.post(LISTS, body).await.problem(422, "invalid");
        assert_eq!(problem["path"], path, "{changes}");
    }
    let path = format!("{LISTS}/{}", own["id"].as_str().unwrap());
    let code = &own["codes"][0]["id"];
    let twice = json!({ "codes": [{ "id": code, "label": "a" }, { "id": code, "label": "b" }] });
    assert_eq!(admin.patch(&path, twice).await.problem(422, "invalid")["path"], "codes[1].id");
    assert_eq!(admin.get(LISTS).await.json(200)["items"], json!([everybodys, own]));

    // A list may keep a module that has been deleted.
    admin.delete(&module.path("")).await.is(204);
    admin.patch(&path, json!({ "name": "own", "moduleIds": [module.id] })).await.is(200);
});
