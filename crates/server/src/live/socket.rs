//! One open socket: a snapshot, then every change.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message as Frame, WebSocket, close_code};
use hookswitch_model::{CallId, UserId, view};
use hookswitch_store::{Role, StoreError};
use tokio::time::{Instant, interval, timeout};

use super::message::Message;
use super::{Version, is_on_screen, missed};
use crate::app::App;
use crate::comments::mention_count;
use crate::telephony::{
    self,
    api_call::{Viewer, api_call},
};

const PING: Duration = Duration::from_secs(25);
/// A peer that has not been heard of for this long is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// A message that cannot be sent in this time will not be.
const SEND: Duration = Duration::from_secs(10);

/// Serves one socket until either side leaves.
pub async fn serve(app: Arc<App>, user: UserId, mut socket: WebSocket) {
    // Connected before the snapshot is read: a change in between is not lost, and one that the snapshot has already is
    // known by its version.
    let mut connection = app.hub.connect(user);
    let (snapshot, versions) = match snapshot(&app, user).await {
        Ok(snapshot) => snapshot,
        Err(error) => {
            tracing::error!(%error, "a socket's snapshot could not be read");
            return close(socket, close_code::ERROR, "try again").await;
        }
    };
    // Before the snapshot is sent: whoever asks for more on getting it misses nothing that happens meanwhile.
    let _watching = (app.directory.role_of(user) == Some(Role::Admin)).then(|| app.activity.watch());
    if !send(&mut socket, Frame::Text(snapshot.to_text())).await {
        return;
    }
    let mut pings = interval(PING);
    let mut heard = Instant::now();
    loop {
        let next = tokio::select! {
            frame = connection.frames.recv() => match frame {
                Some(frame) if frame.call.is_some_and(|call| is_old(&versions, call)) => continue,
                Some(frame) => Frame::Text(frame.text),
                None => return close(socket, close_code::AWAY, "too slow, or signed out: connect again").await,
            },
            _ = pings.tick() => {
                if heard.elapsed() > SILENCE {
                    return;
                }
                Frame::Ping(Default::default())
            }
            message = socket.recv() => match message {
                // Nothing is expected from the client but pongs; whatever it says shows that it is there.
                Some(Ok(Frame::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {
                    heard = Instant::now();
                    continue;
                }
            },
            () = app.stopping.cancelled() => return close(socket, close_code::RESTART, "the server stops").await,
        };
        if !send(&mut socket, next).await {
            return;
        }
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
            calls.push(api_call(&stored.call, &view, &stored.added, &matched, &viewer));
        }
    }
    let message = Message::Snapshot {
        calls,
        missed_count: missed::count(app, user).await?,
        mention_count: mention_count(app, user).await?,
    };
    Ok((message, versions))
}

async fn send(socket: &mut WebSocket, frame: Frame) -> bool {
    matches!(timeout(SEND, socket.send(frame)).await, Ok(Ok(())))
}

async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    // Whether the peer still hears it makes no difference.
    let _ = send(&mut socket, Frame::Close(Some(CloseFrame { code, reason: reason.into() }))).await;
}
