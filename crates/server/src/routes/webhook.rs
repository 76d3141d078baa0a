//! The route of webhooks.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookswitch_model::ModuleId;

use crate::app::App;
use crate::error::ApiError;
use crate::remote::RemoteAddress;
use hookswitch_core::intake::admission::{Refusal, admit};

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
    let taken = async {
        let admitted = admit(&app.intake, &parts)?;
        let bound = app.intake.body_bytes;
        let body = to_bytes(body, bound).await.map_err(|_| Refusal::TooLarge(bound))?;
        admitted.take(&app.intake, &parts, body, remote, started).await
    };
    match taken.await {
        Ok(answer) => answer.map(Body::from),
        Err(refusal) => {
            let error = ApiError::from(refusal);
            let code = error.code().to_owned();
            let refused = || metrics::counter!("hookswitch_webhooks_refused_total", "code" => code);
            app.modules.world.counter(refused).increment(1);
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
