//! The webhook route.

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

/// Receives a provider's webhook.
///
/// The token may also be in the path, `/webhooks/{moduleId}/{token}`, for providers that append to the address or drop
/// its query.
///
/// A request that is refused leaves nothing behind. Once stored, it is processed in a task of its own: a provider that
/// disconnects early loses the response, not the event.
#[utoipa::path(
    post,
    path = "/webhooks/{moduleId}",
    tag = "webhooks",
    params(
        ("moduleId" = ModuleId, Path, description = "The module; a suffix after it is passed to the script as `path`"),
        ("token" = String, Query, description = "The module's webhook token"),
    ),
    responses(
        (status = 200, description = "The script's response; `{}` by default"),
        (status = 401, description = "Unknown module, or missing or wrong token"),
        (status = 413, description = "The body is larger than the server accepts"),
        (status = 500, description = "The script failed; the request is kept and can be replayed"),
        (status = 503, description = "The module is disabled or overloaded"),
    ),
)]
pub async fn webhook(
    State(app): State<Arc<App>>,
    RemoteAddress(remote): RemoteAddress,
    request: axum::extract::Request,
) -> Response {
    let started = Instant::now();
    // Probes must not reveal whether a module or token exists.
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

/// Receives a webhook by GET. HEAD always returns 200 and does not reach the script.
#[utoipa::path(
    get,
    path = "/webhooks/{moduleId}",
    tag = "webhooks",
    params(
        ("moduleId" = ModuleId, Path, description = "The module"),
        ("token" = String, Query, description = "The module's webhook token"),
    ),
    responses(
        (status = 200, description = "As for POST"),
        (status = 401, description = "Unknown module, or missing or wrong token"),
        (status = 500, description = "As for POST"),
        (status = 503, description = "As for POST"),
    ),
)]
pub async fn webhook_by_get(
    app: State<Arc<App>>,
    remote: RemoteAddress,
    request: axum::extract::Request,
) -> Response {
    webhook(app, remote, request).await
}

/// Returns the allowed methods, which are the same whether or not the module exists.
pub async fn options() -> Response {
    (StatusCode::NO_CONTENT, [(header::ALLOW, "GET, HEAD, OPTIONS, POST")]).into_response()
}
