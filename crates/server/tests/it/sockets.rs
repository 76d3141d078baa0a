//! Sockets end with the session or token they were opened with, and are limited in number.

use chrono::TimeDelta;
use hookswitch_store::Role;
use serde_json::json;

use crate::support::{Client, PASSWORD, Server, Tab, both};

/// Close code after the socket's session or token has ended.
const SIGNED_OUT: u16 = 4401;
/// Close code for a socket that may connect again.
const AWAY: u16 = 1001;

async fn tab(server: &Server, person: &Client) -> Tab {
    Tab::open(server, person).await.0
}

both!(a_socket_is_closed_when_its_session_is_signed_out, |server| {
    let (_, here) = server.browser("ann", Role::Operator).await;
    let elsewhere = server.sign_in("ann", PASSWORD).await;
    let (mut tab_here, mut tab_elsewhere) = (tab(server, &here).await, tab(server, &elsewhere).await);
    here.delete("/api/v1/session").await.is(204);
    assert_eq!(tab_here.closed().await, Some(SIGNED_OUT));
    assert!(Tab::connect(server, &here).await.is_err());
    // The other session continues.
    server.app.live.client_changes.note(hookswitch_model::ClientId(uuid::Uuid::nil()));
    tab_elsewhere.next_of("clients").await;
});

both!(a_socket_is_closed_when_its_token_is_deleted, |server| {
    let (_, ann) = server.operator("ann").await;
    let made = ann.post("/api/v1/tokens", json!({ "name": "wallboard" })).await.json(201);
    let wallboard = server.with_token(made["token"].as_str().unwrap());
    let (mut of_wallboard, mut of_ann) = (tab(server, &wallboard).await, tab(server, &ann).await);
    ann.delete(&format!("/api/v1/tokens/{}", made["id"].as_str().unwrap())).await.is(204);
    assert_eq!(of_wallboard.closed().await, Some(SIGNED_OUT));
    server.app.live.client_changes.note(hookswitch_model::ClientId(uuid::Uuid::nil()));
    of_ann.next_of("clients").await;
});

both!(a_socket_is_closed_when_its_session_or_token_expires, |server| {
    let (_, ann) = server.browser("ann", Role::Operator).await;
    let soon = server.app.clock.now() + TimeDelta::hours(1);
    let made = ann.post("/api/v1/tokens", json!({ "name": "short", "expiresAt": soon })).await.json(201);
    let short = server.with_token(made["token"].as_str().unwrap());
    let (mut of_session, mut of_token) = (tab(server, &ann).await, tab(server, &short).await);
    server.advance(TimeDelta::hours(2));
    assert_eq!(of_token.closed().await, Some(SIGNED_OUT));
    server.advance(TimeDelta::days(31));
    assert_eq!(of_session.closed().await, Some(SIGNED_OUT));
});

both!(a_socket_is_closed_when_its_user_is_another, |server| {
    let admin = server.admin().await;
    for (login, change) in [
        ("ann", json!({ "active": false })),
        ("bob", json!({ "password": "nine green lizards" })),
        ("cid", json!({ "role": "admin" })),
    ] {
        let (id, browser) = server.browser(login, Role::Operator).await;
        let mut tab = tab(server, &browser).await;
        admin.patch(&format!("/api/v1/users/{id}"), change).await.is(200);
        assert_eq!(tab.closed().await, Some(SIGNED_OUT), "{login}");
    }
    let (id, token) = server.operator("dan").await;
    let mut tab = tab(server, &token).await;
    admin.delete(&format!("/api/v1/users/{id}")).await.is(204);
    assert_eq!(tab.closed().await, Some(SIGNED_OUT));
});

both!(who_changes_their_password_connects_again_here_alone, |server| {
    let (_, here) = server.browser("ann", Role::Operator).await;
    let elsewhere = server.sign_in("ann", PASSWORD).await;
    let (mut tab_here, mut tab_elsewhere) = (tab(server, &here).await, tab(server, &elsewhere).await);
    let new = json!({ "password": { "current": PASSWORD, "new": "nine green lizards" } });
    here.patch("/api/v1/me", new).await.is(200);
    assert_eq!(tab_here.closed().await, Some(AWAY));
    assert_eq!(tab_elsewhere.closed().await, Some(SIGNED_OUT));
    tab(server, &here).await;
});

both!(what_another_server_ended_is_noticed, [("HOOKSWITCH_SERVER_SOCKET_PING_SECONDS", "1")], |server| {
    let (id, ann) = server.browser("ann", Role::Operator).await;
    let mut tab = tab(server, &ann).await;
    // As another server would do it, only in the database.
    server.app.store.delete_sessions_of(id, None).await.unwrap();
    assert_eq!(tab.closed().await, Some(SIGNED_OUT));
});

both!(a_user_has_a_bounded_number_of_sockets, [("HOOKSWITCH_SERVER_MAX_SOCKETS_PER_USER", "2")], |server| {
    let (_, ann) = server.operator("ann").await;
    let (_, bob) = server.operator("bob").await;
    let (first, _second) = (tab(server, &ann).await, tab(server, &ann).await);
    assert!(Tab::connect(server, &ann).await.is_err());
    tab(server, &bob).await;
    drop(first);
    let again = async {
        while Tab::connect(server, &ann).await.is_err() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), again).await.expect("a free place");
});
