//! Which call a fact belongs to.

use chrono::{DateTime, TimeDelta, Utc};

use crate::call::Call;
use crate::contract::{Direction, Disposition};
use crate::fact::{Fact, FactKind, Parties};
use crate::storable::text;
use crate::view::{CallView, moment, view};

/// How an event identifies its call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CallKey {
    /// The provider's id.
    Id(String),
    /// The numbers and the direction, for providers without ids.
    Numbers(String),
}

impl CallKey {
    /// The key for the numbers. The client's number counts in E.164, so that two spellings of it match.
    #[must_use]
    pub fn numbers(parties: &Parties) -> Self {
        let client = parties.client_e164.as_deref();
        let (mut src, mut dst) = (parties.src.as_str(), parties.dst.as_str());
        match parties.direction {
            Direction::In => src = client.unwrap_or(src),
            Direction::Out => dst = client.unwrap_or(dst),
            Direction::Internal => {}
        }
        let ext = |ext: &'_ Option<String>| ext.clone().unwrap_or_default();
        Self::Numbers(
            [parties.direction.as_str(), src, &ext(&parties.src_ext), dst, &ext(&parties.dst_ext)]
                .join("\u{1f}"),
        )
    }

    /// The key as stored in a database: a string that keeps the kinds apart.
    #[must_use]
    pub fn to_text(&self) -> String {
        text(&match self {
            Self::Id(id) => format!("i{id}"),
            Self::Numbers(numbers) => format!("n{numbers}"),
        })
    }
}

/// How long after its end a call without an id still takes events that are clearly about it (a repeated end, a lost
/// answer).
pub const LATE_EVENT: TimeDelta = TimeDelta::minutes(10);
/// How long after its end a call without an id still takes its record.
pub const LATE_RECORD: TimeDelta = TimeDelta::hours(24);

/// How long after its end a call's id may be reused for another call.
pub(crate) const REUSED_ID: TimeDelta = TimeDelta::hours(24);

/// The call the fact belongs to, among `candidates` (the module's calls with the fact's key).
///
/// With an id it is the newest, unless that one ended longer than [`REUSED_ID`] ago and the fact is about other
/// numbers: the provider has reused the id then. Without an id it is
/// 1. the ended call during which the fact happened, if the provider says when;
/// 2. for a record: the call that already has this record, else the last answered call that waits for one;
/// 3. the call that has not ended;
/// 4. the last one that ended, since ends are repeated and records arrive late, unless the fact can be the start of a
///    new call.
#[must_use]
pub fn choose<'a>(key: &CallKey, fact: &Fact, candidates: &'a [Call]) -> Option<&'a Call> {
    if matches!(key, CallKey::Id(_)) {
        let newest = candidates.iter().max_by_key(|call| call.id);
        return newest.filter(|call| !is_of_another(fact, call));
    }
    let calls: Vec<_> = candidates.iter().map(|call| (call, view(call))).collect();
    let mut ended: Vec<_> =
        calls.iter().filter_map(|(call, view)| Some((view.ended_at?, *call, view))).collect();
    ended.sort_by_key(|(ended_at, call, _)| std::cmp::Reverse((*ended_at, call.id)));
    let certain = if fact.kind == FactKind::Record {
        let repeated = candidates.iter().find(|call| call.facts.iter().any(|known| known.same_as(fact)));
        repeated.or_else(|| {
            let mut calls = ended.iter();
            calls.find(|(at, call, view)| waits_for_record(fact, call, view, *at)).map(|(_, call, _)| *call)
        })
    } else {
        let mut calls = ended.iter().filter(|_| fact.timed);
        let happened_in = |call: &Call, view: &CallView, ended_at: DateTime<Utc>| {
            (view.started_at..=ended_at).contains(&moment(fact, &call.facts))
        };
        calls.find(|(at, call, view)| happened_in(call, view, *at)).map(|(_, call, _)| *call)
    };
    certain.or_else(|| calls.iter().find(|(_, view)| view.ended_at.is_none()).map(|(call, _)| *call)).or_else(
        || {
            let (ended_at, call, _) = ended.first()?;
            belongs_to_ended(fact, call, *ended_at).then_some(*call)
        },
    )
}

/// Whether a fact with a call's id is about another call, for which the provider has reused the id.
fn is_of_another(fact: &Fact, call: &Call) -> bool {
    let Some(parties) = &fact.parties else { return false };
    let mut known = call.facts.iter().filter_map(|fact| fact.parties.as_ref()).peekable();
    if known.peek().is_none() || known.any(|known| share_a_number(known, parties)) {
        return false;
    }
    let happened = moment(fact, &call.facts).min(fact.arrival().unwrap_or(fact.at));
    view(call).ended_at.is_some_and(|ended_at| happened - ended_at > REUSED_ID)
}

/// Whether both have the same client; for internal calls, whether they share an operator.
fn share_a_number(one: &Parties, other: &Parties) -> bool {
    let numbers = |parties: &Parties| match parties.direction {
        Direction::Internal => [Some(parties.src.clone()), Some(parties.dst.clone())],
        _ => [parties.client_e164.clone().or_else(|| parties.client().map(str::to_owned)), None],
    };
    let others = numbers(other);
    numbers(one).into_iter().flatten().any(|number| others.contains(&Some(number)))
}

fn waits_for_record(record: &Fact, call: &Call, view: &CallView, ended_at: DateTime<Utc>) -> bool {
    view.disposition == Disposition::Answered
        && record.at - ended_at <= LATE_RECORD
        && call.facts.iter().all(|known| known.kind != FactKind::Record)
}

fn belongs_to_ended(fact: &Fact, call: &Call, ended_at: DateTime<Utc>) -> bool {
    let late = moment(fact, &call.facts) - ended_at;
    let known = |kind| call.facts.iter().any(|known| known.kind == kind);
    match fact.kind {
        FactKind::Record => late <= LATE_RECORD,
        // A start is a new call, unless its time says otherwise or the ended call never had one.
        FactKind::Start => {
            (fact.timed && late <= TimeDelta::zero()) || (!known(FactKind::Start) && late <= LATE_EVENT)
        }
        _ => late <= LATE_EVENT,
    }
}
