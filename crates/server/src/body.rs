//! Time limits on request bodies.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http_body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::app::App;
use crate::error::ApiError;

/// Bytes that earn a body another second, so that a large file may take longer than a short text: 128 kbit/s.
const BYTES_A_SECOND: u64 = 16 * 1024;

/// Returns 408 if a request's body is too slow. Each part must arrive within `server.body_seconds`, and the whole body
/// within `server.body_total_seconds` plus the time that the bytes received so far have earned.
pub async fn in_time(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if http_body::Body::is_end_stream(request.body()) {
        return next.run(request).await;
    }
    let late = Arc::new(AtomicBool::new(false));
    let server = &app.config.server;
    let (idle, total) = (server.body_seconds, server.body_total_seconds.get().into());
    let request = request.map(|body| {
        Body::new(InTime {
            body,
            idle: Duration::from_secs(idle),
            total: Duration::from_secs(total),
            begun: None,
            received: 0,
            waiting: None,
            late: Arc::clone(&late),
        })
    });
    let response = next.run(request).await;
    if !late.load(Ordering::Relaxed) {
        return response;
    }
    let detail = "The request's body did not arrive in time. Send it again without pauses.";
    let mut response = ApiError::new(StatusCode::REQUEST_TIMEOUT, "bodyTooSlow", detail).into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

struct InTime {
    body: Body,
    idle: Duration,
    total: Duration,
    begun: Option<Instant>,
    received: u64,
    waiting: Option<Pin<Box<Sleep>>>,
    late: Arc<AtomicBool>,
}

impl http_body::Body for InTime {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        let begun = *this.begun.get_or_insert_with(Instant::now);
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            let bytes =
                frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
            this.received += u64::try_from(bytes).unwrap_or_default();
            this.waiting = None;
            return Poll::Ready(frame);
        }
        let waiting = this.waiting.get_or_insert_with(|| {
            let earned = Duration::from_secs(this.received / BYTES_A_SECOND);
            let at_last = begun + this.total + earned;
            Box::pin(sleep_until(at_last.min(Instant::now() + this.idle)))
        });
        ready!(waiting.as_mut().poll(cx));
        this.late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(axum::Error::new("the body did not arrive in time"))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
