//! What a batch of submissions makes of the calls: the one step between what is loaded and what is saved.
//!
//! The step is pure. It takes three strides, and before each one whoever holds the data answers what the stride has to know:
//!
//! | stride | has to know | does |
//! |---|---|---|
//! | [`Calls::meet`] | the calls that the facts may be about ([`Calls::add`]) | facts meet their calls |
//! | [`Changes::link`] | [`KnownClients`], as [`Changes::clients_asked`] asks | calls meet their clients; leads come and go |
//! | [`Changes::resolve`] | [`Encounters`], as [`Changes::encounters_asked`] asks | talks close missed calls |
//!
//! Then [`Changes`] says all that is to be saved, [`Changes::counters`] included. Who asks a database (`store::committer`)
//! and who has everything in memory take the same strides. An answer may hold more than was asked: the step decides what of
//! it counts.

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

/// Facts for calls, from one request or from the server itself.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The request; none for what the server itself found out.
    pub request: Option<RequestId>,
    /// The module. Facts reach no other module's calls.
    pub module_id: ModuleId,
    /// When the request arrived; for what the server itself found out, now.
    pub received_at: DateTime<Utc>,
    /// The facts, in order.
    pub facts: Vec<TargetedFact>,
    /// Whether to take back first what the request reported before.
    pub replace: bool,
    /// The client that its calls are for, where whoever dialled chose one.
    pub client: Option<ClientId>,
    /// What becomes of unknown callers; none: nothing.
    pub lead: Option<LeadRule>,
    /// The time of this processing.
    pub now: DateTime<Utc>,
}

/// A fact and the call it is about.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetedFact {
    pub target: FactTarget,
    /// What happened to it.
    pub fact: Fact,
}

impl From<KeyedFact> for TargetedFact {
    fn from(keyed: KeyedFact) -> Self {
        Self { target: FactTarget::Key(keyed.key), fact: keyed.fact }
    }
}

/// How a fact says which call it is about.
#[derive(Debug, Clone, PartialEq)]
pub enum FactTarget {
    /// As the provider says it; where there is no such call, one begins.
    Key(CallKey),
    /// By our id; where there is no such call, the fact is dropped.
    Call(CallId),
}

/// What one submission did.
pub struct Met {
    /// The calls it changed.
    pub changes: Vec<CallChange>,
    /// The calls its facts are about, changed or not.
    pub touched: Vec<CallId>,
    /// Whether facts were about a call that was erased.
    pub erased: bool,
}

/// What one submission did to one call.
#[derive(Debug, Clone, PartialEq)]
pub struct CallChange {
    /// Grows with each change of the call; see [`call_version`].
    pub version: i64,
    /// The call before; none for a new one.
    pub before: Option<Call>,
    /// The call after; none for one of which nothing is left.
    pub after: Option<Call>,
    /// What people, and rules in their place, added to it.
    pub added: CallAnnotations,
}

/// Orders the changes of a call: by the saved version, and within the batch that saved it by when they were made.
#[must_use]
pub fn call_version(saved: i32, change: u16) -> i64 {
    (i64::from(saved) << 16) | i64::from(change)
}

/// The saved version in a [`call_version`].
#[must_use]
pub fn saved_version(version: i64) -> i32 {
    i32::try_from(version >> 16).unwrap_or(i32::MAX)
}
