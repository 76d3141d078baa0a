//! The webhook route: what is checked before a request is taken.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::uri::PathAndQuery;
use axum::http::{Method, StatusCode, header, request::Parts};
use axum::response::{IntoResponse, Response};
use hookswitch_model::{ModuleId, RequestId};

use super::address::{self, Address};
use super::headers;
use super::process::process_new;
use super::script_request::{Arrival, Received, script_request};
use super::steps::Steps;
use crate::app::App;
use crate::clock::random;
use crate::error::ApiError;
use crate::remote::RemoteAddress;

/// Takes a provider's webhook.
///
/// The token may also stand in the path, `/webhooks/{moduleId}/{token}`, for providers that append to the address or drop its query.
///
/// Everything up to storing the request can refuse it, and then nothing of it is kept. From there on it runs in a task
/// of its own: a provider that hangs up early loses its answer, not its event.
#[utoipa::path(
    post,
    path = "/webhooks/{moduleId}",
    tag = "webhooks",
    params(
        ("moduleId" = ModuleId, Path, description = "The module; a suffix after it reaches the script as `path`"),
        ("token" = String, Query, description = "The module's webhook token"),
    ),
    responses(
        (status = 200, description = "What the module's script answers; `{}` when it says nothing else"),
        (status = 401, description = "Unknown module, or missing or wrong token"),
        (status = 413, description = "The body is larger than this server takes"),
        (status = 500, description = "The script failed; the request is kept and can be replayed"),
        (status = 503, description = "The module is off, or has too much to do"),
    ),
)]
pub async fn webhook(
    State(app): State<Arc<App>>,
    RemoteAddress(remote): RemoteAddress,
    request: axum::extract::Request,
) -> Response {
    let started = Instant::now();
    // Probes tell nobody whether a module or a token is right.
    if request.method() == Method::HEAD {
        return StatusCode::OK.into_response();
    }
    let (parts, body) = request.into_parts();
    match take(&app, remote, &parts, body, started).await {
        Ok(response) => response,
        Err(error) => {
            let code = error.code().to_owned();
            app.count(|| metrics::counter!("hookswitch_webhooks_refused_total", "code" => code));
            error.into_response()
        }
    }
}

/// The same by GET. HEAD is answered with 200, whatever the address, and does not reach the script.
#[utoipa::path(
    get,
    path = "/webhooks/{moduleId}",
    tag = "webhooks",
    params(
        ("moduleId" = ModuleId, Path, description = "The module"),
        ("token" = String, Query, description = "The module's webhook token"),
    ),
    responses(
        (status = 200, description = "As by POST"),
        (status = 401, description = "Unknown module, or missing or wrong token"),
        (status = 500, description = "As by POST"),
        (status = 503, description = "As by POST"),
    ),
)]
pub async fn webhook_by_get(
    app: State<Arc<App>>,
    remote: RemoteAddress,
    request: axum::extract::Request,
) -> Response {
    webhook(app, remote, request).await
}

/// What a webhook's address takes: the same for every address, whether or not there is such a module.
pub async fn options() -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, "GET, HEAD, OPTIONS, POST")]).into_response()
}

async fn take(
    app: &Arc<App>,
    remote: IpAddr,
    parts: &Parts,
    body: Body,
    started: Instant,
) -> Result<Response, ApiError> {
    let target = parts.uri.path_and_query().map_or_else(|| parts.uri.path(), PathAndQuery::as_str);
    let module = address::module(target).parse::<ModuleId>().ok();
    let active = module.and_then(|id| app.modules.get(id)).ok_or_else(unauthorized)?;
    let address = Address::find(target, &active.module.webhook_token).ok_or_else(unauthorized)?;
    if !active.module.enabled {
        return Err(ApiError::unavailable(60, "The module is switched off."));
    }
    let bound = app.config.webhooks.body_bytes;
    let body = to_bytes(body, bound).await.map_err(|_| too_large(app))?;
    let Some(slot) = active.reserve() else {
        return Err(ApiError::unavailable(1, "The module has too much to do; send the request again."));
    };
    let turn = active.turns.take();
    let (headers, secret_headers) = headers::kept(&parts.headers, &address);
    let received = Received {
        address,
        method: parts.method.to_string(),
        headers,
        secret_headers,
        body: body.to_vec(),
        remote_address: Some(remote.to_string()),
    };
    let received_at = app.clock.now();
    let id = RequestId::new(received_at, random());
    let arrival = Arrival { id, module_id: active.module.id, received_at };
    let argument = script_request(&received, |target| app.public_url.join(target), bound).await;
    let (argument, warning) = argument.map_err(|_| too_large(app))?;
    let request = received.into_stored(arrival).map_err(ApiError::internal)?;
    let mut steps = Steps::authenticated(started);
    steps.warn(warning);
    let (tasks, app) = (app.tasks.clone(), Arc::clone(app));
    let task =
        tasks.spawn(async move { process_new(&app, &active, request, argument, (slot, turn), steps).await });
    Ok(task.await.map_err(ApiError::internal)??)
}

fn unauthorized() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "The webhook's address or its token is wrong.")
}

fn too_large(app: &App) -> ApiError {
    let detail = format!("The body is larger than {} bytes.", app.config.webhooks.body_bytes);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", detail)
}
