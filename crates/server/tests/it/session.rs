//! Signing in and out.

use chrono::TimeDelta;
use hookswitch_store::Role;
use serde_json::json;

use crate::support::{PASSWORD, both};

both!(a_browser_signs_in_and_out, |server| {
    let (id, ann) = server.browser("Ann", Role::Operator).await;

    let me = ann.get("/api/v1/me").await.json(200);
    assert_eq!((&me["id"], &me["login"], &me["role"]), (&json!(id), &json!("Ann"), &json!("operator")));

    let signed_out = ann.delete("/api/v1/session").await;
    signed_out.is(204);
    assert!(signed_out.header("set-cookie").contains("Max-Age=0"));
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
});

both!(the_cookie_is_out_of_reach_of_scripts_and_other_sites, |server| {
    server.browser("ann", Role::Operator).await;
    let body = json!({ "login": "ANN", "password": PASSWORD });
    let cookie = server.anonymous().post("/api/v1/session", body).await.header("set-cookie").to_owned();

    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"]);
    let token = cookie.split([';', '=']).nth(1).unwrap();
    assert_eq!(token.len(), 43, "256 bits in base64");
});

both!(
    behind_https_the_cookie_is_secure,
    [("HOOKSWITCH_PUBLIC_URL", "https://calls.example.org")],
    |server| {
        server.browser("ann", Role::Operator).await;
        let body = json!({ "login": "ann", "password": PASSWORD });
        let cookie = server.anonymous().post("/api/v1/session", body).await.header("set-cookie").to_owned();
        assert!(
            cookie.contains("; Secure") && cookie.contains("; Path=/") && !cookie.contains("Domain"),
            "{cookie}"
        );
        let (pair, _) = cookie.split_once(';').unwrap();
        assert!(pair.starts_with("__Host-hookswitch_session="), "{cookie}");
        server.anonymous().header("cookie", pair).get("/api/v1/me").await.is(200);
        // An old cookie, or one set by a sibling host, opens nothing.
        let other = pair.trim_start_matches("__Host-");
        server.anonymous().header("cookie", other).get("/api/v1/me").await.problem(401, "notSignedIn");
    }
);

both!(wrong_passwords_and_unknown_logins_get_the_same_answer, |server| {
    let (_, ann) = server.browser("ann", Role::Operator).await;
    let (nobody, admin) = (server.anonymous(), server.admin().await);
    let id = ann.get("/api/v1/me").await.json(200)["id"].as_str().unwrap().to_owned();

    let try_with = async |login: &str, password: &str| {
        let answer = nobody.post("/api/v1/session", json!({ "login": login, "password": password })).await;
        answer.problem(401, "wrongCredentials")
    };
    let wrong = try_with("ann", "not the password").await;
    assert_eq!(try_with("nobody", PASSWORD).await, wrong);
    assert_eq!(try_with("admin", "").await, wrong, "a user without a password cannot sign in");
    admin.patch(&format!("/api/v1/users/{id}"), json!({ "active": false })).await.is(200);
    assert_eq!(try_with("ann", PASSWORD).await, wrong);
});

both!(a_session_ends_in_time, |server| {
    let (_, ann) = server.browser("ann", Role::Operator).await;
    server.advance(TimeDelta::days(30) - TimeDelta::minutes(1));
    ann.get("/api/v1/me").await.is(200);
    server.advance(TimeDelta::minutes(2));
    ann.get("/api/v1/me").await.problem(401, "notSignedIn");
});

both!(a_made_up_session_is_none, |server| {
    for cookie in [
        "hookswitch_session=",
        "hookswitch_session=AAAA",
        "hookswitch_session=' or 1=1 --",
        "=;;;=",
        "\u{ff}",
    ] {
        server.anonymous().header("cookie", cookie).get("/api/v1/me").await.problem(401, "notSignedIn");
    }
});

both!(another_site_cannot_use_a_browsers_session, |server| {
    let (_, ann) = server.browser("ann", Role::Operator).await;
    let name = json!({ "name": "mine" });

    for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
        let problem = ann
            .clone()
            .header("origin", origin)
            .post("/api/v1/tokens", name.clone())
            .await
            .problem(403, "notAllowed");
        assert!(problem["detail"].as_str().unwrap().contains(origin), "{problem}");
        let body = json!({ "login": "ann", "password": PASSWORD });
        server
            .anonymous()
            .header("origin", origin)
            .post("/api/v1/session", body)
            .await
            .problem(403, "notAllowed");
    }
    let without = ann.clone().header("origin", "").post("/api/v1/tokens", name.clone()).await;
    let problem = without.problem(403, "notAllowed");
    let detail = problem["detail"].as_str().expect("a sentence");
    assert!(detail.contains("no `Origin` header"), "{detail}");
    ann.post("/api/v1/tokens", name).await.is(201);
    assert_eq!(ann.get("/api/v1/tokens").await.json(200)["items"].as_array().unwrap().len(), 2);
});

both!(guessing_is_slowed_down, [("HOOKSWITCH_AUTH_SIGN_IN_ATTEMPTS_PER_MINUTE", "3")], |server| {
    server.browser("ann", Role::Operator).await;
    let guess = async |login: &str| {
        server.anonymous().post("/api/v1/session", json!({ "login": login, "password": "a guess" })).await
    };
    guess("ann").await.is(401);
    guess("Ann").await.is(401);
    let refused = guess("ann").await;
    refused.problem(429, "tooMany");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");

    guess("bob").await.is(401);
    let body = json!({ "login": "ann", "password": PASSWORD });
    server.anonymous().post("/api/v1/session", body).await.problem(429, "tooMany");
});

both!(
    nobody_has_a_login_as_long_as_a_book,
    [("HOOKSWITCH_AUTH_SIGN_IN_ATTEMPTS_PER_MINUTE", "3")],
    |server| {
        server.browser("ann", Role::Operator).await;
        let nobody = server.anonymous();
        let sign_in = |login: String, password: String| json!({ "login": login, "password": password });
        for _ in 0..40 {
            let long = sign_in("x".repeat(101), "a guess".to_owned());
            assert_eq!(nobody.post("/api/v1/session", long).await.problem(422, "invalid")["path"], "login");
        }
        let long = sign_in("ann".to_owned(), "x".repeat(1001));
        assert_eq!(nobody.post("/api/v1/session", long).await.problem(422, "invalid")["path"], "password");
        nobody
            .post("/api/v1/session", sign_in("x".repeat(4096), String::new()))
            .await
            .problem(413, "tooLarge");
        let set_up = json!({ "code": "x".repeat(4096), "login": "ann", "name": "Ann", "password": PASSWORD });
        nobody.post("/api/v1/setup", set_up).await.problem(413, "tooLarge");
        // None of these counted as an attempt.
        server.sign_in("ann", PASSWORD).await;
    }
);

both!(
    many_addresses_guess_slowly_and_lock_nobody_out,
    [
        ("HOOKSWITCH_SERVER_TRUSTED_PROXIES", "127.0.0.1"),
        ("HOOKSWITCH_AUTH_SIGN_IN_ATTEMPTS_PER_MINUTE", "3")
    ],
    |server| {
        server.browser("ann", Role::Operator).await;
        let sign_in = async |address: &str, password: &str| {
            let from = server.anonymous().header("x-forwarded-for", address);
            from.post("/api/v1/session", json!({ "login": "ann", "password": password })).await
        };
        let mut guesses = 0;
        for n in 0..60 {
            guesses += usize::from(sign_in(&format!("198.51.100.{n}"), "a guess").await.status == 401);
        }
        assert!((3..=5).contains(&guesses), "{guesses} of 60");
        for n in 0..4 {
            let answer = sign_in(&format!("2001:db8::{n}"), "a guess").await;
            answer.problem(429, "tooMany");
        }
        sign_in("127.0.0.1", PASSWORD).await.is(200);
        let wait = sign_in("192.0.2.1", PASSWORD).await;
        wait.problem(429, "tooMany");
        server.advance(TimeDelta::seconds(wait.header("retry-after").parse().unwrap()));
        sign_in("192.0.2.1", PASSWORD).await.is(200);
    }
);
