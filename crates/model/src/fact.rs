//! Facts: what was reported about a call.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::Call;
use crate::contract::{Direction, Disposition};
use crate::ids::{RequestId, UserId};

/// A report about a call. A call consists only of its facts; see [`crate::view()`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    pub kind: FactKind,
    /// When it happened according to the provider; otherwise when the request arrived.
    pub at: DateTime<Utc>,
    /// Whether `at` is the provider's own time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub timed: bool,
    /// When the request arrived, if that differs from `at`. For [`FactKind::TimedOut`]: when the call was last heard
    /// of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<DateTime<Utc>>,
    /// The provider's order of events within a leg (or within the call, without a leg id).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<i64>,
    /// The provider's id of the leg.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg: Option<String>,
    /// The disposition of the call (or leg), if the event has one.
    #[serde(default)]
    pub disposition: Disposition,
    /// Who talks with whom; `None` if the event only names the call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parties: Option<Parties>,
    /// The extensions of an event without numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extensions: Option<Extensions>,
    /// The target of a redirect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirect: Option<Target>,
    /// The caller's name as shown by the provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// The company's line that was called or is shown to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// The record, for [`FactKind::Record`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Record>,
    /// The webhook request that reported it; `None` for what the server itself found out (a time-out).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RequestId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum FactKind {
    /// The call rings at an operator, or an operator dials.
    Start,
    /// The call was redirected to another operator.
    Redirect,
    /// The call was answered.
    Answer,
    /// The call was put on hold.
    Hold,
    /// The call was taken off hold.
    Unhold,
    /// A record of the call arrived: its length, and perhaps a recording.
    Record,
    /// Nothing was heard of the call for too long, so the server assumes it is over.
    TimedOut,
    /// The call or one of its legs ended.
    End,
}

/// Who talks with whom, from the contract's numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties {
    pub direction: Direction,
    /// `srcPhone` as received.
    pub src: String,
    /// `srcPhoneExt` as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src_ext: Option<String>,
    /// `dstPhone` as received.
    pub dst: String,
    /// `dstPhoneExt` as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst_ext: Option<String>,
    /// The client's number in E.164, if it is a valid one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_e164: Option<String>,
    /// Other possible numbers of the client, the likelier first, until one is chosen; see [`crate::Call::settle`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub client_others: Vec<String>,
    /// The operator concerned; `None` while only the company's line is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Target>,
}

impl Parties {
    /// The number of the outside party as received; `None` for an internal call.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        match self.direction {
            Direction::In => Some(&self.src),
            Direction::Out => Some(&self.dst),
            Direction::Internal => None,
        }
    }

    /// Every possible number of the client in E.164, the likeliest first.
    pub fn readings(&self) -> impl Iterator<Item = &str> {
        self.client_e164.iter().chain(&self.client_others).map(String::as_str)
    }

    /// Chooses the client's number among its readings: the first accepted by `is_it`, else the likeliest.
    pub fn settle(&mut self, is_it: impl Fn(&str) -> bool) {
        if let Some(other) = self.client_others.iter_mut().find(|other| is_it(other))
            && let Some(first) = self.client_e164.as_mut().filter(|first| !is_it(first))
        {
            std::mem::swap(first, other);
        }
        self.client_others.clear();
    }
}

/// The extensions of an event that names its call by id alone. The call's direction decides which one is the
/// operator's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extensions {
    /// `srcPhoneExt`: the operator of an incoming or internal call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub src: Option<Target>,
    /// `dstPhoneExt`: the operator of an outgoing call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dst: Option<Target>,
}

/// An operator, by extension.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub extension: String,
    /// The user bound to it when the event arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
}

/// A call's record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_seconds: Option<u32>,
    /// Passed to `VoipGetCallLink`; `None` if there is a length but no recording (yet).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

impl Fact {
    /// A fact with a kind and an arrival time only.
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

    /// The assumption that a call is over because nothing was heard of it for too long.
    #[must_use]
    pub fn timed_out(call: &Call, now: DateTime<Utc>) -> Self {
        let heard = call.facts.iter().filter_map(Self::arrival).max().unwrap_or(now);
        Self { timed: true, arrived: Some(heard), ..Self::new(FactKind::TimedOut, now) }
    }

    /// When it arrived; `None` if that was not stored.
    #[must_use]
    pub fn arrival(&self) -> Option<DateTime<Utc>> {
        self.arrived.or_else(|| (!self.timed).then_some(self.at))
    }

    /// The operator named by the fact in a call of this direction.
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

    /// Whether the provider says when it happened, so that its position does not depend on its arrival.
    #[must_use]
    pub(crate) const fn is_ordered(&self) -> bool {
        self.timed || self.sequence.is_some()
    }

    /// Whether both report the same thing, one possibly as a repetition.
    ///
    /// A call can really be put on hold twice, and both events look the same. Without the provider's time or sequence
    /// only the arrival tells them apart.
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

/// Bindings may have changed between a report and its repetition, so users are ignored.
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
