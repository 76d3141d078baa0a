//! Recordings that come through the server.

use async_compression::tokio::write::GzipEncoder;
use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Client, Module, PASS_ON, Server, both, only_call, provider};

const AUDIO: &[u8] = b"OggS, or what passes for it";

/// A provider that serves recordings in various ways, some only with a key.
async fn start_provider(elsewhere: String) -> String {
    let plain =
        |kind: &'static str, body: &'static [u8]| async move { ([(header::CONTENT_TYPE, kind)], body) };
    let with_key = |headers: HeaderMap| async move {
        match headers.get("authorization").map(|key| key.as_bytes()) {
            Some(b"Bearer hush") => ([(header::CONTENT_TYPE, "audio/ogg")], AUDIO).into_response(),
            _ => StatusCode::UNAUTHORIZED.into_response(),
        }
    };
    let seen = |headers: HeaderMap| async move {
        let secret = ["authorization", "x-key"].iter().any(|name| headers.contains_key(*name));
        let kind = if secret { "text/plain" } else { "audio/ogg" };
        ([(header::CONTENT_TYPE, kind)], AUDIO)
    };
    let encoded = |headers: HeaderMap| async move {
        let mut encoder = GzipEncoder::new(Vec::new());
        encoder.write_all(AUDIO).await.expect("room");
        encoder.shutdown().await.expect("room");
        let packed = [(header::CONTENT_TYPE, "audio/ogg"), (header::CONTENT_ENCODING, "gzip")];
        match headers.contains_key(header::RANGE) {
            true => (StatusCode::PARTIAL_CONTENT, packed, encoder.into_inner()[5..].to_vec()).into_response(),
            false => (packed, encoder.into_inner()).into_response(),
        }
    };
    let no_type = || async { Response::new(axum::body::Body::from(AUDIO)) };
    let router = Router::new()
        .route("/audio", get(move || plain("Audio/MPEG; x=1", AUDIO)))
        .route("/video", get(move || plain("video/mp4", AUDIO)))
        .route("/file", get(move || plain("binary/octet-stream", AUDIO)))
        .route("/no-type", get(no_type))
        .route("/sign-in", get(move || plain("text/html; charset=utf-8", b"<script>alert(1)</script>")))
        .route("/svg", get(move || plain("image/svg+xml", b"<svg/>")))
        .route("/error", get(move || plain("application/json", b"{}")))
        .route("/key", get(with_key))
        .route("/seen", get(seen))
        .route("/gzip", get(encoded))
        .route("/away", get(move || async move { Redirect::temporary(&format!("{elsewhere}/seen")) }));
    provider::serve(router).await
}

/// Creates an ended call whose recording has this link.
async fn call_with(server: &Server, admin: &Client, link: Value) -> String {
    let script = format!(
        "const link = {link};\nexport async function VoipGetCallLink(): Promise<string | VoipCallLink> {{ return link; }}"
    );
    let rest =
        PASS_ON.lines().filter(|line| !line.contains("VoipGetCallLink")).collect::<Vec<_>>().join("\n");
    let module = Module::with_script(server, admin, &format!("{rest}\n{script}")).await;
    let record = json!({ "direction": "in", "disposition": "answered", "duration": 5, "call": 1,
        "callId": "a", "srcPhone": "+442079460000", "dstPhone": "101" });
    module.post(&json!({ "callRecord": record })).await.is(200);
    let calls = admin.get("/api/v1/calls").await.json(200);
    format!("/api/v1/calls/{}/recording", calls["items"][0]["id"].as_str().expect("an id"))
}

both!(only_what_can_be_played_passes_through, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
    let admin = server.admin().await;
    let provider = start_provider(String::new()).await;
    for (path, kind) in [
        ("audio", "Audio/MPEG; x=1"),
        ("video", "video/mp4"),
        ("file", "application/octet-stream"),
        ("no-type", "application/octet-stream"),
    ] {
        let recording = call_with(server, &admin, json!(format!("{provider}/{path}"))).await;
        let answer = admin.get(&format!("{recording}?proxy=1")).await;
        assert_eq!((answer.is(200).text.as_bytes(), answer.header("content-type")), (AUDIO, kind));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(
            (answer.header("content-security-policy"), answer.header("x-recording-link")),
            ("sandbox", "direct")
        );
    }
    for (path, word) in [("sign-in", "web page"), ("svg", "image/svg+xml"), ("error", "application/json")] {
        let recording = call_with(server, &admin, json!(format!("{provider}/{path}"))).await;
        let problem = admin.get(&format!("{recording}?proxy=1")).await.problem(502, "recordingNotAudio");
        assert!(problem["detail"].as_str().expect("a sentence").contains(word), "{problem}");
    }
});

both!(an_encoded_recording_is_decoded, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
    let admin = server.admin().await;
    let provider = start_provider(String::new()).await;
    let recording = call_with(server, &admin, json!(format!("{provider}/gzip"))).await;
    for range in ["", "bytes=5-"] {
        let asked = admin.request(reqwest::Method::GET, &format!("{recording}?proxy=1"));
        let asked = if range.is_empty() { asked } else { asked.header("range", range) };
        let answer = admin.send(asked).await;
        assert_eq!(answer.is(200).text.as_bytes(), AUDIO);
        assert!(
            !answer.headers.contains_key("content-encoding") && !answer.headers.contains_key("content-range")
        );
    }
});

both!(
    headers_for_a_recording_go_to_the_provider_alone,
    [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")],
    |server| {
        let admin = server.admin().await;
        let provider = start_provider(start_provider(String::new()).await).await;
        let headers = json!({ "Authorization": "Bearer hush", "X-Key": "hush" });
        server.keep_secret("hush");
        for path in ["key", "away"] {
            let link = json!({ "url": format!("{provider}/{path}"), "headers": headers });
            let recording = call_with(server, &admin, link).await;
            for query in ["", "?proxy=1"] {
                let answer = admin.get(&format!("{recording}{query}")).await;
                assert_eq!(
                    (answer.is(200).text.as_bytes(), answer.header("x-recording-link")),
                    (AUDIO, "none"),
                    "{path}"
                );
            }
        }
        let recording = call_with(server, &admin, json!({ "service": "bridge", "path": "/1.wav" })).await;
        let problem = admin.get(&recording).await.problem(502, "moduleFailed");
        assert!(problem["detail"].as_str().expect("a sentence").contains("service"), "{problem}");
    }
);

both!(a_link_alone_is_still_given_to_the_browser, |server| {
    let admin = server.admin().await;
    let recording = call_with(server, &admin, json!({ "url": "https://files.example.org/1.mp3" })).await;
    assert_eq!(admin.get(&recording).await.is(302).header("location"), "https://files.example.org/1.mp3");
    assert_eq!(only_call(&admin).await["recording"]["available"], true);
});
