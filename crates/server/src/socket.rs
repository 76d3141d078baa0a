//! An open socket: sends a snapshot, then every change, until the session or token it was opened with ends.

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

/// Close code: the socket's session or token has ended. Sign in before connecting again.
const SIGNED_OUT: u16 = 4401;
/// How long to wait for the peer to receive the close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves a socket until either side closes it.
///
/// The socket joins the hub before the snapshot is read, so that no change in between is lost. Changes that the
/// snapshot already contains are recognized by their version.
pub async fn serve(app: Arc<App>, caller: SignedIn, mut connection: Connection, mut socket: WebSocket) {
    let user = caller.user.id;
    let server = &app.config.server;
    let silence = Duration::from_secs(server.socket_silence_seconds.get().into());
    let patience = Duration::from_secs(server.write_seconds.get().into());
    let (snapshot, versions) = match snapshot(&app.calls, user).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::error!(%error, "cannot read a socket's snapshot");
            return close(socket, close_code::ERROR, "try again").await;
        }
    };
    // Starts before the snapshot is sent, so that a client that requests more upon receiving it misses nothing.
    let _watching =
        (app.catalog.directory.role_of(user) == Some(Role::Admin)).then(|| app.live.activity.watch());
    let mut pings = interval(Duration::from_secs(server.socket_ping_seconds.get().into()));
    let mut heard = Instant::now();
    let mut next = text(snapshot.to_text());
    loop {
        // Disconnection comes first: nothing more is sent to a user who has been signed out.
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
                    // The session may have been ended through another server.
                    if heard.elapsed() > silence || matches!(app.accounts.is_open(&caller.user, &caller.via).await, Ok(false)) {
                        return end(&app, &caller, socket).await;
                    }
                    break Frame::Ping(Default::default());
                }
                message = socket.recv() => match message {
                    // Only pongs are expected, but anything shows that the client is there.
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

/// Closes a socket that the hub has disconnected, and says why.
async fn end(app: &App, caller: &SignedIn, socket: WebSocket) {
    match app.accounts.is_open(&caller.user, &caller.via).await {
        Ok(false) => close(socket, SIGNED_OUT, "signed out").await,
        Ok(true) | Err(_) => close(socket, close_code::AWAY, "connect again").await,
    }
}

fn is_old(versions: &HashMap<CallId, Version>, (call, version): (CallId, Version)) -> bool {
    versions.get(&call).is_some_and(|known| *known >= version)
}

/// Makes a text frame. Messages are JSON and so UTF-8; otherwise the frame would be empty.
fn text(message: Bytes) -> Frame {
    Frame::Text(Utf8Bytes::try_from(message).unwrap_or_default())
}

async fn send(socket: &mut WebSocket, frame: Frame, patience: Duration) -> bool {
    matches!(timeout(patience, socket.send(frame)).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    // It does not matter whether the peer still receives it.
    let _ = send(&mut socket, Frame::Close(Some(CloseFrame { code, reason: reason.into() })), FAREWELL).await;
}
