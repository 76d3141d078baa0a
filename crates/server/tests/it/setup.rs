//! Creating the first administrator.

use hookswitch_store::Role;
use serde_json::{Value, json};

use crate::support::{PASSWORD, both};

fn first_admin(code: &str) -> Value {
    json!({ "code": code, "login": "ann", "name": "Ann", "password": PASSWORD })
}

both!(the_printed_code_makes_the_first_administrator_once, |server| {
    let nobody = server.anonymous();
    assert_eq!(nobody.get("/api/v1/setup").await.json(200), json!({ "open": true }));
    let code = server.app.accounts.setup.code().await.unwrap();
    server.keep_secret(code.clone());

    nobody.post("/api/v1/setup", first_admin("a guess")).await.problem(403, "notAllowed");
    let mut weak = first_admin(&code);
    weak["password"] = json!("short");
    nobody.post("/api/v1/setup", weak).await.problem(422, "invalid");

    let made = nobody.post("/api/v1/setup", first_admin(&code)).await.json(201);
    assert_eq!(made["role"], "admin");
    assert_eq!(nobody.get("/api/v1/setup").await.json(200), json!({ "open": false }));
    nobody.post("/api/v1/setup", first_admin(&code)).await.problem(409, "setupDone");
    let ann = server.sign_in("ann", PASSWORD).await;
    ann.get("/api/v1/users").await.is(200);
});

both!(an_administrator_made_on_the_command_line_closes_it_too, |server| {
    let code = server.app.accounts.setup.code().await.unwrap();
    server.browser("root", Role::Admin).await;
    assert_eq!(server.anonymous().get("/api/v1/setup").await.json(200), json!({ "open": false }));
    server.anonymous().post("/api/v1/setup", first_admin(&code)).await.problem(409, "setupDone");
});

both!(the_code_cannot_be_guessed_at_length, |server| {
    for _ in 0..10 {
        server.anonymous().post("/api/v1/setup", first_admin("a guess")).await.is(403);
    }
    server.anonymous().post("/api/v1/setup", first_admin("a guess")).await.problem(429, "tooMany");
});

both!(one_code_makes_one_administrator_even_at_the_same_time, |server| {
    let code = server.app.accounts.setup.code().await.unwrap();
    let body = |login: &str| {
        let mut body = first_admin(&code);
        body["login"] = json!(login);
        body
    };
    let nobody = server.anonymous();
    let (one, two) =
        tokio::join!(nobody.post("/api/v1/setup", body("one")), nobody.post("/api/v1/setup", body("two")));
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
});
