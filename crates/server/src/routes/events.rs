//! The socket: every change of the user's calls, live.

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

/// Bytes a client may send at once: it has nothing to say but pongs.
const MAX_INCOMING: usize = 1024;
/// Buffers of a socket, bytes. The library's own choice is 128 KiB each way, for each of a thousand tabs.
const BUFFER: usize = 4096;

/// Opens a WebSocket with the subprotocol `hookswitch.v1`. First comes a `snapshot`, then every change. It lasts no longer than
/// the session or token that it is opened with, and is closed with the code 4401 when that ends. 429 for who has too many open.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    responses((status = 101, description = "The socket; its messages are of the type `Message`", body = Message)),
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
    // The session may have been ended after it was looked up, and before the hub knew of this socket.
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
