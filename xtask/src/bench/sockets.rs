//! The operators' screens: WebSockets that record when each change of a call arrives.

use super::prepare::Operator;
use super::report::Latencies;
use super::traffic::{CallNumber, Step};
use anyhow::{Context, Result};
use futures::StreamExt;
use serde::Deserialize;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// When each webhook was due, and how much later its message reached the sockets.
#[derive(Default)]
pub struct Clock {
    due: HashMap<(CallNumber, Step), Instant>,
    pub latencies: Latencies,
}

pub type SharedClock = Arc<Mutex<Clock>>;

pub fn with_clock<R>(clock: &SharedClock, action: impl FnOnce(&mut Clock) -> R) -> R {
    action(&mut clock.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Records when a webhook was due.
pub fn note_due(clock: &SharedClock, call: CallNumber, step: Step, moment: Instant) {
    with_clock(clock, |clock| clock.due.insert((call, step), moment));
}

/// Opens `count` sockets, spread evenly over the operators, and reads them until the runtime ends.
pub async fn open(
    address: SocketAddr,
    operators: &[Operator],
    count: u64,
    clock: &SharedClock,
) -> Result<()> {
    for operator in operators.iter().cycle().take(usize::try_from(count)?) {
        let mut request = format!("ws://{address}/api/v1/events").into_client_request()?;
        let headers = request.headers_mut();
        headers.insert("authorization", format!("Bearer {}", operator.token).parse()?);
        headers.insert("sec-websocket-protocol", "hookswitch.v1".parse()?);
        let (socket, _) = connect_async(request).await.context("a WebSocket was refused")?;
        tokio::spawn(read(socket, Arc::clone(clock)));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
enum ServerMessage {
    Call {
        call: CallPart,
    },
    CallGone {
        id: String,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallPart {
    id: String,
    call_id: Option<String>,
    state: String,
}

async fn read(mut socket: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>, clock: SharedClock) {
    // The calls on this screen: number and last known step.
    let mut shown: HashMap<String, (CallNumber, Step)> = HashMap::new();
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let arrived = Instant::now();
        let news = match serde_json::from_str(&text) {
            Ok(ServerMessage::Call { call }) => call_news(call, &mut shown),
            Ok(ServerMessage::CallGone { id }) => shown.remove(&id).map(|(call, _)| (call, Step::End)),
            Ok(ServerMessage::Other) | Err(_) => None,
        };
        if let Some(news) = news {
            with_clock(&clock, |clock| {
                if let Some(due) = clock.due.get(&news) {
                    clock.latencies.record(arrived.saturating_duration_since(*due));
                }
            });
        }
    }
}

/// Returns the step in a `call` message, unless the screen already knows it.
fn call_news(call: CallPart, shown: &mut HashMap<String, (CallNumber, Step)>) -> Option<(CallNumber, Step)> {
    let number = call.call_id?.parse().ok()?;
    let step = match call.state.as_str() {
        "ringing" => Step::Start,
        "talking" | "held" => Step::Answer,
        _ => Step::End,
    };
    if shown.get(&call.id).is_some_and(|(_, known)| *known >= step) {
        return None;
    }
    if step == Step::End {
        shown.remove(&call.id);
    } else {
        shown.insert(call.id, (number, step));
    }
    Some((number, step))
}
