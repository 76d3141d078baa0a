//! What people see of a call, derived from its facts.
//!
//! [`view`] is a pure function of the *set* of facts: it sorts them in an order independent of their arrival and folds
//! over that. So late, repeated and shuffled events produce the same call.

mod answers;
mod clock;
mod derive;
mod fold;
mod order;
mod parties;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::{Direction, Disposition};
use crate::fact::{Fact, Target};
use crate::ids::UserId;
use crate::phone;

pub use derive::{has_closing_record, history, view};

/// A call as people see it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallView {
    /// The direction; `None` while only a record or an event without numbers has arrived. Nobody sees the call then.
    pub direction: Option<Direction>,
    pub state: CallState,
    pub disposition: Disposition,
    /// The outside party's number as received.
    pub client_raw: Option<String>,
    /// The same in E.164, if it is a valid number.
    pub client_e164: Option<String>,
    /// The caller's name as shown by the provider.
    pub caller_name: Option<String>,
    /// The company's line.
    pub line: Option<String>,
    /// The operators it rang at or who had it, in that order.
    pub operators: Vec<OperatorLeg>,
    pub started_at: DateTime<Utc>,
    /// When somebody first answered.
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Seconds of talk, once known.
    pub talk_seconds: Option<u32>,
    /// Who had the call, from when to when.
    pub segments: Vec<Segment>,
    /// Passed to `VoipGetCallLink`; `None` without a recording.
    pub recording: Option<Value>,
    /// Whether it is an incoming call that ended unanswered.
    pub missed: bool,
}

impl CallView {
    /// The users it rang at or who had it.
    #[must_use]
    pub fn users(&self) -> BTreeSet<UserId> {
        self.operators.iter().filter_map(|operator| operator.user).collect()
    }

    /// Whether the outside party withholds the number, so that nobody can find, call back or recognize them.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.client_e164.is_none() && self.client_raw.as_deref().is_some_and(phone::is_withheld)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CallState {
    /// Nobody has the call (yet, or after a redirect).
    Ringing,
    /// Somebody talks.
    Talking,
    /// The operator put the call on hold.
    Held,
    /// The call is over.
    Ended,
}

impl CallState {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::Held => "held",
            Self::Ended => "ended",
        }
    }
}

/// One operator's part in a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorLeg {
    pub extension: String,
    /// The user bound to it when it rang; `None` if nobody was.
    pub user: Option<UserId>,
    pub state: OperatorState,
    /// The provider's id of the leg.
    pub leg: Option<String>,
    /// `srcPhone` of this operator's events, passed to control functions.
    pub src: String,
    /// `dstPhone` of this operator's events.
    pub dst: String,
}

/// The state of a call for one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum OperatorState {
    /// It rings at the operator.
    Ringing,
    /// The operator talks.
    Talking,
    /// The operator has the call on hold.
    Held,
    /// The call was redirected away, or the operator's leg ended while the call goes on. For an ended call: the
    /// operator talked, then somebody else did.
    Left,
    /// Somebody else answered.
    AnsweredElsewhere,
    /// The call ended unanswered.
    Missed,
    /// The call ended, and the operator had it to the end (or it is not known who did).
    Ended,
}

impl OperatorState {
    /// Whether this operator's screen shows the call.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Ringing | Self::Talking | Self::Held)
    }
}

/// A stretch of a call during which one operator had it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// `None` if the provider did not say who answered.
    pub extension: Option<String>,
    /// The user bound to the extension.
    pub user: Option<UserId>,
    pub from: DateTime<Utc>,
    /// `None` while the operator still has the call.
    pub to: Option<DateTime<Utc>>,
}

/// A fact in a call's history.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimelineFact<'a> {
    /// When it is taken to have happened.
    pub at: DateTime<Utc>,
    pub fact: &'a Fact,
    /// The operator concerned.
    pub operator: Option<&'a Target>,
}

/// When a fact happened by our clock, judged by the call's other facts.
#[must_use]
pub fn moment(fact: &Fact, facts: &[Fact]) -> DateTime<Utc> {
    clock::moment(fact, clock::correction(facts))
}
