//! The WebSocket with live changes of the user's calls.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, State};
use axum::response::Response;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::listen::Seat;
use crate::socket;
use hookswitch_core::live::message::{Message, SUBPROTOCOL};

/// Largest incoming message, in bytes. Clients only send pongs.
const MAX_INCOMING: usize = 1024;
/// Size of a socket's read and write buffers, in bytes. The library's default, 128 KiB each, is too much for a thousand
/// tabs.
const BUFFER: usize = 4096;

/// Opens a WebSocket with the subprotocol `hookswitch.v1`.
///
/// Sends a `snapshot` first, then every change. Closes with code 4401 when the session or token it was opened with
/// ends. Returns 429 if the user has too many sockets open.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    responses((status = 101, description = "The socket; its messages have the type `Message`", body = Message)),
)]
pub async fn events(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    seat: Option<Extension<Seat>>,
    upgrade: WebSocketUpgrade,
) -> ApiResult<Response> {
    let most = app.config.server.max_sockets_per_user;
    let connection =
        app.live.hub.connect(caller.user.id, caller.via.clone(), caller.until, most).ok_or_else(|| {
            Error::too_many(
                10,
                format!("You have {most} sockets open. Close a tab or a program, then try again."),
            )
        })?;
    // The session may have ended after it was looked up but before the hub knew of this socket.
    if !app.accounts.is_open(&caller.user, &caller.via).await? {
        return Err(Error::not_signed_in().into());
    }
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_INCOMING)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    Ok(upgrade.on_upgrade(async move |opened| {
        socket::serve(app, caller, connection, opened).await;
        drop(seat);
    }))
}
