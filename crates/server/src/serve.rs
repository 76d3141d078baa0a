//! Runs a server on a listener.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;

use crate::app::App;
use crate::listen::{self, Bounds};
use crate::{jobs, routes};

/// Serves on `listener` until `shutdown` resolves, then finishes accepted requests and closes the app. `more` are routes
/// besides those that every server has.
pub async fn serve(
    app: Arc<App>,
    more: Router<Arc<App>>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) {
    let server = &app.config.server;
    let bounds = Bounds {
        connections: server.max_connections,
        of_address: server.max_connections_per_address,
        trusted: server.trusted_proxies.clone(),
        head: Duration::from_secs(server.header_seconds),
        write: Duration::from_secs(server.write_seconds.get().into()),
        shutdown: Duration::from_secs(server.shutdown_seconds),
    };
    jobs::start(&app);
    let shutdown = async {
        shutdown.await;
        // Sockets would stay open forever.
        app.tasks.stopping.cancel();
    };
    listen::serve(listener, routes::router(&app, more), bounds, shutdown).await;
    app.close().await;
}
