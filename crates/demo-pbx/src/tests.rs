//! The demo PBX over real HTTP.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use chrono::{DateTime, Utc};
use reqwest::Client;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::pbx::{Options, Pbx, extensions, start};

const SECRET: &str = "webhooks are signed with this";

/// Takes webhooks as a server would; refuses the first `failing` of them.
async fn receiver(failing: usize) -> (String, Receiver<Value>) {
    #[derive(Clone)]
    struct Taken(Sender<Value>, std::sync::Arc<std::sync::atomic::AtomicUsize>);

    async fn take(State(taken): State<Taken>, headers: HeaderMap, body: String) -> StatusCode {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
        let signature = format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())));
        assert_eq!(headers["x-pbx-signature"], signature);
        let one_less = |left: usize| left.checked_sub(1);
        let order = std::sync::atomic::Ordering::SeqCst;
        if taken.1.fetch_update(order, order, one_less).is_ok() {
            return StatusCode::SERVICE_UNAVAILABLE;
        }
        taken.0.send(serde_json::from_str(&body).expect("JSON")).await.expect("the test listens");
        StatusCode::OK
    }

    let (sender, receiver) = channel(100);
    let state = Taken(sender, std::sync::Arc::new(failing.into()));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
    let url = format!("http://{}/webhook", listener.local_addr().expect("it listens"));
    let app = Router::new().route("/webhook", post(take)).with_state(state);
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, receiver)
}

async fn pbx(webhook_url: Option<String>) -> (Pbx, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options {
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        webhook_url,
        api_key: "key".into(),
        webhook_secret: SECRET.into(),
        extensions: extensions(),
    };
    let pbx = start(options, || DateTime::<Utc>::UNIX_EPOCH).await.expect("it starts");
    let url = format!("http://{}", pbx.address);
    (pbx, url)
}

async fn post_json(url: String, body: Value) -> Value {
    let response =
        Client::new().post(url).header("x-api-key", "key").json(&body).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK, "{:?}", response.text().await);
    response.json().await.expect("JSON")
}

async fn next(webhooks: &mut Receiver<Value>) -> Value {
    let wait = std::time::Duration::from_secs(20);
    tokio::time::timeout(wait, webhooks.recv()).await.expect("a webhook").expect("the receiver runs")
}

#[tokio::test]
async fn a_call_rings_is_taken_and_its_recording_can_be_played() {
    let (webhook, mut webhooks) = receiver(0).await;
    let (_pbx, url) = pbx(Some(webhook)).await;

    let rung = post_json(format!("{url}/ring"), json!({ "to": "101", "from": "+442079460111" })).await;
    let id = rung["callId"].as_str().expect("an id").to_owned();
    let ringing = next(&mut webhooks).await;
    assert_eq!((&ringing["event"], &ringing["extension"]), (&json!("ringing"), &json!("101")));
    assert_eq!((&ringing["callId"], &ringing["from"]), (&json!(id), &json!("+442079460111")));

    post_json(format!("{url}/api/calls/{id}/accept"), json!({ "extension": "101" })).await;
    post_json(format!("{url}/api/calls/{id}/hold"), json!({ "on": true })).await;
    post_json(format!("{url}/api/calls/{id}/hangup"), json!({ "extension": "101" })).await;
    let mut told = Vec::new();
    while told.last() != Some(&json!("recorded")) {
        told.push(next(&mut webhooks).await["event"].clone());
    }
    assert_eq!(told, ["answered", "held", "ended", "recorded"]);

    let http = Client::new();
    let link = http.get(format!("{url}/api/recordings/{id}/link")).header("x-api-key", "key");
    let link: Value = link.send().await.expect("an answer").json().await.expect("JSON");
    let link = link["url"].as_str().expect("a link").to_owned();
    let whole = http.get(&link).send().await.expect("an answer").bytes().await.expect("a file");
    assert_eq!(&whole[..4], b"RIFF");
    let part = http.get(&link).header("range", "bytes=4-11").send().await.expect("an answer");
    assert_eq!(part.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(part.headers()["content-range"], format!("bytes 4-11/{}", whole.len()));
    assert_eq!(part.bytes().await.expect("a part"), whole[4..12]);
    let past =
        http.get(&link).header("range", format!("bytes={}-", whole.len())).send().await.expect("an answer");
    assert_eq!(past.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let bare = link.split('?').next().expect("a link");
    assert_eq!(http.get(bare).send().await.expect("an answer").status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn webhooks_that_are_not_taken_come_again_in_order() {
    let (webhook, mut webhooks) = receiver(2).await;
    let (_pbx, url) = pbx(None).await;
    let request = Client::new().put(format!("{url}/api/webhook-url")).header("x-api-key", "key");
    let set = request.json(&json!({ "url": webhook })).send().await.expect("an answer");
    assert_eq!(set.status(), StatusCode::OK);

    let id = post_json(format!("{url}/ring"), json!({ "to": ["101", "102"] })).await["callId"].clone();
    let id = id.as_str().expect("an id");
    post_json(format!("{url}/calls/{id}/answer"), json!({ "extension": "102" })).await;
    let mut told = Vec::new();
    for _ in 0..4 {
        let event = next(&mut webhooks).await;
        told.push((event["sequence"].as_u64().expect("a number"), event["event"].clone()));
    }
    let expected = ["ringing", "ringing", "answered", "legEnded"].map(|event| json!(event));
    assert_eq!(told, (1..=4).zip(expected).collect::<Vec<_>>());
    let counted: Value = Client::new()
        .get(format!("{url}/webhooks"))
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    assert_eq!(counted["retried"], 2);
}

#[tokio::test]
async fn the_api_wants_its_key_and_says_what_is_wrong() {
    let (_pbx, url) = pbx(None).await;
    let http = Client::new();
    let without = http.get(format!("{url}/api/members")).send().await.expect("an answer");
    assert_eq!(without.status(), StatusCode::UNAUTHORIZED);
    let gone = http.post(format!("{url}/api/calls/x-1/accept")).header("x-api-key", "key");
    let gone = gone.json(&json!({ "extension": "101" })).send().await.expect("an answer");
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert_eq!(gone.json::<Value>().await.expect("JSON")["error"], "there is no call x-1");
    let nowhere = http.put(format!("{url}/api/webhook-url")).header("x-api-key", "key");
    let nowhere = nowhere.json(&json!({ "url": "ftp://example" })).send().await.expect("an answer");
    assert_eq!(nowhere.status(), StatusCode::UNPROCESSABLE_ENTITY);
}
