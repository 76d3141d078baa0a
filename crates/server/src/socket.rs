//! One open socket: a snapshot, then every change. It lasts no longer than the session or token that it was opened with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket, close_code};
use bytes::Bytes;
use hookswitch_model::CallId;
use hookswitch_store::Role;
use tokio::time::{Instant, interval, timeout};

use crate::app::App;
use crate::auth::SignedIn;
use hookswitch_core::calls::snapshot::snapshot;
use hookswitch_core::live::{Connection, Version};

/// Close code: the session or token of the socket has ended. Connecting again is in vain before signing in again.
const SIGNED_OUT: u16 = 4401;
/// How long the peer has to take a farewell.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves one socket until either side leaves. It was connected to the hub before the snapshot is read: a change in between is
/// not lost, and one that the snapshot has already is known by its version.
pub async fn serve(app: Arc<App>, caller: SignedIn, mut connection: Connection, mut socket: WebSocket) {
    let user = caller.user.id;
    let server = &app.config.server;
    let silence = Duration::from_secs(server.socket_silence_seconds.get().into());
    let patience = Duration::from_secs(server.write_seconds.get().into());
    let (snapshot, versions) = match snapshot(&app.calls, user).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::error!(%error, "a socket's snapshot could not be read");
            return close(socket, close_code::ERROR, "try again").await;
        }
    };
    // Before the snapshot is sent: whoever asks for more on getting it misses nothing that happens meanwhile.
    let _watching =
        (app.catalog.directory.role_of(user) == Some(Role::Admin)).then(|| app.live.activity.watch());
    let mut pings = interval(Duration::from_secs(server.socket_ping_seconds.get().into()));
    let mut heard = Instant::now();
    let mut next = text(snapshot.to_text());
    loop {
        // Being let go comes before everything: nothing more is said to who was signed out.
        let sent = tokio::select! {
            biased;
            () = connection.let_go.cancelled() => return end(&app, &caller, socket).await,
            sent = send(&mut socket, next, patience) => sent,
        };
        if !sent {
            return;
        }
        next = loop {
            tokio::select! {
                biased;
                () = connection.let_go.cancelled() => return end(&app, &caller, socket).await,
                () = app.tasks.stopping.cancelled() => {
                    return close(socket, close_code::RESTART, "the server stops").await;
                }
                _ = pings.tick() => {
                    // A session may have been ended through another server.
                    if heard.elapsed() > silence || matches!(app.accounts.is_open(&caller.user, &caller.via).await, Ok(false)) {
                        return end(&app, &caller, socket).await;
                    }
                    break Frame::Ping(Default::default());
                }
                message = socket.recv() => match message {
                    // Nothing is expected from the client but pongs; whatever it says shows that it is there.
                    Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => heard = Instant::now(),
                },
                frame = connection.frames.recv() => match frame {
                    Some(frame) if frame.call.is_some_and(|call| is_old(&versions, call)) => {}
                    Some(frame) => break text(frame.text),
                    None => return end(&app, &caller, socket).await,
                },
            }
        };
    }
}

/// Closes a socket that the hub has let go of, and says why.
async fn end(app: &App, caller: &SignedIn, socket: WebSocket) {
    match app.accounts.is_open(&caller.user, &caller.via).await {
        Ok(false) => close(socket, SIGNED_OUT, "signed out").await,
        Ok(true) | Err(_) => close(socket, close_code::AWAY, "connect again").await,
    }
}

fn is_old(versions: &HashMap<CallId, Version>, (call, version): (CallId, Version)) -> bool {
    versions.get(&call).is_some_and(|known| *known >= version)
}

/// Messages are JSON, so they are UTF-8; were one not, an empty frame would go.
fn text(message: Bytes) -> Frame {
    Frame::Text(Utf8Bytes::try_from(message).unwrap_or_default())
}

async fn send(socket: &mut WebSocket, frame: Frame, patience: Duration) -> bool {
    matches!(timeout(patience, socket.send(frame)).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    // Whether the peer still hears it makes no difference.
    let _ = send(&mut socket, Frame::Close(Some(CloseFrame { code, reason: reason.into() })), FAREWELL).await;
}
