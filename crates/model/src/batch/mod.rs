//! What a batch of submissions does to the calls: the one step between loading and saving.
//!
//! The step is pure and has three parts. Before each part, the owner of the data answers a question:
//!
//! | part | needs | does |
//! |---|---|---|
//! | [`Calls::meet`] | the calls that the facts may be about ([`Calls::add`]) | applies facts to their calls |
//! | [`Changes::link`] | [`KnownClients`], as [`Changes::clients_asked`] asks | links calls to clients; creates and removes leads |
//! | [`Changes::resolve`] | [`Encounters`], as [`Changes::encounters_asked`] asks | closes missed calls by talks |
//!
//! Afterwards [`Changes`] holds everything to save, including [`Changes::counters`]. A caller with a database
//! (`store::committer`) and one with everything in memory go through the same parts. An answer may hold more than was
//! asked for: the step decides what counts.

mod calls;
mod clients;
mod lead_creation;
mod missed_resolution;

use chrono::{DateTime, Utc};

use crate::call::Call;
use crate::call_annotations::CallAnnotations;
use crate::contract::KeyedFact;
use crate::fact::Fact;
use crate::ids::{CallId, ClientId, ModuleId, RequestId};
use crate::matching::CallKey;

pub use calls::{After, Calls, ChangedCall, KnownCall, LoadedCall};
pub use clients::{Changes, ClientsAsked, KnownClients};
pub use lead_creation::{LeadRule, MadeLead, NewLead};
pub use missed_resolution::{
    Encounters, EncountersAsked, LONGEST_RING, MissedCall, Question, Reached, Talk, missed_caller, missed_key,
};

/// Facts about calls, from one request or from the server itself.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The request; `None` for what the server itself found out.
    pub request: Option<RequestId>,
    /// The module. Facts affect only this module's calls.
    pub module_id: ModuleId,
    /// When the request arrived; now, for what the server itself found out.
    pub received_at: DateTime<Utc>,
    /// In order.
    pub facts: Vec<TargetedFact>,
    /// Whether to retract first what the request reported before.
    pub replace: bool,
    /// The client the calls are with, if whoever dialled chose one.
    pub client: Option<ClientId>,
    /// What to do with unknown callers; `None` for nothing.
    pub lead: Option<LeadRule>,
    /// The time of this processing.
    pub now: DateTime<Utc>,
}

/// A fact and the call it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetedFact {
    pub target: FactTarget,
    pub fact: Fact,
}

impl From<KeyedFact> for TargetedFact {
    fn from(keyed: KeyedFact) -> Self {
        Self { target: FactTarget::Key(keyed.key), fact: keyed.fact }
    }
}

/// How a fact identifies its call.
#[derive(Debug, Clone, PartialEq)]
pub enum FactTarget {
    /// By the provider's data; a call begins if there is none.
    Key(CallKey),
    /// By our id; the fact is dropped if there is no such call.
    Call(CallId),
}

/// What one submission did.
pub struct Met {
    /// The calls it changed.
    pub changes: Vec<CallChange>,
    /// The calls its facts are about, changed or not.
    pub touched: Vec<CallId>,
    /// Whether any fact was about an erased call.
    pub erased: bool,
}

/// What one submission did to one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallChange {
    /// Grows with each change of the call; see [`call_version`].
    pub version: i64,
    /// The call before; `None` if it is new.
    pub before: Option<Call>,
    /// The call after; `None` if it has no facts left.
    pub after: Option<Call>,
    /// What people, or rules on their behalf, added to it.
    pub added: CallAnnotations,
}

/// Orders the changes of a call: by saved version, then by their order within the batch that saved it.
#[must_use]
pub fn call_version(saved: i32, change: u16) -> i64 {
    (i64::from(saved) << 16) | i64::from(change)
}

/// The saved version in a [`call_version`].
#[must_use]
pub fn saved_version(version: i64) -> i32 {
    i32::try_from(version >> 16).unwrap_or(i32::MAX)
}
