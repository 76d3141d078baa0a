//! API tokens.

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use crate::support::{Client, both};

async fn make(client: &Client, body: Value) -> (String, String) {
    let made = client.post("/api/v1/tokens", body).await.json(201);
    (made["id"].as_str().unwrap().to_owned(), made["token"].as_str().unwrap().to_owned())
}

both!(a_token_is_told_once_and_opens_until_it_is_deleted, |server| {
    let (_, ann) = server.operator("ann").await;
    let (id, token) = make(&ann, json!({ "name": "wallboard" })).await;
    server.keep_secret(token.clone());

    let wallboard = server.with_token(&token);
    assert_eq!(wallboard.get("/api/v1/me").await.json(200)["login"], "ann");
    let listed = ann.get("/api/v1/tokens").await.json(200);
    assert_eq!(listed["items"][0]["name"], "wallboard");
    assert!(listed["items"][0]["lastUsedAt"].is_string(), "{listed}");

    ann.delete(&format!("/api/v1/tokens/{id}")).await.is(204);
    wallboard.get("/api/v1/me").await.problem(401, "notSignedIn");
    ann.delete(&format!("/api/v1/tokens/{id}")).await.problem(404, "notFound");
});

both!(a_token_ends_in_time, |server| {
    let (_, ann) = server.operator("ann").await;
    let soon = (server.app.clock.now() + TimeDelta::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let (_, token) = make(&ann, json!({ "name": "for today", "expiresAt": soon })).await;
    server.with_token(&token).get("/api/v1/me").await.is(200);
    server.advance(TimeDelta::hours(2));
    server.with_token(&token).get("/api/v1/me").await.problem(401, "notSignedIn");
    let problem = ann
        .post("/api/v1/tokens", json!({ "name": "late", "expiresAt": soon }))
        .await
        .problem(422, "invalid");
    assert_eq!(problem["path"], "expiresAt");
});

both!(a_token_is_its_users_business_and_an_administrators, |server| {
    let (_, ann) = server.operator("ann").await;
    let (_, bob) = server.operator("bob").await;
    let (id, _) = make(&ann, json!({ "name": "wallboard" })).await;
    let path = format!("/api/v1/tokens/{id}");

    assert_eq!(
        bob.get("/api/v1/tokens").await.json(200)["items"].as_array().unwrap().len(),
        1,
        "only bob's own"
    );
    bob.delete(&path).await.problem(404, "notFound");
    server.admin().await.delete(&path).await.is(204);
});

both!(a_users_tokens_rest_while_the_user_does, |server| {
    let (id, ann) = server.operator("ann").await;
    let admin = server.admin().await;
    let path = format!("/api/v1/users/{id}");
    admin.patch(&path, json!({ "active": false })).await.is(200);
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
    admin.patch(&path, json!({ "active": true })).await.is(200);
    ann.get("/api/v1/me").await.is(200);
    admin.delete(&path).await.is(204);
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
});

both!(a_made_up_token_is_none, |server| {
    for header in ["Bearer", "Bearer ", "Bearer AAAA", "Basic YW5uOmFubg==", "Bearer ' or 1=1 --"] {
        server
            .anonymous()
            .header("authorization", header)
            .get("/api/v1/me")
            .await
            .problem(401, "notSignedIn");
    }
});

both!(a_token_makes_none_that_outlives_it, |server| {
    let (_, ann) = server.operator("ann").await;
    let now = server.app.clock.now();
    let at = |hours: i64| (now + TimeDelta::hours(hours)).to_rfc3339_opts(SecondsFormat::Secs, true);
    let (_, passing) = make(&ann, json!({ "name": "for today", "expiresAt": at(8) })).await;
    let passing = server.with_token(&passing);

    let left_out = passing.post("/api/v1/tokens", json!({ "name": "heir" })).await.json(201);
    assert_eq!(left_out["expiresAt"], at(8), "as long as the one that made it");
    let shorter = json!({ "name": "heir", "expiresAt": at(4) });
    assert_eq!(passing.post("/api/v1/tokens", shorter).await.json(201)["expiresAt"], at(4));
    let longer = json!({ "name": "heir", "expiresAt": at(9) });
    assert_eq!(passing.post("/api/v1/tokens", longer).await.problem(422, "invalid")["path"], "expiresAt");

    let heir = server.with_token(left_out["token"].as_str().unwrap());
    let longer = json!({ "name": "heir's heir", "expiresAt": at(9) });
    heir.post("/api/v1/tokens", longer).await.problem(422, "invalid");
    server.advance(TimeDelta::hours(8));
    heir.get("/api/v1/me").await.problem(401, "notSignedIn");
    ann.get("/api/v1/me").await.is(200);
});

both!(administrators_see_and_delete_the_tokens_of_others, |server| {
    let (ann_id, ann) = server.operator("ann").await;
    let (_, bob) = server.operator("bob").await;
    let admin = server.admin().await;
    let (id, token) = make(&ann, json!({ "name": "wallboard" })).await;
    let of_ann = format!("/api/v1/tokens?userId={ann_id}");
    assert_eq!(ann.get(&of_ann).await.json(200)["items"][0]["id"], json!(id));
    bob.get(&of_ann).await.problem(403, "notAllowed");
    let listed = admin.get(&of_ann).await.json(200);
    assert_eq!(
        (&listed["items"][0]["name"], listed["items"].as_array().unwrap().len()),
        (&json!("wallboard"), 2)
    );
    assert_eq!(
        admin.get("/api/v1/tokens").await.json(200)["items"].as_array().unwrap().len(),
        1,
        "their own"
    );

    admin.delete(&format!("/api/v1/tokens/{id}")).await.is(204);
    server.with_token(&token).get("/api/v1/me").await.problem(401, "notSignedIn");
});
