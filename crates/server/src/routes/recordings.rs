//! A call's recording: a redirect to the provider, or the recording itself through this server.

use hookswitch_core::Error;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt as _;
use hookswitch_model::CallId;
use hookswitch_store::AuditAction;
use serde::Deserialize;
use tokio_util::io::{ReaderStream, StreamReader};
use url::Url;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Path, Query};
use hookswitch_core::calls::controls::{find, mask};
use hookswitch_core::calls::recording_link::recording_link;
use hookswitch_core::fetch::{Outgoing, Redirects};
use hookswitch_core::requests::encoding;
use hookswitch_core::views::number::Mask;

/// Parameters for getting a recording.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetRecording {
    /// `1` to get the recording through this server instead of a redirect to the provider. Recordings that need headers
    /// always come through this server.
    #[param(maximum = 255)]
    proxy: Option<u8>,
}

/// Returns a call's recording. Asks the module for the link each time, since links expire.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/recording",
    tag = "calls",
    params(("id" = CallId, Path), GetRecording),
    responses((status = 200, description = "The recording, through this server; `x-recording-link` says whether the provider's own link can be opened too (`direct` or `none`)", content_type = "audio/*"), (status = 206, description = "The requested `Range` of it", content_type = "audio/*"), (status = 302, description = "A redirect to the provider's link"), (status = 502, description = "The provider does not return it (`recordingUnavailable`), or returns something else, such as a sign-in page (`recordingNotAudio`)")),
)]
pub async fn get_recording(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Query(GetRecording { proxy }): Query<GetRecording>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let seen = find(&app.calls, &user, id).await?;
    let mask = mask(&app.calls, &user, &seen.view);
    let link = recording_link(&app.calls, &user, &seen).await?;
    let url = Url::parse(&link.url)
        .map_err(|_| bad_gateway("The module returned a link that is not a valid URL."))?;
    // A player requests one range after another; together they make one entry.
    let client = seen.stored.added.client_id;
    app.audit.record(user.id, AuditAction::RecordingPlayed, client, Some(id), Vec::new()).await;
    // The provider's link may contain a hidden number, and the headers are only for the provider.
    let direct = link.headers.is_empty() && !mask.hides();
    if proxy == Some(1) || !direct {
        let through = through(&app, url, link.headers, &headers, mask).await;
        let mut response = through.map_err(|error| error.masked(mask))?;
        let word = HeaderValue::from_static(if direct { "direct" } else { "none" });
        response.headers_mut().insert(RECORDING_LINK, word);
        return Ok(response);
    }
    let no_store = (header::CACHE_CONTROL, "no-store");
    Ok((StatusCode::FOUND, [(header::LOCATION, url.as_str()), no_store]).into_response())
}

/// Says whether a browser could get the recording from the provider itself: `direct` or `none`.
const RECORDING_LINK: HeaderName = HeaderName::from_static("x-recording-link");

/// Headers that are passed on because a player needs them.
const PASSED_ON: [HeaderName; 5] = [
    header::ACCEPT_RANGES,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// Media types other than `audio/*` and `video/*` that providers use for recordings.
const FILES: [&str; 7] = [
    "application/octet-stream",
    "application/binary",
    "application/force-download",
    "application/mp4",
    "application/ogg",
    "application/x-download",
    "binary/octet-stream",
];

/// Returns the recording through this server, under the same address rules as a script's `fetch`.
async fn through(
    app: &App,
    url: Url,
    with: BTreeMap<String, String>,
    asked: &HeaderMap,
    mask: Mask<'_>,
) -> ApiResult<Response> {
    let mut headers = HeaderMap::new();
    for (name, value) in with {
        let (name, value) = (name.parse::<HeaderName>(), HeaderValue::from_str(&value));
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(bad_gateway("The module returned a header that is not valid in HTTP."));
        };
        headers.insert(name, value);
    }
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let whole = headers.clone();
    for name in [header::RANGE, header::IF_RANGE] {
        if let Some(value) = asked.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let mut answer = ask(app, &url, headers).await?;
    if answer.status() == StatusCode::PARTIAL_CONTENT && encoding(&answer).is_some() {
        // A range of an encoded body cannot be decoded.
        answer = ask(app, &url, whole).await?;
    }
    let content_type = playable(answer.headers().get(header::CONTENT_TYPE), answer.status())?;
    let encoding = encoding(&answer);
    let mut response = Response::builder().status(answer.status());
    for name in PASSED_ON {
        let value = answer.headers().get(&name);
        // Some of them may contain a file name, and that a number.
        let shown =
            value.filter(|value| value.to_str().is_ok_and(|value| mask.shows(value)) || is_figure(&name));
        // Lengths and ranges of an encoded body are not those of the recording.
        if let Some(value) = shown.filter(|_| encoding.is_none()) {
            response = response.header(name, value);
        }
    }
    let bytes = answer.bytes_stream();
    let body = match encoding {
        None => Body::from_stream(bytes),
        Some(encoding) => {
            let source = Box::new(StreamReader::new(bytes.map_err(std::io::Error::other)));
            let decoded = encoding::decode(&encoding, source).await;
            let decoded =
                decoded.map_err(|error| bad_gateway(format!("Could not decode the recording: {error}.")))?;
            Body::from_stream(ReaderStream::new(decoded))
        }
    };
    // Whatever it is, a browser must play it, not show it as one of our pages.
    let response = response
        .header(header::CONTENT_TYPE, content_type)
        .header(header::CONTENT_SECURITY_POLICY, "sandbox")
        .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
        .header(header::CACHE_CONTROL, "private, no-store")
        .body(body);
    Ok(response.map_err(Error::internal)?)
}

async fn ask(app: &App, url: &Url, headers: HeaderMap) -> ApiResult<reqwest::Response> {
    let request = Outgoing {
        url: url.clone(),
        method: Method::GET,
        headers,
        body: None,
        redirects: Redirects::FollowBare,
    };
    let answer = app.fetch.send(request).await;
    let answer =
        answer.map_err(|error| bad_gateway(format!("Could not get the recording: {error}.")))?.response;
    if matches!(answer.status().as_u16(), 200 | 206 | 416) {
        return Ok(answer);
    }
    Err(bad_gateway(format!("The provider answered with {} instead of the recording.", answer.status())))
}

fn encoding(answer: &reqwest::Response) -> Option<String> {
    let encoding = answer.headers().get(header::CONTENT_ENCODING)?.to_str().ok()?;
    encoding::is_encoded(encoding).then(|| encoding.to_owned())
}

/// Returns the media type under which the recording is passed on.
///
/// # Errors
/// Returns 502 if the provider declares something else, such as a sign-in page or a JSON error.
fn playable(said: Option<&HeaderValue>, status: StatusCode) -> ApiResult<HeaderValue> {
    let file = HeaderValue::from_static("application/octet-stream");
    let Some(said) = said else { return Ok(file) };
    let text = said.to_str().unwrap_or_default().to_ascii_lowercase();
    let kind = text.split(';').next().unwrap_or_default().trim();
    if kind.starts_with("audio/") || kind.starts_with("video/") {
        return Ok(said.clone());
    }
    if kind.is_empty() || FILES.contains(&kind) || status == StatusCode::RANGE_NOT_SATISFIABLE {
        return Ok(file);
    }
    let detail = match kind {
        "text/html" | "application/xhtml+xml" => {
            "The provider answered with a web page instead of the recording. It may be a sign-in page: check whether the link has expired or the module omits its key.".to_owned()
        }
        kind => {
            let kind: String = kind.chars().take(80).collect();
            format!("The provider answered with {kind} instead of a recording.")
        }
    };
    Err(ApiError::new(StatusCode::BAD_GATEWAY, "recordingNotAudio", detail))
}

/// Whether a header contains only sizes or times.
fn is_figure(name: &HeaderName) -> bool {
    matches!(*name, header::CONTENT_LENGTH | header::CONTENT_RANGE | header::LAST_MODIFIED)
}

fn bad_gateway(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, "recordingUnavailable", detail)
}
