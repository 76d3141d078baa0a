//! The accept loop: HTTP/1.1 with limits on connections, on the time to send a request's head and to receive a
//! response, and on the time to stop.

use hookswitch_core::Error;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tower::Service;

use crate::app::App;
use crate::error::ApiError;
use crate::remote;
use hookswitch_core::places::{Place, Places, network};

/// Size of a connection's buffer in bytes; a request's head must fit in it.
const BUFFER: usize = 32 * 1024;
/// The response to a client whose address has too many connections.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Limits for [`serve`].
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Most open connections, including upgraded ones.
    pub connections: usize,
    /// Most open connections from one address.
    pub of_address: usize,
    /// Proxies, which the limit per address does not apply to.
    pub trusted: Vec<IpNet>,
    /// Time to send a request's head.
    pub head: Duration,
    /// Time to receive a part of a response.
    pub write: Duration,
    /// Time to finish accepted requests when stopping.
    pub shutdown: Duration,
}

/// A connection's place among all connections, and among those from its client's address. Every request carries it as
/// an extension; an upgraded connection keeps it.
#[derive(Debug, Clone)]
pub struct Seat {
    _connection: Arc<OwnedSemaphorePermit>,
    address: Option<Arc<Place<IpAddr>>>,
}

/// Serves `router` until `shutdown` resolves, then finishes accepted requests for at most `bounds.shutdown`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    bounds: Bounds,
    shutdown: impl Future<Output = ()>,
) {
    let graceful = GracefulShutdown::new();
    let free = Arc::new(Semaphore::new(bounds.connections));
    let of_address = Places::new(bounds.of_address);
    let accepting = async {
        loop {
            let Ok(permit) = Arc::clone(&free).acquire_owned().await else { return };
            let (stream, peer) = accept(&listener).await;
            let address = peer.ip().to_canonical();
            let is_proxy = bounds.trusted.iter().any(|network| network.contains(&address));
            let place = if is_proxy { None } else { of_address.take(network(address)).map(Arc::new) };
            if place.is_none() && !is_proxy {
                refuse(&stream);
                continue;
            }
            let seat = Seat { _connection: Arc::new(permit), address: place };
            let connection = connection(stream, peer, router.clone(), &bounds, graceful.watcher(), seat);
            tokio::spawn(connection);
        }
    };
    tokio::select! {
        () = accepting => {}
        () = shutdown => {}
    }
    drop(listener);
    if tokio::time::timeout(bounds.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!(seconds = bounds.shutdown.as_secs(), "stopped with unfinished requests");
    }
}

/// Counts a request that comes through a trusted proxy against its client's address until the whole response is sent.
/// For direct clients, their connections count.
pub async fn share(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(address) = remote::forwarded(&parts, &app.config.server.trusted_proxies) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let Some(place) = app.requests_of_address.take(network(address)).map(Arc::new) else {
        let detail =
            "Too many requests and sockets from your address are open. Wait until others have ended.";
        return ApiError::from(Error::too_many(1, detail)).into_response();
    };
    if let Some(seat) = parts.extensions.get_mut::<Seat>() {
        seat.address = Some(Arc::clone(&place));
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _held = &place;
            frame
        }))
    })
}

/// Accepts the next connection. Errors such as too many open files are logged, and accepting is retried a little later.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn refuse(stream: &TcpStream) {
    metrics::counter!("hookswitch_connections_refused_total").increment(1);
    // A new socket takes this much at once; if not, the client sees the connection close.
    let _ = stream.try_write(TOO_MANY);
}

fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    bounds: &Bounds,
    watcher: Watcher,
    seat: Seat,
) -> impl Future<Output = ()> + Send + use<> {
    // Responses are written whole, so waiting to fill a packet would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY was refused");
    }
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(bounds.write));
    let mut http = auto::Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(bounds.head).max_buf_size(BUFFER);
    async move {
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            request.extensions_mut().insert(seat.clone());
            router.clone().call(request)
        });
        let connection = http.serve_connection_with_upgrades(TokioIo::new(Box::pin(stream)), service);
        if let Err(error) = watcher.watch(connection).await {
            tracing::debug!(%error, %peer, "connection ended early");
        }
    }
}
