//! The state every handler gets, and running it.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::clock::Clock;
use crate::config::Config;
use crate::listen::{self, Bounds};
use crate::public_url::PublicUrl;
use crate::{observe, routes};

/// What the server is made of. Handlers take it as `State(app): State<Arc<App>>`.
#[derive(Debug)]
pub struct App {
    /// The settings.
    pub config: Config,
    /// What providers and browsers call.
    pub public_url: PublicUrl,
    /// The time.
    pub clock: Clock,
    /// The process's metrics.
    pub metrics: PrometheusHandle,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another recorder of metrics is installed.
    #[error("metrics: {0}")]
    Metrics(String),
}

impl App {
    /// Opens everything a server listening on `address` needs.
    ///
    /// # Errors
    /// When something it needs cannot be had.
    pub async fn open(config: Config, clock: Clock, address: SocketAddr) -> Result<Arc<Self>, StartError> {
        let public_url = config.server.public_url.clone().unwrap_or_else(|| PublicUrl::of_listener(address));
        let metrics = observe::metrics_handle().map_err(StartError::Metrics)?;
        Ok(Arc::new(Self { config, public_url, clock, metrics }))
    }

    /// Finishes what is under way and closes the database.
    pub async fn close(&self) {}
}

/// Serves on `listener` until `shutdown` resolves, then finishes what it accepted and closes the app.
pub async fn serve(app: Arc<App>, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let server = &app.config.server;
    let bounds = Bounds {
        connections: server.max_connections,
        head: Duration::from_secs(server.header_seconds),
        shutdown: Duration::from_secs(server.shutdown_seconds),
    };
    listen::serve(listener, routes::router(&app), bounds, shutdown).await;
    app.close().await;
}
