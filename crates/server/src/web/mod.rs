//! Serves the web app.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headers::{ETag, HeaderMapExt as _, IfNoneMatch};
use rust_embed::EmbeddedFile;

use crate::app::App;
use crate::error::ApiError;
use crate::web_files::WebFiles;

mod policy;

/// The app's only page, which decides by the URL what to show.
const PAGE: &str = "index.html";

/// Folder of the app's own files. An old page may request one that no longer exists, and must not get the page instead.
const APP_FILES: &str = "_app/";

/// First segments of server routes, where a wrong URL is an error, not a page.
const NOT_PAGES: [&str; 8] =
    ["api", "webhooks", "docs", "openapi.json", "healthz", "readyz", "metrics", "demo"];

/// Encodings of precompressed files: the name in HTTP and the file's suffix, smallest first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// Serves everything without a route: a file of the web app, or its page.
pub async fn fallback(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let not_found = || Error::not_found("route");
    let path = uri.path().trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if !matches!(method, Method::GET | Method::HEAD) || NOT_PAGES.contains(&first) {
        return Err(not_found().into());
    }
    if let Some(file) = (app.web)(path) {
        return Ok(answer(app.web, path, &file, &headers));
    }
    if path.starts_with(APP_FILES) {
        return Err(not_found().into());
    }
    match (app.web)(PAGE) {
        Some(page) => Ok(answer(app.web, PAGE, &page, &headers)),
        None if path.is_empty() => Ok(NOT_BUILT.into_response()),
        None => Err(not_found().into()),
    }
}

const NOT_BUILT: Html<&str> = Html(
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Hookswitch</title>\
     <h1>Hookswitch</h1><p>The server runs, but it was built without the web app. Build the app with \
     <code>npm install &amp;&amp; npm run build</code> in the folder <code>web</code>, then the server again. The HTTP API is \
     described at <a href=\"/docs\">/docs</a>.</p></html>",
);

fn answer(web: WebFiles, path: &str, file: &EmbeddedFile, asked: &HeaderMap) -> Response {
    let encoded = ENCODINGS.iter().filter(|(coding, _)| accepts(asked, coding));
    let encoded = encoded.filter_map(|(coding, ending)| Some((*coding, web(&format!("{path}{ending}"))?)));
    let (coding, sent) =
        encoded.map(|(coding, file)| (Some(coding), file)).next().unwrap_or((None, file.clone()));

    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache_control(path)));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // On every file, since a worker's policy comes with its script.
    headers.insert(header::CONTENT_SECURITY_POLICY, policy::policy((path == PAGE).then_some(&file.data)));
    let etag = etag(&sent);
    let known = etag.as_ref().is_some_and(|etag| {
        asked.typed_get::<IfNoneMatch>().is_some_and(|known| !known.precondition_passes(etag))
    });
    etag.into_iter().for_each(|etag| headers.typed_insert(etag));
    if known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    headers.extend(content_type(file).map(|value| (header::CONTENT_TYPE, value)));
    headers.extend(coding.map(|coding| (header::CONTENT_ENCODING, HeaderValue::from_static(coding))));
    (headers, Body::from(sent.data)).into_response()
}

/// Returns whether the browser explicitly accepts the encoding.
fn accepts(asked: &HeaderMap, coding: &str) -> bool {
    let offers = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    offers.flat_map(|offers| offers.split(',')).any(|offer| {
        let (name, weight) = offer.split_once(';').unwrap_or((offer, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case(coding) && weight != Some(0.0)
    })
}

/// File names in `immutable` change with their content. The page refers to them, so it is revalidated every time.
fn cache_control(path: &str) -> &'static str {
    match path {
        PAGE => "no-cache",
        _ if path.starts_with("_app/immutable/") => "public, max-age=31536000, immutable",
        _ => "public, max-age=60",
    }
}

fn etag(file: &EmbeddedFile) -> Option<ETag> {
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(file.metadata.sha256_hash())).parse().ok()
}

fn content_type(file: &EmbeddedFile) -> Option<HeaderValue> {
    let mime = file.metadata.mimetype();
    let charset = if mime.starts_with("text/") { "; charset=utf-8" } else { "" };
    HeaderValue::from_str(&format!("{mime}{charset}")).ok()
}
