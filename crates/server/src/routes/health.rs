//! Liveness, readiness and metrics.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use hookswitch_script::EngineThreads;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::remote;

/// Liveness: answers whenever the process runs.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, description = "alive", body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Readiness: answers 200 if the database accepts writes, otherwise 503.
///
/// Writes at most one row per second, however often it is called. If scripts are stuck, a second line says how many.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses((status = 200, description = "ready", body = String)))]
pub async fn readyz(State(app): State<Arc<App>>) -> ApiResult<String> {
    app.store.ping().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        Error::unavailable(5, "The database cannot be written to right now. See the server's log.")
    })?;
    Ok(match app.modules.engine.threads() {
        EngineThreads { stuck: 0, .. } => "ok\n".to_owned(),
        EngineThreads { stuck, most } => {
            format!("ok\nstuck scripts: {stuck} (with {most}, no further script is started)\n")
        }
    })
}

/// Returns metrics in the Prometheus text format.
///
/// Open to signed-in users, and to requests from the server's own machine that do not come through a proxy.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "metrics", body = String)))]
pub async fn metrics(
    State(app): State<Arc<App>>,
    caller: Result<SignedIn, ApiError>,
    parts: Parts,
) -> ApiResult<String> {
    if !remote::is_own_machine(&parts) {
        caller?;
    }
    metrics::gauge!("hookswitch_scripts_stuck").set(app.modules.engine.threads().stuck as f64);
    let Some(metrics) = &app.metrics else { return Ok(String::new()) };
    metrics.run_upkeep();
    Ok(metrics.render())
}
