//! What people see of a call, derived from its facts.
//!
//! [`view`] is a pure function of the *set* of facts: it puts them into one order that does not depend on how they
//! arrived and folds over that. So late, repeated and shuffled events end in the same call.

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
    /// Which way it goes; none while only a record or an event without numbers has come, and then nobody sees it.
    pub direction: Option<Direction>,
    /// Where it stands.
    pub state: CallState,
    /// How it came out.
    pub disposition: Disposition,
    /// The outside party's number as it came.
    pub client_raw: Option<String>,
    /// The same in E.164, where it is a number of some country.
    pub client_e164: Option<String>,
    /// The name the provider shows for the caller.
    pub caller_name: Option<String>,
    /// The company's line.
    pub line: Option<String>,
    /// Everybody it rang at or who had it, in that order.
    pub operators: Vec<OperatorLeg>,
    pub started_at: DateTime<Utc>,
    /// When somebody first answered.
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Seconds of talk, once that is known.
    pub talk_seconds: Option<u32>,
    /// Who had it, from when to when.
    pub segments: Vec<Segment>,
    /// What `VoipGetCallLink` gets; none where there is no recording.
    pub recording: Option<Value>,
    /// An incoming call that ended and that nobody answered.
    pub missed: bool,
}

impl CallView {
    /// The users it rang at or who had it.
    #[must_use]
    pub fn users(&self) -> BTreeSet<UserId> {
        self.operators.iter().filter_map(|operator| operator.user).collect()
    }

    /// Whether the outside party withholds the number: then it is nobody whom one could find, call back or meet again.
    #[must_use]
    pub fn is_withheld(&self) -> bool {
        self.client_e164.is_none() && self.client_raw.as_deref().is_some_and(phone::is_withheld)
    }
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum CallState {
    /// Nobody has it (yet, or after a redirect).
    Ringing,
    /// Somebody talks.
    Talking,
    /// Whoever has it holds it.
    Held,
    /// It is over.
    Ended,
}

impl CallState {
    /// As in the API and the database.
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
    /// The internal number.
    pub extension: String,
    /// The user bound to it when it rang; none where nobody was.
    pub user: Option<UserId>,
    /// What the call is to this operator.
    pub state: OperatorState,
    /// The provider's id of the leg.
    pub leg: Option<String>,
    /// `srcPhone` of this operator's events: what control functions get.
    pub src: String,
    /// `dstPhone` of this operator's events.
    pub dst: String,
}

/// What a call is to one operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum OperatorState {
    /// It rings.
    Ringing,
    /// They talk.
    Talking,
    /// They hold it.
    Held,
    /// It was redirected away, or their leg ended while the call goes on; of an ended call: they talked, and then
    /// somebody else did.
    Left,
    /// Somebody else answered.
    AnsweredElsewhere,
    /// It ended without anybody answering.
    Missed,
    /// It ended, and they had it to the end (or it is not known who did).
    Ended,
}

impl OperatorState {
    /// Whether this operator's screen shows the call.
    #[must_use]
    pub const fn is_active(self) -> bool {
        matches!(self, Self::Ringing | Self::Talking | Self::Held)
    }
}

/// A stretch of a call that one operator had.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Segment {
    /// The internal number; none where the provider did not say who answered.
    pub extension: Option<String>,
    /// The user bound to it.
    pub user: Option<UserId>,
    /// From when.
    pub from: DateTime<Utc>,
    /// To when; none while they still have it.
    pub to: Option<DateTime<Utc>>,
}

/// A fact as a call's history tells it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TimelineFact<'a> {
    /// When it counts as having happened.
    pub at: DateTime<Utc>,
    /// What was reported.
    pub fact: &'a Fact,
    /// The operator concerned.
    pub operator: Option<&'a Target>,
}

/// When a fact happened by our clock, judged by the other facts of its call.
#[must_use]
pub fn moment(fact: &Fact, facts: &[Fact]) -> DateTime<Utc> {
    clock::moment(fact, clock::correction(facts))
}
