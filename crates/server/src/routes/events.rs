//! The socket: every change of the user's calls, live.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::response::Response;

use crate::app::App;
use crate::auth::SignedIn;
use crate::live::message::{Message, SUBPROTOCOL};
use crate::live::socket;

/// Bytes a client may send at once: it has nothing to say but pongs.
const MAX_INCOMING: usize = 1024;
/// Buffers of a socket, bytes. The library's own choice is 128 KiB each way, for each of a thousand tabs.
const BUFFER: usize = 4096;

/// Opens a WebSocket with the subprotocol `hookswitch.v1`. First comes a `snapshot`, then every change.
#[utoipa::path(
    get,
    path = "/api/v1/events",
    tag = "events",
    responses((status = 101, description = "The socket; its messages are of the type `Message`", body = Message)),
)]
pub async fn events(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    upgrade: WebSocketUpgrade,
) -> Response {
    let upgrade = upgrade
        .protocols([SUBPROTOCOL])
        .max_message_size(MAX_INCOMING)
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER);
    upgrade.on_upgrade(move |opened| socket::serve(app, user.id, opened))
}
