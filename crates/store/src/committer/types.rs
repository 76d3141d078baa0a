//! Input and output of the committer.

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
    /// Its time is `received_at`.
    pub id: RequestId,
    pub module_id: ModuleId,
    pub received_at: DateTime<Utc>,
    pub method: String,
    /// The path after the module's.
    pub path: String,
    /// The query without the token.
    pub query: Box<RawValue>,
    /// The headers, except values that must not be readable at rest.
    pub headers: Box<RawValue>,
    /// Values that must not be readable at rest; stored encrypted.
    pub sealed: Option<Box<RawValue>>,
    pub body: Vec<u8>,
    pub remote_address: Option<String>,
}

/// Facts to add to calls, and the outcome of the request that reported them.
#[derive(Debug, Clone)]
pub struct Apply {
    pub submission: Submission,
    /// The outcome of the request; written with its calls.
    pub outcome: Option<Outcome>,
    /// The request itself, where it is not stored yet.
    pub request: Option<Arc<NewRequest>>,
}

/// The outcome of a request.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub status: OutcomeStatus,
    pub error: Option<RequestError>,
    /// The HTTP status of the answer.
    pub response_status: u16,
    /// What the script returned.
    pub result: Option<Box<RawValue>>,
    /// The processing steps known so far.
    pub steps: Box<RawValue>,
    pub script_version: Option<i32>,
}

/// Whether a request was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeStatus {
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
    /// Line in the TypeScript, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Column in the TypeScript, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The path of the flaw in the script's result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What an [`Apply`] did.
#[derive(Debug, Clone)]
pub struct Applied {
    /// The calls it changed.
    pub changes: Vec<CallChange>,
    /// Whether it reported something about an erased call. Nothing of that was stored then, nor of what the request said.
    pub erased: bool,
    /// Whether missed calls, through this or other members of its batch, are no longer open.
    pub missed_closed: bool,
    /// Clients created by the batch.
    pub clients_made: Vec<ClientId>,
    /// Clients removed by the batch: they were created for callers who turn out not to be missed.
    pub clients_removed: Vec<ClientId>,
    /// When the calls of its facts were found.
    pub matched_at: Instant,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CallChange {
    /// Grows with each change of the call; see also [`crate::StoredCall::version`].
    pub version: i64,
    /// The call before; `None` if it is new.
    pub before: Option<Call>,
    /// The call after; `None` if it has no facts left.
    pub after: Option<Call>,
    /// What people, or rules on their behalf, added to it.
    pub added: CallAnnotations,
    /// The client of its number.
    pub matched: ClientMatch,
}

impl CallChange {
    pub(super) fn new(change: batch::CallChange, matched: ClientMatch) -> Self {
        let batch::CallChange { version, before, after, added } = change;
        Self { version, before, after, added, matched }
    }
}
