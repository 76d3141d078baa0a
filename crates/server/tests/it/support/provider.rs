//! A fake provider over real HTTP.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

/// Serves a file under every path, supporting only ranges of the form `bytes=N-`. Returns the address.
pub async fn files(content: &'static [u8]) -> String {
    let file = async move |headers: HeaderMap| {
        let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
        let from =
            range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
        match from {
            None => content.into_response(),
            Some(from) => {
                let range = format!("bytes {from}-{}/{}", content.len() - 1, content.len());
                (StatusCode::PARTIAL_CONTENT, [(header::CONTENT_RANGE, range)], &content[from..])
                    .into_response()
            }
        }
    };
    serve(Router::new().fallback(file)).await
}

/// Requests that a fake API received: method, path with query, body.
pub type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// Serves an API that responds to method and path (without the query) with JSON. Returns its address and the requests.
pub async fn api(answers: Vec<(String, String, Value)>) -> (String, Asked) {
    let asked = Asked::default();
    let state = (Arc::new(answers), Arc::clone(&asked));
    let router = Router::new().fallback(answer).with_state(state);
    (serve(router).await, asked)
}

type Answers = Arc<Vec<(String, String, Value)>>;

async fn answer(
    State((answers, asked)): State<(Answers, Asked)>,
    method: Method,
    uri: Uri,
    request: Request,
) -> Response {
    let body: Bytes = axum::body::to_bytes(request.into_body(), 1 << 20).await.expect("a body");
    let body = String::from_utf8_lossy(&body).into_owned();
    asked.lock().expect("asked").push((method.to_string(), uri.to_string(), body));
    let known = answers.iter().find(|(of, path, _)| *of == method.as_str() && *path == uri.path());
    match known {
        Some((.., answer)) => axum::Json(answer.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Serves a router. Returns its address.
pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await.expect("a server") });
    format!("http://{address}")
}
