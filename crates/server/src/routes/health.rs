//! For whatever runs the server: alive, ready, metrics.

use std::sync::Arc;

use axum::extract::State;

use crate::app::App;

/// Alive: the process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "alive", body = String)))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// Ready: everything a request needs answers.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "ready", body = String)))]
pub async fn readyz(State(_app): State<Arc<App>>) -> &'static str {
    "ok\n"
}

/// Metrics as Prometheus reads them.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "metrics", body = String)))]
pub async fn metrics(State(app): State<Arc<App>>) -> String {
    app.metrics.run_upkeep();
    app.metrics.render()
}
