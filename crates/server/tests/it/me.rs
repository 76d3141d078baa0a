//! What users can change about themselves, and see of each other.

use hookswitch_store::Role;
use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, PASSWORD, both};

const NEW_PASSWORD: &str = "nine green lizards";

fn change(current: &str, new: &str) -> Value {
    json!({ "password": { "current": current, "new": new } })
}

both!(a_user_changes_their_name_and_email_and_nothing_else, |server| {
    let (id, ann) = server.browser("ann", Role::Operator).await;
    let changed =
        ann.patch("/api/v1/me", json!({ "name": "Ann", "email": "ann@example.org" })).await.json(200);
    assert_eq!((&changed["name"], &changed["email"]), (&json!("Ann"), &json!("ann@example.org")));
    assert_eq!(ann.get("/api/v1/me").await.json(200), changed);
    let changed = ann.patch("/api/v1/me", json!({ "email": null })).await.json(200);
    assert_eq!((&changed["name"], &changed["email"]), (&json!("Ann"), &Value::Null));
    assert_eq!(
        server.app.catalog.directory.name_of(id).as_deref(),
        Some("Ann"),
        "colleagues read the new name"
    );

    for field in ["role", "login", "active"] {
        let problem = ann.patch("/api/v1/me", json!({ field: "admin" })).await.problem(422, "invalid");
        assert_eq!(problem["path"], field);
    }
    let wrong = json!({ "name": "", "email": "nowhere", "password": { "current": "x", "new": "short" } });
    let problem = ann.patch("/api/v1/me", wrong).await.problem(422, "invalid");
    let paths: Vec<_> =
        problem["errors"].as_array().expect("errors").iter().map(|e| e["path"].clone()).collect();
    assert_eq!(paths, ["name", "email", "password.new"]);
    server.anonymous().patch("/api/v1/me", json!({ "name": "Eve" })).await.problem(401, "notSignedIn");
});

both!(a_new_password_needs_the_old_one_and_ends_the_other_sessions, |server| {
    server.keep_secret(NEW_PASSWORD);
    let (_, here) = server.browser("ann", Role::Operator).await;
    let elsewhere = server.sign_in("ann", PASSWORD).await;

    let refused = here.patch("/api/v1/me", change("a guess", NEW_PASSWORD)).await.problem(422, "invalid");
    assert_eq!(refused["path"], "password.current");
    elsewhere.get("/api/v1/me").await.is(200);

    here.patch("/api/v1/me", change(PASSWORD, NEW_PASSWORD)).await.is(200);
    here.get("/api/v1/me").await.is(200);
    elsewhere.get("/api/v1/me").await.problem(401, "notSignedIn");
    server.sign_in("ann", NEW_PASSWORD).await;
});

both!(a_token_changes_no_password, |server| {
    let (_, ann) = server.operator("ann").await;
    ann.patch("/api/v1/me", change("", NEW_PASSWORD)).await.problem(409, "noSession");
    ann.patch("/api/v1/me", json!({ "name": "Ann" })).await.is(200);
});

both!(
    a_stolen_session_does_not_guess_the_password,
    [("HOOKSWITCH_AUTH_SIGN_IN_ATTEMPTS_PER_MINUTE", "3")],
    |server| {
        // Signing in was the first attempt.
        let (_, ann) = server.browser("ann", Role::Operator).await;
        for _ in 0..2 {
            ann.patch("/api/v1/me", change("a guess", NEW_PASSWORD)).await.problem(422, "invalid");
        }
        let refused = ann.patch("/api/v1/me", change(PASSWORD, NEW_PASSWORD)).await;
        refused.problem(429, "tooMany");
        refused.header("retry-after");
    }
);

both!(everybody_knows_who_has_which_number, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.browser("one", Role::Operator).await;
    let (two, _) = server.operator("two").await;
    let (away, _) = server.operator("away").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let second = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("102", one), ("101", one), ("103", away)]).await;
    second.bind(&[("7", one)]).await;
    admin
        .patch(&format!("/api/v1/users/{away}"), json!({ "active": false, "email": "a@example.org" }))
        .await
        .is(200);

    let number = |module: &Module, number: &str| json!({ "moduleId": module.id, "number": number });
    let ones = json!([number(&module, "101"), number(&module, "102"), number(&second, "7")]);
    let colleagues = operator.get("/api/v1/colleagues").await.json(200);
    assert_eq!(
        colleagues["items"],
        json!([
            { "id": server.user("admin").await, "name": "admin", "numbers": [] },
            { "id": one, "name": "one", "numbers": ones },
            { "id": two, "name": "two", "numbers": [] },
        ]),
        "inactive users are left out; logins and e-mail addresses are private"
    );
    let first = operator.get("/api/v1/colleagues?limit=2").await.json(200);
    let cursor = first["nextCursor"].as_str().expect("more");
    let rest = operator.get(&format!("/api/v1/colleagues?limit=2&cursor={cursor}")).await.json(200);
    assert_eq!(rest["items"][0]["name"], "two");
    server.anonymous().get("/api/v1/colleagues").await.problem(401, "notSignedIn");

    assert_eq!(operator.get("/api/v1/me").await.json(200)["numbers"], ones);
    let body = json!({ "login": "one", "password": PASSWORD });
    assert_eq!(server.anonymous().post("/api/v1/session", body).await.json(200)["numbers"], ones);
    let path = format!("/api/v1/users/{one}");
    assert_eq!(admin.get(&path).await.json(200)["numbers"], ones);
    assert_eq!(admin.patch(&path, json!({})).await.json(200)["numbers"], ones);
    let users = admin.get("/api/v1/users").await.json(200);
    let listed: Vec<_> =
        users["items"].as_array().expect("users").iter().map(|user| &user["numbers"]).collect();
    assert_eq!(listed, [&json!([]), &json!([number(&module, "103")]), &ones, &json!([])]);
});
