//! What goes into the committer and what comes back.

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{self, Submission};
use hookswitch_model::{Call, CallAnnotations, ClientId, ModuleId, RequestId};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::clients::ClientMatch;
use crate::requests::RequestStatus;

/// A webhook request as it arrived.
#[derive(Debug, Clone)]
pub struct NewRequest {
    /// Which; its time is `received_at`.
    pub id: RequestId,
    pub module_id: ModuleId,
    pub received_at: DateTime<Utc>,
    pub method: String,
    /// Path after the module's.
    pub path: String,
    /// The query without the token.
    pub query: Box<RawValue>,
    /// The headers, but for the values that nobody may read at rest.
    pub headers: Box<RawValue>,
    /// What nobody may read at rest: kept encrypted.
    pub sealed: Option<Box<RawValue>>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// Who sent it.
    pub remote_address: Option<String>,
}

/// Facts to be added to calls, and what became of the request that reported them.
#[derive(Debug, Clone)]
pub struct Apply {
    pub submission: Submission,
    /// What became of the request; written with its calls.
    pub outcome: Option<Outcome>,
    /// The request itself, where it is not stored yet.
    pub request: Option<Arc<NewRequest>>,
}

/// What became of a request.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// Whether it was processed.
    pub status: OutcomeStatus,
    pub error: Option<RequestError>,
    /// The HTTP status it was answered with.
    pub response_status: u16,
    /// What the script returned.
    pub result: Option<Box<RawValue>>,
    /// What is known so far of its processing.
    pub steps: Box<RawValue>,
    /// The version of the script.
    pub script_version: Option<i32>,
}

/// Whether a request was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeStatus {
    /// It was.
    Processed,
    /// Its script failed.
    Failed,
}

impl From<OutcomeStatus> for RequestStatus {
    fn from(status: OutcomeStatus) -> Self {
        match status {
            OutcomeStatus::Processed => Self::Processed,
            OutcomeStatus::Failed => Self::Failed,
        }
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestError {
    /// Stable, for programs.
    pub code: String,
    /// A sentence for the module's author.
    pub message: String,
    /// TypeScript line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// TypeScript column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// What was wrong in the script's result, as a path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What an [`Apply`] did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The calls it changed.
    pub changes: Vec<CallChange>,
    /// Whether something it reported was about a call that was erased. Nothing of that was kept, nor of the request.
    pub erased: bool,
    /// Whether missed calls, of this or of other members of its batch, are open no longer.
    pub missed_closed: bool,
    /// Clients that the batch made.
    pub clients_made: Vec<ClientId>,
    /// Clients that it removed: made of callers who turn out not to be missed.
    pub clients_removed: Vec<ClientId>,
    /// When the calls that its facts are about were found.
    pub matched_at: Instant,
}

/// A call that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct CallChange {
    /// Grows with each change of the call; see also [`crate::StoredCall::version`].
    pub version: i64,
    /// The call before; none for a new one.
    pub before: Option<Call>,
    /// The call after; none for one of which nothing is left.
    pub after: Option<Call>,
    /// What people, and rules in their place, added to it.
    pub added: CallAnnotations,
    /// Whom its number is.
    pub matched: ClientMatch,
}

impl CallChange {
    pub(super) fn new(change: batch::CallChange, matched: ClientMatch) -> Self {
        let batch::CallChange { version, before, after, added } = change;
        Self { version, before, after, added, matched }
    }
}
