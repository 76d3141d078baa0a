//! For whatever runs the server: alive, ready, metrics.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::request::Parts;
use hookswitch_script::EngineThreads;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::remote;

/// Alive: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()), responses((status = 200, description = "alive", body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready: the database takes writes. 503 when not. However often it is asked, one row a second is written. A second line says how
/// many scripts are stuck, where some are.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses((status = 200, description = "ready", body = String)))]
pub async fn readyz(State(app): State<Arc<App>>) -> ApiResult<String> {
    app.store.ping().await.map_err(|error| {
        tracing::warn!(%error, "not ready");
        Error::unavailable(5, "The database cannot be written now. The server's log says why.")
    })?;
    Ok(match app.modules.engine.threads() {
        EngineThreads { stuck: 0, .. } => "ok\n".to_owned(),
        EngineThreads { stuck, most } => {
            format!("ok\nstuck scripts: {stuck} (with {most}, no further script is started)\n")
        }
    })
}

/// Metrics as Prometheus reads them: for any signed-in user, and without signing in for a request that comes from the server's
/// own machine, not through a proxy.
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
