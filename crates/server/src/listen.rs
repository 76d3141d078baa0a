//! The accept loop: HTTP/1.1 with bounds on connections, on waiting for a request's head and for a client to take its answer,
//! and on the time to stop.

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

/// Bytes of a connection's buffer: the head of a request has to fit in.
const BUFFER: usize = 32 * 1024;
/// What a client is told whose address has too many connections.
const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// The bounds of [`serve`].
#[derive(Debug, Clone)]
pub struct Bounds {
    /// Connections open at once, upgraded ones included.
    pub connections: usize,
    /// Of these, from one address.
    pub of_address: usize,
    /// Proxies, to which the bound of one address does not apply.
    pub trusted: Vec<IpNet>,
    /// To send the head of a request.
    pub head: Duration,
    /// To take a part of an answer.
    pub write: Duration,
    /// To finish what was accepted when told to stop.
    pub shutdown: Duration,
}

/// A connection's place among all of them, and among those of its client's address. Every request has it as an extension; who
/// upgrades the connection keeps it.
#[derive(Debug, Clone)]
pub struct Seat {
    _connection: Arc<OwnedSemaphorePermit>,
    address: Option<Arc<Place<IpAddr>>>,
}

/// Serves `router` until `shutdown` resolves; then accepts no more and finishes what it accepted, for `bounds.shutdown` at most.
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
        tracing::warn!(seconds = bounds.shutdown.as_secs(), "stopped with requests unfinished");
    }
}

/// Gives a request that comes through a trusted proxy a place among those of its client's address, until it is answered as a
/// whole. Clients that come by themselves have one for their connection.
pub async fn share(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(address) = remote::forwarded(&parts, &app.config.server.trusted_proxies) else {
        return next.run(Request::from_parts(parts, body)).await;
    };
    let Some(place) = app.requests_of_address.take(network(address)).map(Arc::new) else {
        let detail = "Too many requests and sockets of this address are open. Wait until others have ended.";
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

/// The next connection. Errors such as too many open files pass: they are logged and tried again a little later.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn refuse(stream: &TcpStream) {
    metrics::counter!("hookswitch_connections_refused_total").increment(1);
    // A socket that was just opened takes this much at once; if not, the client sees that it was closed.
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
    // Answers are small and whole: waiting to fill a packet only makes them late.
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
