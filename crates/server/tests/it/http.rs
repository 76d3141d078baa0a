//! What applies to every route.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::both;

both!(every_answer_has_an_id_of_its_own_and_guards_the_browser, |server| {
    let nobody = server.anonymous().header("x-request-id", "chosen by the client");
    let mut ids = HashSet::new();
    for path in ["/healthz", "/nowhere", "/api/v1/me"] {
        let answer = nobody.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert!(!answer.headers.contains_key("strict-transport-security"), "by http it means nothing");
        ids.insert(answer.header("x-request-id").to_owned());
    }
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
});

both!(answers_of_the_api_are_not_kept, |server| {
    let admin = server.admin().await;
    for path in [
        "/api/v1/me",
        "/api/v1/calls.csv",
        "/api/v1/clients.csv",
        "/api/v1/users?limit=0",
        "/api/v1/nothing",
        "/metrics",
        "/openapi.json",
    ] {
        assert_eq!(admin.get(path).await.header("cache-control"), "no-store", "{path}");
    }
});

both!(behind_https_browsers_stay_there, [("HOOKSWITCH_PUBLIC_URL", "https://calls.example.org")], |server| {
    for path in ["/", "/healthz", "/api/v1/me"] {
        let answer = server.anonymous().get(path).await;
        assert_eq!(answer.header("strict-transport-security"), "max-age=31536000", "{path}");
    }
});

both!(what_is_not_there_is_a_problem_too, |server| {
    let nobody = server.anonymous();
    nobody.get("/api/v1/nothing").await.problem(404, "notFound");
    nobody.delete("/healthz").await.problem(405, "methodNotAllowed");
});

both!(bodies_are_json_of_a_bounded_size, |server| {
    let admin = server.admin().await;
    let post = |body: &'static str, content_type: &'static str| {
        let request =
            admin.request(Method::POST, "/api/v1/users").header("content-type", content_type).body(body);
        admin.send(request)
    };
    post("{}", "text/plain").await.problem(415, "notJson");
    post("{", "application/json").await.problem(400, "notJson");
    post("{} {}", "application/json").await.problem(422, "invalid");
    post("", "application/json").await.problem(400, "notJson");
    post("[1,2]", "application/json; charset=utf-8").await.problem(422, "invalid");
    let deep: &'static str = "[".repeat(100_000).leak();
    post(deep, "application/json").await.problem(422, "invalid");
    let large = json!({ "login": "x".repeat(2 << 20) });
    admin.post("/api/v1/users", large).await.problem(413, "tooLarge");
});

both!(the_documentation_loads_nothing_from_elsewhere, |server| {
    let nobody = server.anonymous();
    let docs = nobody.get("/docs/").await;
    assert!(docs.is(200).text.contains("swagger-ui"));
    assert!(!docs.text.contains("https://") && !docs.text.contains("\"//"), "{}", docs.text);
    assert!(docs.headers["content-security-policy"].to_str().unwrap().contains("script-src 'self'"));
    nobody.get("/docs/swagger-ui-bundle.js").await.is(200);
});

both!(
    who_dawdles_is_cut_off,
    [("HOOKSWITCH_SERVER_HEADER_SECONDS", "1"), ("HOOKSWITCH_SERVER_BODY_SECONDS", "1")],
    |server| {
        let answer_to = async |begun: &str| {
            let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
            stream.write_all(begun.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer));
            if let Err(error) = read.await.expect("the server closes the connection") {
                assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            }
            String::from_utf8(answer).unwrap()
        };
        let half_a_head = answer_to("GET /healthz HTTP/1.1\r\nhost: x\r\n").await;
        assert!(!half_a_head.contains("200 OK"), "{half_a_head}");

        let begun = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
        let half_a_body = answer_to(begun).await;
        assert!(half_a_body.starts_with("HTTP/1.1 4"), "{half_a_body}");
    }
);
