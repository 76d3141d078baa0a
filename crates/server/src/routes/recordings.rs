//! A call's recording: the provider's link, or the recording through this server.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookswitch_model::{CallId, contract};
use hookswitch_script::Function;
use hookswitch_store::AuditAction;
use serde::Deserialize;
use url::Url;
use utoipa::IntoParams;

use crate::app::App;
use crate::audit::audit;
use crate::auth::SignedIn;
use crate::clients::numbers::Mask;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Path, Query};
use crate::fetch::{Outgoing, Redirects};
use crate::telephony::controls::{broke_contract, find, mask, run};

/// How to get a recording.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetRecording {
    /// `1`: through this server, instead of a redirect to the provider.
    proxy: Option<u8>,
}

/// A call's recording. The module is asked for the link each time, since links expire.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/recording",
    tag = "calls",
    params(("id" = CallId, Path), GetRecording),
    responses((status = 200, description = "With `proxy=1`: the recording", content_type = "audio/*"), (status = 206, description = "With `proxy=1` and `Range`: the part asked for", content_type = "audio/*"), (status = 302, description = "The provider's link")),
)]
pub async fn get_recording(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Query(GetRecording { proxy }): Query<GetRecording>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let seen = find(&app, &user, id).await?;
    let mask = mask(&app, &user, &seen.view);
    let data = seen.view.recording.clone().ok_or_else(|| ApiError::not_found("recording"))?;
    let module =
        seen.module.ok_or_else(|| ApiError::conflict("notImplemented", "The call's module was deleted."))?;
    let function = Function::GetCallLink;
    let link = run(&app, &module, function, vec![data]).await.map_err(|error| mask.error(error))?;
    let link = contract::call_link(link).map_err(|error| mask.error(broke_contract(function, &error)))?;
    let link = Url::parse(&link).map_err(|_| bad_gateway("The module gave no link that can be followed."))?;
    // A player asks for one part after the other: that is one entry.
    let client = seen.stored.added.client_id;
    audit(&app, user.id, AuditAction::RecordingPlayed, client, Some(id), Vec::new()).await;
    // The provider's link may name the number that is hidden.
    if proxy == Some(1) || mask.hides() {
        return through(&app, link, &headers, mask).await.map_err(|error| mask.error(error));
    }
    let no_store = (header::CACHE_CONTROL, "no-store");
    Ok((StatusCode::FOUND, [(header::LOCATION, link.as_str()), no_store]).into_response())
}

/// What a player needs to know of a recording.
const PASSED_ON: [HeaderName; 6] = [
    header::ACCEPT_RANGES,
    header::CONTENT_LENGTH,
    header::CONTENT_RANGE,
    header::CONTENT_TYPE,
    header::ETAG,
    header::LAST_MODIFIED,
];

/// The recording through this server, under the same rules of address as a script's `fetch`.
async fn through(app: &App, url: Url, asked: &HeaderMap, mask: Mask<'_>) -> ApiResult<Response> {
    let mut headers = HeaderMap::new();
    for name in [header::RANGE, header::IF_RANGE] {
        if let Some(value) = asked.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    let request = Outgoing { url, method: Method::GET, headers, body: None, redirects: Redirects::Follow };
    let answer = app
        .fetch
        .send(request)
        .await
        .map_err(|error| bad_gateway(format!("The recording cannot be had: {error}.")))?;
    let answer = answer.response;
    if !matches!(answer.status().as_u16(), 200 | 206 | 416) {
        return Err(bad_gateway(format!(
            "The provider answered {} instead of the recording.",
            answer.status()
        )));
    }
    let mut response = Response::builder().status(answer.status());
    for name in PASSED_ON {
        let value = answer.headers().get(&name);
        // A file's name may be in some of them.
        let shown =
            value.filter(|value| value.to_str().is_ok_and(|value| mask.shows(value)) || is_figure(&name));
        if let Some(value) = shown {
            response = response.header(name, value);
        }
    }
    // Whatever it is, it is to be played, not shown as a page of ours.
    let response = response
        .header(header::CONTENT_SECURITY_POLICY, "sandbox")
        .header(header::CACHE_CONTROL, "private, no-store")
        .body(Body::from_stream(answer.bytes_stream()));
    response.map_err(ApiError::internal)
}

/// Whether a header only counts bytes.
fn is_figure(name: &HeaderName) -> bool {
    matches!(*name, header::CONTENT_LENGTH | header::CONTENT_RANGE | header::LAST_MODIFIED)
}

fn bad_gateway(detail: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, "recordingUnavailable", detail)
}
