//! The process: how it ends, and what it logs.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::process::Child;

use crate::support::process::{hookswitch, ready, serve, terminate};
use crate::support::{Client, Database};

/// A request without the last byte of its body.
const BEGUN: &str = "POST /api/v1/session HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                     content-length: 35\r\n\r\n{\"login\":\"ann\",\"password\":\"secret\"";

async fn begin(address: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).await.unwrap();
    stream.write_all(BEGUN.as_bytes()).await.unwrap();
    // A response on a later connection shows that the server has accepted this one.
    Client::new(address.to_owned(), std::sync::Arc::default()).get("/healthz").await.is(200);
    stream
}

async fn no_more_connections(address: &str) {
    let refused = async {
        while TcpStream::connect(address.trim_start_matches("http://")).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .expect("a server that takes no more connections");
}

async fn end(child: &mut Child) -> Option<i32> {
    tokio::time::timeout(Duration::from_secs(30), child.wait()).await.expect("an end").unwrap().code()
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_finishes_what_it_accepted() {
    let database = Database::sqlite();
    let (mut child, address, _, _lines) = serve(&database).await;
    let mut request = begin(&address).await;

    terminate(&child).await;
    no_more_connections(&address).await;
    request.write_all(b"}").await.unwrap();
    let mut answer = String::new();
    request.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(answer.contains("wrongCredentials"), "{answer}");
    assert_eq!(end(&mut child).await, Some(0));
}

#[tokio::test]
async fn it_does_not_wait_for_ever() {
    let database = Database::sqlite();
    let mut child =
        hookswitch(&database, "serve").env("HOOKSWITCH_SERVER_SHUTDOWN_SECONDS", "1").spawn().unwrap();
    let (address, _, _lines) = ready(&mut child).await;
    let _request = begin(&address).await;
    terminate(&child).await;
    assert_eq!(end(&mut child).await, Some(0));
}

#[tokio::test]
async fn the_log_is_json_if_asked_and_holds_no_secrets() {
    let database = Database::sqlite();
    let mut child = hookswitch(&database, "serve")
        .env("HOOKSWITCH_LOG", "debug")
        .env("HOOKSWITCH_LOG_FORMAT", "json")
        .env("HOOKSWITCH_LISTENS", "a typo")
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut log = String::new();
        stderr.read_to_string(&mut log).await.map(|_| log)
    });
    let (address, _, _lines) = ready(&mut child).await;
    let client = Client::new(address.clone(), std::sync::Arc::default())
        .header("cookie", "hookswitch_session=hush-cookie")
        .header("authorization", "Bearer hush-bearer");
    let module = "018f3b1c-0000-7000-8000-000000000000";
    let answer = client.get(&format!("/webhooks/{module}/suffix?token=hush-query")).await;
    let id = answer.header("x-request-id").to_owned();
    client
        .post("/api/v1/session", serde_json::json!({ "login": "ann", "password": "hush-password" }))
        .await
        .is(401);
    terminate(&child).await;
    assert_eq!(end(&mut child).await, Some(0));

    let log = log.await.unwrap().unwrap();
    assert!(!log.contains("hush"), "{log}");
    assert!(log.contains("HOOKSWITCH_LISTENS"), "{log}");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let answered =
        lines.iter().find(|line| line["span"]["id"] == id.as_str()).expect("a line of the request");
    assert_eq!(answered["span"]["route"], "/webhooks/{moduleId}/{*suffix}", "{answered}");
}

fn memory(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[tokio::test]
async fn a_flood_of_sign_ins_takes_little_memory_and_little_log() {
    let database = Database::sqlite();
    let mut child =
        hookswitch(&database, "serve").env("HOOKSWITCH_SERVER_TRUSTED_PROXIES", "127.0.0.1").spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut log = Vec::new();
        stderr.read_to_end(&mut log).await.map(|_| log.len())
    });
    let (address, _, _lines) = ready(&mut child).await;
    let post = async |n: u32, login: String| {
        let from = format!("198.51.{}.{}", n / 200, n % 200);
        let client = Client::new(address.clone(), std::sync::Arc::default()).header("x-forwarded-for", &from);
        let body = serde_json::json!({ "login": login, "password": "a guess" });
        client.post("/api/v1/session", body).await.status.as_u16()
    };
    for n in 0..20 {
        assert_eq!(post(n, format!("warm up {n}")).await, 401);
    }
    let before = memory(&child);
    for n in 0..60 {
        // The server may close the connection before it has read everything.
        assert_eq!(post(n, format!("{n}{}", "x".repeat(5000))).await, 413);
        assert_eq!(post(n, format!("{n}{}", "x".repeat(200))).await, 422);
        assert_eq!(post(n, format!("{n:x>100}")).await, 401);
    }
    let grown = memory(&child).saturating_sub(before);
    assert!(grown < 64 << 20, "{grown} bytes for 180 requests");
    terminate(&child).await;
    assert_eq!(end(&mut child).await, Some(0));
    let logged = log.await.unwrap().unwrap();
    assert!(logged < 80 * 400 + 10_000, "{logged} bytes of log");
}
