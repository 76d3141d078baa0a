//! System users.

use hookswitch_store::Role;
use serde_json::{Value, json};

use crate::support::{PASSWORD, both};

fn ann() -> Value {
    json!({ "login": "ann", "name": "Ann Example", "email": "ann@example.org", "role": "operator", "password": PASSWORD })
}

both!(an_administrator_makes_changes_and_deletes_a_user, |server| {
    let admin = server.admin().await;
    let made = admin.post("/api/v1/users", ann()).await.json(201);
    assert_eq!(made["name"], "Ann Example");
    assert_eq!(made["active"], true);
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    assert_eq!(admin.get(&path).await.json(200), made);

    let changed = admin.patch(&path, json!({ "name": "Ann Other", "email": null })).await.json(200);
    assert_eq!(changed["name"], "Ann Other");
    assert_eq!(changed["email"], Value::Null);
    assert_eq!(changed["role"], "operator", "what is not sent stays");

    admin.delete(&path).await.is(204);
    admin.get(&path).await.problem(404, "notFound");
    admin.patch(&path, json!({})).await.problem(404, "notFound");
    admin.delete(&path).await.problem(404, "notFound");
});

both!(users_are_listed_page_by_page, |server| {
    let admin = server.admin().await;
    for login in ["dora", "bert", "carl", "bert2"] {
        server.operator(login).await;
    }
    let mut names = Vec::new();
    let mut path = "/api/v1/users?limit=2".to_owned();
    loop {
        let page = admin.get(&path).await.json(200);
        names.extend(
            page["items"].as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap().to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/api/v1/users?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(names, ["admin", "bert", "bert2", "carl", "dora"]);
    for (query, path) in
        [("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("cursor=rubbish", "cursor")]
    {
        let problem = admin.get(&format!("/api/v1/users?{query}")).await.problem(422, "invalid");
        assert_eq!(problem["path"], path);
    }
});

both!(what_is_wrong_is_said_by_field, |server| {
    let admin = server.admin().await;
    let body =
        json!({ "login": "a b", "name": " ", "email": "nowhere", "role": "operator", "password": "short" });
    let problem = admin.post("/api/v1/users", body).await.problem(422, "invalid");
    let paths: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["path"].clone()).collect();
    assert_eq!(paths, ["login", "name", "email", "password"]);

    let with = |key: &str, value: Value| {
        let mut body = ann();
        body[key] = value;
        body
    };
    for (body, path) in [
        (with("role", json!("root")), "role"),
        (with("name", json!(7)), "name"),
        (with("nmae", json!("x")), "nmae"),
    ] {
        let problem = admin.post("/api/v1/users", body).await.problem(422, "invalid");
        assert_eq!(problem["path"], path, "{problem}");
    }
    let problem = admin.get("/api/v1/users/42").await.problem(422, "invalid");
    assert_eq!(problem["path"], "id");
    let problem = admin.get("/api/v1/users?page=2").await.problem(422, "invalid");
    assert!(problem["detail"].as_str().unwrap().contains("page"), "{problem}");
});

both!(two_users_have_two_logins, |server| {
    let admin = server.admin().await;
    admin.post("/api/v1/users", ann()).await.is(201);
    let mut again = ann();
    again["login"] = json!("ANN");
    let problem = admin.post("/api/v1/users", again).await.problem(409, "loginTaken");
    assert_eq!(problem["path"], "login");
});

both!(there_is_always_an_administrator, |server| {
    let admin = server.admin().await;
    let me = admin.get("/api/v1/me").await.json(200);
    let path = format!("/api/v1/users/{}", me["id"].as_str().unwrap());
    // Administrators can promote and demote others, but not lock themselves out, so one always remains.
    let (id, _) = server.browser("other", Role::Admin).await;
    admin.patch(&path, json!({ "role": "operator" })).await.problem(409, "ownAccount");
    admin.patch(&path, json!({ "active": false })).await.problem(409, "ownAccount");
    admin.delete(&path).await.problem(409, "ownAccount");
    let changed =
        admin.patch(&path, json!({ "role": "admin", "active": true, "name": "Ada" })).await.json(200);
    assert_eq!((&changed["name"], &changed["role"]), (&json!("Ada"), &json!("admin")));
    admin.patch(&format!("/api/v1/users/{id}"), json!({ "role": "operator" })).await.is(200);
    admin.delete(&format!("/api/v1/users/{id}")).await.is(204);
    admin.get("/api/v1/me").await.is(200);
});

both!(operators_do_not_come_here, |server| {
    let (id, bob) = server.operator("bob").await;
    let path = format!("/api/v1/users/{id}");
    bob.get("/api/v1/users").await.problem(403, "notAllowed");
    bob.post("/api/v1/users", ann()).await.problem(403, "notAllowed");
    bob.get(&path).await.problem(403, "notAllowed");
    bob.patch(&path, json!({ "role": "admin" })).await.problem(403, "notAllowed");
    bob.delete(&path).await.problem(403, "notAllowed");
    server.anonymous().get("/api/v1/users").await.problem(401, "notSignedIn");
});

both!(a_new_password_or_a_farewell_ends_the_users_sessions, |server| {
    let (id, ann) = server.browser("ann", Role::Operator).await;
    let admin = server.admin().await;
    let path = format!("/api/v1/users/{id}");

    let new_password = "nine green lizards";
    server.keep_secret(new_password);
    admin.patch(&path, json!({ "password": new_password })).await.is(200);
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
    let ann = server.sign_in("ann", new_password).await;

    admin.patch(&path, json!({ "active": false })).await.is(200);
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
    admin.patch(&path, json!({ "active": true })).await.is(200);
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
});

both!(administrators_change_their_own_password_with_the_old_one_alone, |server| {
    let (id, session) = server.browser("ann", Role::Admin).await;
    let made = session.post("/api/v1/tokens", json!({ "name": "backup" })).await.json(201);
    let token = server.with_token(made["token"].as_str().unwrap());
    let path = format!("/api/v1/users/{id}");
    for caller in [&session, &token] {
        for body in [
            json!({ "password": "nine green lizards" }),
            json!({ "name": "Eve", "password": "nine green lizards" }),
        ] {
            assert_eq!(caller.patch(&path, body).await.problem(409, "ownPassword")["path"], "password");
        }
    }
    assert_eq!(session.get("/api/v1/me").await.json(200)["name"], "ann", "nothing of it was done");
    session.patch(&path, json!({ "name": "Ann" })).await.is(200);
    server.sign_in("ann", PASSWORD).await;
});

both!(a_password_reset_ends_the_users_tokens_unless_told_otherwise, |server| {
    let (id, ann) = server.operator("ann").await;
    let admin = server.admin().await;
    let path = format!("/api/v1/users/{id}");
    admin.patch(&path, json!({ "password": "nine green lizards", "endTokens": false })).await.is(200);
    ann.get("/api/v1/me").await.is(200);
    admin.patch(&path, json!({ "name": "Ann" })).await.is(200);
    ann.get("/api/v1/me").await.is(200);
    admin.patch(&path, json!({ "password": "nine blue lizards" })).await.is(200);
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
    assert_eq!(admin.get(&format!("/api/v1/tokens?userId={id}")).await.json(200)["items"], json!([]));

    let (id, bob) = server.operator("bob").await;
    admin.patch(&format!("/api/v1/users/{id}"), json!({ "endTokens": true })).await.is(200);
    bob.get("/api/v1/me").await.problem(401, "notSignedIn");
});
