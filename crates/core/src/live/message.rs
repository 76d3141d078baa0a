//! What the server says on a socket.

use bytes::Bytes;
use hookswitch_model::{CallId, ClientId, ModuleId};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::views::call::{ApiCall, NamedOperator};

/// The subprotocol, which names the messages' version too.
pub const SUBPROTOCOL: &str = "hookswitch.v1";

/// A message to a client. In JSON each has its `type` and `v`, the version of the messages (1).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Message {
    /// Everything the user needs to begin with.
    #[serde(rename_all = "camelCase")]
    Snapshot {
        /// The calls that are on this operator's screen.
        calls: Vec<ApiCall>,
        /// Missed calls not dealt with yet.
        missed_count: u64,
        /// Mentions of the user that they have not seen.
        mention_count: u64,
    },
    /// A call that concerns the user is new or has changed.
    Call {
        /// The whole call.
        call: Box<ApiCall>,
    },
    /// A call is to leave the user's screen.
    CallGone {
        /// Which.
        id: CallId,
        /// Why.
        reason: GoneReason,
        /// Who took it, where somebody else did.
        by: Option<NamedOperator>,
    },
    /// Something happened, for administrators alone: what they look at may be out of date.
    Activity {
        /// Whether calls changed.
        calls: bool,
        /// The modules whose log of requests, or log, has something new.
        modules: Vec<ModuleId>,
    },
    /// These clients, or their activity streams, have changed.
    Clients {
        /// Which; empty where there are too many to name.
        ids: Vec<ClientId>,
    },
    /// A call that this user dialled has appeared.
    #[serde(rename_all = "camelCase")]
    Dialed {
        /// What was dialled.
        dial_id: Uuid,
        /// The call.
        call_id: CallId,
    },
    /// The number of missed calls not dealt with yet.
    Missed {
        /// How many.
        count: u64,
    },
    /// The number of mentions of the user that they have not seen.
    Mentions {
        /// How many.
        count: u64,
    },
    /// Something to tell the user.
    #[serde(rename_all = "camelCase")]
    Notice {
        /// How serious.
        level: NoticeLevel,
        /// In plain words.
        text: String,
        /// The client it is about.
        client_id: Option<ClientId>,
    },
}

/// Why a call leaves an operator's screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum GoneReason {
    /// It ended.
    Ended,
    /// It ended without anybody answering.
    Missed,
    /// A colleague answered.
    AnsweredElsewhere,
    /// It went on to somebody else.
    Left,
    /// It turned out not to be this operator's, after a replay.
    Removed,
}

/// How serious a notice is.
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
    /// As it goes over the socket, in UTF-8.
    pub fn to_text(&self) -> Bytes {
        match serde_json::to_vec(&Versioned { v: 1, message: self }) {
            Ok(text) => text.into(),
            Err(error) => {
                // Only a map with keys that are not texts could fail, and there is none.
                tracing::error!(%error, "a socket message could not be written");
                Bytes::new()
            }
        }
    }
}
