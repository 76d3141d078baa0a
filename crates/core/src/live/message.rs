//! The server's messages on a socket.

use bytes::Bytes;
use hookswitch_model::{CallId, ClientId, ModuleId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::call::{ApiCall, NamedOperator};

/// The subprotocol, which includes the version of the messages.
pub const SUBPROTOCOL: &str = "hookswitch.v1";

/// A message to a client. Its JSON has a `type` and `v`, the version of the messages (1).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Message {
    /// The initial state.
    #[serde(rename_all = "camelCase")]
    Snapshot {
        /// The calls on this operator's screen.
        calls: Vec<ApiCall>,
        /// The number of missed calls not dealt with yet.
        missed_count: u64,
        /// The number of unseen mentions of the user.
        mention_count: u64,
    },
    /// A call that concerns the user is new or has changed.
    Call {
        /// The whole call.
        call: Box<ApiCall>,
    },
    /// A call leaves the user's screen.
    CallGone {
        /// The call's id.
        id: CallId,
        reason: GoneReason,
        /// Who took the call, if somebody else did.
        by: Option<NamedOperator>,
    },
    /// Something happened, for administrators only: what they are viewing may be out of date.
    Activity {
        /// Whether calls changed.
        calls: bool,
        /// The modules with new entries in their request log or log.
        modules: Vec<ModuleId>,
    },
    /// These clients, or their activity streams, have changed.
    Clients {
        /// Their ids; empty if there are too many to name.
        ids: Vec<ClientId>,
    },
    /// A call dialled by this user has appeared.
    #[serde(rename_all = "camelCase")]
    Dialed {
        /// The dialled call, as returned when it was dialled.
        dial_id: Uuid,
        call_id: CallId,
    },
    /// The number of missed calls not dealt with yet.
    Missed {
        /// The number of calls.
        count: u64,
    },
    /// The number of unseen mentions of the user.
    Mentions {
        /// The number of mentions.
        count: u64,
    },
    /// A message to show to the user.
    #[serde(rename_all = "camelCase")]
    Notice {
        /// The severity.
        level: NoticeLevel,
        text: String,
        /// The client it is about.
        client_id: Option<ClientId>,
    },
}

/// Why a call leaves an operator's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum GoneReason {
    /// The call ended.
    Ended,
    /// The call ended unanswered.
    Missed,
    /// A colleague answered.
    AnsweredElsewhere,
    /// The call was redirected to somebody else.
    Left,
    /// After a replay, the call turned out not to be this operator's.
    Removed,
}

/// The severity of a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Needs a look.
    Warning,
}

#[derive(Serialize)]
struct Versioned<'a> {
    v: u8,
    #[serde(flatten)]
    message: &'a Message,
}

impl Message {
    /// The message as sent over the socket, in UTF-8.
    pub fn to_text(&self) -> Bytes {
        match serde_json::to_vec(&Versioned { v: 1, message: self }) {
            Ok(text) => text.into(),
            Err(error) => {
                // Only a map with non-string keys could fail, and there is none.
                tracing::error!(%error, "a socket message could not be encoded");
                Bytes::new()
            }
        }
    }
}
