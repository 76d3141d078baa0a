//! Which call a fact belongs to.

use chrono::{DateTime, TimeDelta, Utc};

use crate::call::Call;
use crate::contract::Direction;
use crate::fact::{Fact, FactKind, Parties};
use crate::view::view;

/// What an event says about which call it means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CallKey {
    /// The provider's id.
    Id(String),
    /// The numbers and the direction, of providers without ids.
    Numbers(String),
}

impl CallKey {
    /// The key of the numbers.
    #[must_use]
    pub fn numbers(parties: &Parties) -> Self {
        let direction = match parties.direction {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::Internal => "internal",
        };
        let ext = |ext: &Option<String>| ext.clone().unwrap_or_default();
        Self::Numbers(
            [direction, &parties.src, &ext(&parties.src_ext), &parties.dst, &ext(&parties.dst_ext)]
                .join("\u{1f}"),
        )
    }

    /// As one text for a database column, kinds kept apart.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Id(id) => format!("i{id}"),
            Self::Numbers(numbers) => format!("n{numbers}"),
        }
    }
}

/// How long after its end a call without an id still takes what is plainly about it (a repeated end, a lost answer).
pub const LATE_EVENT: TimeDelta = TimeDelta::minutes(10);
/// How long after its end a call without an id still takes its record.
pub const LATE_RECORD: TimeDelta = TimeDelta::hours(24);

/// The call among `candidates` (calls of one module with the fact's key) that the fact belongs to.
///
/// With an id there is at most one and it is the one. Without, it is the one that has not ended; and since ends are
/// repeated and records come late, else the last one that ended, where the fact cannot be the start of a new call.
#[must_use]
pub fn choose<'a>(key: &CallKey, fact: &Fact, candidates: &'a [Call]) -> Option<&'a Call> {
    if matches!(key, CallKey::Id(_)) {
        return candidates.first();
    }
    let mut ended: Option<(DateTime<Utc>, &Call)> = None;
    for call in candidates {
        match view(call).ended_at {
            None => return Some(call),
            Some(at) if ended.is_none_or(|(latest, _)| at > latest) => ended = Some((at, call)),
            Some(_) => {}
        }
    }
    let (ended_at, call) = ended?;
    belongs_to_ended(fact, call, ended_at).then_some(call)
}

fn belongs_to_ended(fact: &Fact, call: &Call, ended_at: DateTime<Utc>) -> bool {
    let late = fact.at - ended_at;
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
