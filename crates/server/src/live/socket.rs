//! One open socket: a snapshot, then every change. It lasts no longer than the session or token that it was opened with.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, close_code};
use hookswitch_model::{CallId, UserId, view};
use hookswitch_store::{Role, StoreError};
use tokio::time::{Instant, interval, timeout};

use super::message::Message;
use super::{Connection, Version, is_on_screen, missed};
use crate::app::App;
use crate::auth::SignedIn;
use crate::comments::mention_count;
use crate::telephony::{
    self,
    api_call::{Viewer, api_call},
};

/// Close code: the session or token of the socket has ended. Connecting again is in vain before signing in again.
const SIGNED_OUT: u16 = 4401;
/// How long the peer has to take a farewell.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often it is looked whether sessions and tokens have expired.
const EXPIRY: Duration = Duration::from_secs(1);

/// Serves one socket until either side leaves. It was connected to the hub before the snapshot is read: a change in between is
/// not lost, and one that the snapshot has already is known by its version.
pub async fn serve(app: Arc<App>, caller: SignedIn, mut connection: Connection, mut socket: WebSocket) {
    let user = caller.user.id;
    let server = &app.config.server;
    let silence = Duration::from_secs(server.socket_silence_seconds.get().into());
    let patience = Duration::from_secs(server.write_seconds.get().into());
    let (snapshot, versions) = match snapshot(&app, user).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::error!(%error, "a socket's snapshot could not be read");
            return close(socket, close_code::ERROR, "try again").await;
        }
    };
    // Before the snapshot is sent: whoever asks for more on getting it misses nothing that happens meanwhile.
    let _watching = (app.directory.role_of(user) == Some(Role::Admin)).then(|| app.activity.watch());
    let mut pings = interval(Duration::from_secs(server.socket_ping_seconds.get().into()));
    let mut heard = Instant::now();
    let mut next = Frame::Text(snapshot.to_text());
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
                () = app.stopping.cancelled() => {
                    return close(socket, close_code::RESTART, "the server stops").await;
                }
                _ = pings.tick() => {
                    // A session may have been ended through another server.
                    if heard.elapsed() > silence || matches!(caller.holds(&app).await, Ok(false)) {
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
                    Some(frame) => break Frame::Text(frame.text),
                    None => return end(&app, &caller, socket).await,
                },
            }
        };
    }
}

/// Looks every second, as long as the server runs, for sockets whose session or token has expired.
pub async fn expire(app: Arc<App>) {
    let mut ticks = interval(EXPIRY);
    loop {
        ticks.tick().await;
        app.hub.disconnect_expired(app.clock.now());
    }
}

/// Closes a socket that the hub has let go of, and says why.
async fn end(app: &App, caller: &SignedIn, socket: WebSocket) {
    match caller.holds(app).await {
        Ok(false) => close(socket, SIGNED_OUT, "signed out").await,
        Ok(true) | Err(_) => close(socket, close_code::AWAY, "connect again").await,
    }
}

fn is_old(versions: &HashMap<CallId, Version>, (call, version): (CallId, Version)) -> bool {
    versions.get(&call).is_some_and(|known| *known >= version)
}

async fn snapshot(app: &App, user: UserId) -> Result<(Message, HashMap<CallId, Version>), StoreError> {
    let active = app.store.active_calls(Some(user)).await?;
    let versions = active.iter().map(|stored| (stored.call.id, stored.version)).collect();
    let mut calls = Vec::new();
    for stored in &active {
        let view = view(&stored.call);
        if is_on_screen(&view, user) {
            let module = app.modules.get(stored.call.module_id);
            let matched = telephony::matched(app, &view, &stored.added).await?;
            let viewer = Viewer::new(app, user, module.as_deref());
            calls.push(api_call(&stored.call, stored.version, &view, &stored.added, &matched, &viewer));
        }
    }
    let message = Message::Snapshot {
        calls,
        missed_count: missed::count(app, user).await?,
        mention_count: mention_count(app, user).await?,
    };
    Ok((message, versions))
}

async fn send(socket: &mut WebSocket, frame: Frame, patience: Duration) -> bool {
    matches!(timeout(patience, socket.send(frame)).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    // Whether the peer still hears it makes no difference.
    let _ = send(&mut socket, Frame::Close(Some(CloseFrame { code, reason: reason.into() })), FAREWELL).await;
}
