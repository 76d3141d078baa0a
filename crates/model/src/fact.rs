//! Facts: what was reported about a call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::contract::{Direction, Disposition};
use crate::ids::{RequestId, UserId};

/// One thing that was reported about a call. A call is nothing but its facts; see [`crate::view()`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What happened.
    pub kind: FactKind,
    /// When it happened, as the provider says; else when the request arrived.
    pub at: DateTime<Utc>,
    /// Whether `at` is the provider's own time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed: bool,
    /// When the request arrived, where `at` is another time. Of a [`FactKind::TimedOut`]: when the call was heard last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<DateTime<Utc>>,
    /// The provider's order of events within one leg (or within the call, where there is no leg id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// The provider's id of the leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// How the call (or leg) came out, where the event says so.
    #[serde(default)]
    pub disposition: Disposition,
    /// Who talks with whom; left out where the event only names the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parties: Option<Parties>,
    /// The extensions it gives beside no numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Extensions>,
    /// Where a redirect goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Target>,
    /// The caller's name as the provider shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// The company's line that was called or is shown to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The recording, of a [`FactKind::Record`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// The webhook request it came with; none for what the server itself found out (a time-out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RequestId>,
}

/// What happened to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum FactKind {
    /// It rings at an operator, or an operator dials.
    Start,
    /// It was redirected to another operator.
    Redirect,
    /// It was answered.
    Answer,
    /// It was put on hold.
    Hold,
    /// It was taken off hold.
    Unhold,
    /// A record of it is there: length, and perhaps a recording.
    Record,
    /// Nothing was heard of it for too long: the server's guess that it is over.
    TimedOut,
    /// It ended, or one of its legs did.
    End,
}

/// Who talks with whom, as the contract's numbers say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    /// Which way the call goes.
    pub direction: Direction,
    /// `srcPhone` as it came.
    pub src: String,
    /// `srcPhoneExt` as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_ext: Option<String>,
    /// `dstPhone` as it came.
    pub dst: String,
    /// `dstPhoneExt` as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_ext: Option<String>,
    /// The client's number in E.164, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_e164: Option<String>,
    /// What the client's number may be besides, the likelier ones first, until it is settled which it is; see
    /// [`crate::Call::settle`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_others: Vec<String>,
    /// The operator concerned; none while only the company's line is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Target>,
}

impl Parties {
    /// The number of the outside party as it came; none for an internal call.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        match self.direction {
            Direction::In => Some(&self.src),
            Direction::Out => Some(&self.dst),
            Direction::Internal => None,
        }
    }

    /// Every number in E.164 that the client's may be, the likeliest first.
    pub fn readings(&self) -> impl Iterator<Item = &str> {
        self.client_e164.iter().chain(&self.client_others).map(String::as_str)
    }

    /// Chooses which of its readings the client's number is: the first that `is_it` says, else the likeliest.
    pub fn settle(&mut self, is_it: impl Fn(&str) -> bool) {
        if let Some(other) = self.client_others.iter_mut().find(|other| is_it(other))
            && let Some(first) = self.client_e164.as_mut().filter(|first| !is_it(first))
        {
            std::mem::swap(first, other);
        }
        self.client_others.clear();
    }
}

/// The extensions of an event that names its call by id alone. Which of them is the operator's, the call's direction says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extensions {
    /// `srcPhoneExt`: the operator of an incoming or internal call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src: Option<Target>,
    /// `dstPhoneExt`: the operator of an outgoing call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst: Option<Target>,
}

/// An operator, by internal number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The internal number.
    pub extension: String,
    /// The user bound to it when the event came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// A call's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Seconds of talk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_seconds: Option<u32>,
    /// What `VoipGetCallLink` gets; none where there is a length but no recording (yet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Fact {
    /// A fact that says only what happened and when it arrived.
    #[must_use]
    pub const fn new(kind: FactKind, at: DateTime<Utc>) -> Self {
        Self {
            kind,
            at,
            timed: false,
            arrived: None,
            sequence: None,
            leg: None,
            disposition: Disposition::Unknown,
            parties: None,
            extensions: None,
            redirect: None,
            caller_name: None,
            line: None,
            record: None,
            source: None,
        }
    }

    /// The server's guess that a call is over, since nothing was heard of it for too long.
    #[must_use]
    pub fn timed_out(call: &Call, now: DateTime<Utc>) -> Self {
        let heard = call.facts.iter().filter_map(Self::arrival).max().unwrap_or(now);
        Self { timed: true, arrived: Some(heard), ..Self::new(FactKind::TimedOut, now) }
    }

    /// When it arrived; `None` where that was not kept.
    #[must_use]
    pub fn arrival(&self) -> Option<DateTime<Utc>> {
        self.arrived.or_else(|| (!self.timed).then_some(self.at))
    }

    /// The operator it names, if any, in a call of that direction.
    #[must_use]
    pub fn operator(&self, direction: Option<Direction>) -> Option<&Target> {
        if let Some(parties) = &self.parties {
            return parties.operator.as_ref();
        }
        let given = self.extensions.as_ref()?;
        match direction? {
            Direction::In | Direction::Internal => given.src.as_ref().or(given.dst.as_ref()),
            Direction::Out => given.dst.as_ref().or(given.src.as_ref()),
        }
    }

    /// Whether the provider says when it happened, so that its place does not depend on when it arrived.
    #[must_use]
    pub const fn is_ordered(&self) -> bool {
        self.timed || self.sequence.is_some()
    }

    /// Whether both report the same thing, one of them perhaps a repetition.
    ///
    /// A hold can honestly happen twice in a call and looks the same each time: without the provider's time or
    /// sequence only its arrival tells one from the next.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        let arrival_counts =
            matches!(self.kind, FactKind::Hold | FactKind::Unhold) && self.sequence.is_none();
        let times_agree = match (self.timed, other.timed) {
            (true, true) => self.at == other.at,
            (false, false) => !arrival_counts || self.at == other.at,
            _ => false,
        };
        times_agree
            && self.kind == other.kind
            && self.sequence == other.sequence
            && self.leg == other.leg
            && self.disposition == other.disposition
            && same_parties(self.parties.as_ref(), other.parties.as_ref())
            && extensions(self) == extensions(other)
            && extension(self.redirect.as_ref()) == extension(other.redirect.as_ref())
            && self.caller_name == other.caller_name
            && self.line == other.line
            && self.record == other.record
    }
}

/// Bindings may have changed between a report and its repetition, so users do not count.
fn same_parties(a: Option<&Parties>, b: Option<&Parties>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            (a.direction, &a.src, &a.src_ext, &a.dst, &a.dst_ext)
                == (b.direction, &b.src, &b.src_ext, &b.dst, &b.dst_ext)
        }
        _ => false,
    }
}

fn extensions(fact: &Fact) -> Option<[Option<&str>; 2]> {
    fact.extensions.as_ref().map(|given| [extension(given.src.as_ref()), extension(given.dst.as_ref())])
}

fn extension(target: Option<&Target>) -> Option<&str> {
    target.map(|target| target.extension.as_str())
}
