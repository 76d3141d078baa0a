//! The client for addresses chosen by others, against a server on this machine.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Redirect as RedirectTo, Response};
use axum::routing::{any, get};
use hookswitch_core::fetch::{FetchClient, Outgoing, Redirects};
use hookswitch_script::{FetchRequest, FetchRoom, HostError, Redirect};
use hookswitch_server::config::Config;

/// Starts a server with the routes that the tests need; returns its address.
async fn target() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endless = async || {
        Body::from_stream(futures::stream::repeat_with(|| {
            Ok::<_, std::io::Error>(Bytes::from_static(&[0; 1024]))
        }))
    };
    let router = Router::new()
        .route("/echo", any(echo))
        .route("/to/{*url}", any(async |Path(url): Path<String>| redirect(307, &url)))
        .route("/found/{*url}", any(async |Path(url): Path<String>| redirect(302, &url)))
        .route("/loop", get(async || RedirectTo::temporary("/loop")))
        .route("/never", get(std::future::pending::<()>))
        .route("/endless", get(endless));
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

async fn echo(method: Method, headers: HeaderMap, body: String) -> String {
    let names = ["authorization", "cookie", "x-own", "host", "content-type"];
    let shown = |name: &&str| headers.get(*name).map(|value| format!("{name}: {}", value.to_str().unwrap()));
    let lines: Vec<String> = names.iter().filter_map(shown).collect();
    format!("{method} {body}\n{}", lines.join("\n"))
}

fn redirect(status: u16, url: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::LOCATION, url.to_owned())]).into_response()
}

fn client(allow: &str) -> FetchClient {
    let env = |name: &str| match name {
        "HOOKSWITCH_FETCH_ALLOW" => Some(allow.to_owned()),
        "HOOKSWITCH_FETCH_TOTAL_SECONDS" => Some("20".to_owned()),
        _ => None,
    };
    FetchClient::new(&Config::load(None, env).unwrap().fetch).unwrap()
}

fn get_of(url: impl Into<String>) -> FetchRequest {
    FetchRequest {
        url: url.into(),
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        redirect: Redirect::Follow,
        timeout_ms: Some(5000),
        max_response_bytes: 64 << 10,
    }
}

fn room() -> FetchRoom {
    FetchRoom::alone(1 << 20)
}

async fn body_of(client: &FetchClient, request: FetchRequest) -> String {
    String::from_utf8(client.fetch(request, &room()).await.unwrap().body).unwrap()
}

async fn error_of(client: &FetchClient, request: FetchRequest) -> HostError {
    client.fetch(request, &room()).await.unwrap_err()
}

#[tokio::test]
async fn this_machine_is_refused_however_it_is_spelled() {
    let port = target().await.port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "LocalHost",
    ] {
        let error = error_of(&client(""), get_of(format!("http://{host}:{port}/echo"))).await;
        assert_eq!(error.code, "refusedAddress", "{host}: {error}");
        assert!(error.message.contains("fetch.allow"), "{error}");
    }
    let metadata = error_of(&client(""), get_of("http://169.254.169.254/latest/meta-data/")).await;
    assert!(metadata.message.starts_with("169.254.169.254 was refused: it is 169.254.169.254"), "{metadata}");
}

#[tokio::test]
async fn what_the_operator_of_the_server_allows_is_reached() {
    let address = target().await;
    let port = address.port();
    let by_address = format!("http://{address}/echo");
    let by_name = format!("http://localhost:{port}/echo");

    for allow in ["127.0.0.1".to_owned(), "127.0.0.0/8".to_owned(), address.to_string()] {
        body_of(&client(&allow), get_of(&by_address)).await;
    }
    for allow in ["localhost".to_owned(), format!("LocalHost:{port}"), "127.0.0.0/8".to_owned()] {
        body_of(&client(&allow), get_of(&by_name)).await;
    }
    for allow in ["127.0.0.1:1".to_owned(), "localhost:1".to_owned(), "10.0.0.0/8".to_owned()] {
        assert_eq!(error_of(&client(&allow), get_of(&by_address)).await.code, "refusedAddress", "{allow}");
        assert_eq!(error_of(&client(&allow), get_of(&by_name)).await.code, "refusedAddress", "{allow}");
    }
    // Allowing a name does not allow the address that it resolves to.
    assert_eq!(error_of(&client("localhost"), get_of(&by_address)).await.code, "refusedAddress");
}

#[tokio::test]
async fn a_redirect_leads_nowhere_that_a_request_could_not_go() {
    let address = target().await;
    let other = target().await;
    let client = client(&address.to_string());
    for url in [
        format!("http://{other}/echo"),
        format!("http://localhost:{}/echo", address.port()),
        "http://[::1]/".to_owned(),
    ] {
        let error = error_of(&client, get_of(format!("http://{address}/to/{url}"))).await;
        assert_eq!(error.code, "refusedAddress", "{url}: {error}");
    }
    let error = error_of(&client, get_of(format!("http://{address}/to/file:///etc/passwd"))).await;
    assert_eq!(error.code, "badUrl", "{error}");
    assert_eq!(error_of(&client, get_of("ftp://example.org/")).await.code, "badUrl");
}

#[tokio::test]
async fn redirects_are_followed_given_or_refused_as_asked() {
    let address = target().await;
    let client = client("127.0.0.1");
    let start = format!("http://{address}/to/http://{address}/echo");

    let followed = client.fetch(get_of(&start), &room()).await.unwrap();
    assert_eq!(
        (followed.status, followed.redirected, followed.url),
        (200, true, format!("http://{address}/echo"))
    );
    let manual = FetchRequest { redirect: Redirect::Manual, ..get_of(&start) };
    let given = client.fetch(manual, &room()).await.unwrap();
    assert_eq!((given.status, given.redirected), (307, false));
    assert_eq!(
        error_of(&client, FetchRequest { redirect: Redirect::Error, ..get_of(&start) }).await.code,
        "redirected"
    );
    assert_eq!(error_of(&client, get_of(format!("http://{address}/loop"))).await.code, "tooManyRedirects");
}

#[tokio::test]
async fn credentials_stay_with_the_origin_they_were_for() {
    let (address, other) = (target().await, target().await);
    let client = client("127.0.0.1");
    let secret = |url: String| FetchRequest {
        headers: [("authorization", "Bearer x"), ("cookie", "a=b"), ("x-own", "kept")]
            .map(|(n, v)| (n.into(), v.into()))
            .into(),
        ..get_of(url)
    };
    let same = body_of(&client, secret(format!("http://{address}/to/http://{address}/echo"))).await;
    assert!(same.contains("authorization: Bearer x") && same.contains("cookie: a=b"), "{same}");
    let elsewhere = body_of(&client, secret(format!("http://{address}/to/http://{other}/echo"))).await;
    assert!(!elsewhere.contains("authorization") && !elsewhere.contains("cookie"), "{elsewhere}");
    assert!(elsewhere.contains("x-own: kept"), "{elsewhere}");
}

#[tokio::test]
async fn a_post_stays_one_where_http_says_so() {
    let address = target().await;
    let client = client("127.0.0.1");
    let post = |way: &str| FetchRequest {
        method: "POST".to_owned(),
        headers: vec![
            ("content-type".to_owned(), "text/plain".to_owned()),
            ("host".to_owned(), "evil.example".to_owned()),
        ],
        body: Some(hookswitch_script::Body::Text("hello".to_owned())),
        ..get_of(format!("http://{address}/{way}/http://{address}/echo"))
    };
    let expected_host = format!("host: {address}");
    assert_eq!(
        body_of(&client, post("to")).await,
        format!("POST hello\n{expected_host}\ncontent-type: text/plain")
    );
    assert_eq!(body_of(&client, post("found")).await, format!("GET \n{expected_host}"));
}

#[tokio::test]
async fn time_and_size_are_bounded() {
    let address = target().await;
    let client = client("127.0.0.1");
    let never = FetchRequest { timeout_ms: Some(50), ..get_of(format!("http://{address}/never")) };
    let error = error_of(&client, never).await;
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("timeout", "there was no complete response within 50 ms")
    );
    let error = error_of(&client, get_of(format!("http://{address}/endless"))).await;
    assert_eq!(
        (error.code.as_str(), error.message.as_str()),
        ("tooLarge", "the response has more than 65536 bytes")
    );
}

#[tokio::test]
async fn what_cannot_be_reached_says_so_plainly() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let error = error_of(&client("127.0.0.1"), get_of(format!("http://{closed}/secret?token=abc"))).await;
    assert_eq!(error.code, "failed");
    assert!(error.message.starts_with(&format!("{closed} could not be reached: ")), "{error}");
    assert!(!error.message.contains("abc"), "{error}");
}

#[tokio::test]
async fn an_answer_can_be_read_bit_by_bit() {
    let address = target().await;
    let request = Outgoing {
        url: format!("http://{address}/endless").parse().unwrap(),
        method: Method::GET,
        headers: HeaderMap::new(),
        body: None,
        redirects: Redirects::Follow,
    };
    let client = client("127.0.0.1");
    let sent = tokio::time::timeout(Duration::from_secs(10), client.send(request));
    let mut incoming = sent.await.expect("the head of the answer").unwrap();
    assert!(!incoming.response.chunk().await.unwrap().unwrap().is_empty());
}
