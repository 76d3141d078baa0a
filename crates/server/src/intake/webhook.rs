//! The webhook route: what is checked before a request is taken.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, RawPathParams, State};
use axum::http::{HeaderMap, StatusCode, Uri, request::Parts};
use axum::response::{IntoResponse, Response};
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_store::NewRequest;
use serde_json::{Map, Value};
use url::form_urlencoded;

use super::process::process_new;
use super::steps::Steps;
use crate::app::App;
use crate::clock::random;
use crate::error::ApiError;
use crate::modules::registry::Active;

/// Stands for the token in a stored query, so that the log of requests does not give it away.
pub const TOKEN_PLACE: &str = "{token}";

/// Takes a provider's webhook.
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
    ConnectInfo(remote): ConnectInfo<SocketAddr>,
    path: RawPathParams,
    request: axum::extract::Request,
) -> Response {
    let started = Instant::now();
    let (parts, body) = request.into_parts();
    match take(&app, remote, &path, &parts, body, started).await {
        Ok(response) => response,
        Err(error) => {
            metrics::counter!("hookswitch_webhooks_refused_total", "code" => error.code().to_owned())
                .increment(1);
            error.into_response()
        }
    }
}

/// The same by GET.
#[utoipa::path(
    get,
    path = "/webhooks/{moduleId}",
    tag = "webhooks",
    params(
        ("moduleId" = ModuleId, Path, description = "The module"),
        ("token" = String, Query, description = "The module's webhook token"),
    ),
    responses((status = 200, description = "As by POST")),
)]
pub async fn webhook_by_get(
    app: State<Arc<App>>,
    remote: ConnectInfo<SocketAddr>,
    path: RawPathParams,
    request: axum::extract::Request,
) -> Response {
    webhook(app, remote, path, request).await
}

async fn take(
    app: &Arc<App>,
    remote: SocketAddr,
    path: &RawPathParams,
    parts: &Parts,
    body: Body,
    started: Instant,
) -> Result<Response, ApiError> {
    let module =
        path.iter().find(|(name, _)| *name == "moduleId").and_then(|(_, id)| id.parse::<ModuleId>().ok());
    let active = module
        .and_then(|id| app.modules.get(id))
        .filter(|active| active.accepts_token(token(&parts.uri).as_deref()));
    let active = active.ok_or_else(unauthorized)?;
    if !active.module.enabled {
        return Err(ApiError::unavailable(60, "The module is switched off."));
    }
    let body = to_bytes(body, app.config.webhooks.body_bytes).await.map_err(|_| too_large(app))?;
    let Some(slot) = active.reserve() else {
        return Err(ApiError::unavailable(1, "The module has too much to do; send the request again."));
    };
    let request = new_request(app, &active, remote, path, parts, body.to_vec());
    let steps = Steps::authenticated(started);
    let (tasks, app) = (app.tasks.clone(), Arc::clone(app));
    let task = tasks.spawn(async move { process_new(&app, &active, request, slot, steps).await });
    Ok(task.await.map_err(ApiError::internal)??)
}

fn unauthorized() -> ApiError {
    ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", "The webhook's address or its token is wrong.")
}

fn too_large(app: &App) -> ApiError {
    let detail = format!("The body is larger than {} bytes.", app.config.webhooks.body_bytes);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", detail)
}

/// The last `token` of the query.
fn token(uri: &Uri) -> Option<String> {
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.filter(|(name, _)| name == "token").last().map(|(_, value)| value.into_owned())
}

fn new_request(
    app: &App,
    active: &Active,
    remote: SocketAddr,
    path: &RawPathParams,
    parts: &Parts,
    body: Vec<u8>,
) -> NewRequest {
    let received_at = app.clock.now();
    let suffix = path.iter().find(|(name, _)| *name == "suffix").map(|(_, suffix)| suffix);
    NewRequest {
        id: RequestId::new(received_at, random()),
        module_id: active.module.id,
        received_at,
        method: parts.method.to_string(),
        path: format!("/{}", suffix.unwrap_or_default()),
        query: Value::String(without_token(parts.uri.query().unwrap_or_default())),
        headers: headers(&parts.headers),
        body,
        remote_address: Some(remote.ip().to_string()),
    }
}

/// The query as it came, byte for byte, but for the token's value: signatures are made over it.
fn without_token(query: &str) -> String {
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some(("token", _)) => format!("token={TOKEN_PLACE}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Names in lower case; repeated ones joined as HTTP allows.
fn headers(headers: &HeaderMap) -> Value {
    let mut map = Map::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        map.insert(name.to_string(), Value::String(values.collect::<Vec<_>>().join(", ")));
    }
    Value::Object(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_query_is_kept_as_it_came_but_for_the_token() {
        assert_eq!(without_token("a=%20b&token=s3cret&c"), "a=%20b&token={token}&c");
        assert_eq!(without_token(""), "");
    }
}
