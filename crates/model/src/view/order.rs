//! One order for a call's facts, whichever way they arrived.

use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

use crate::call::Call;
use crate::fact::{Fact, FactKind};

/// A fact and the latest moment at which it can have happened.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub at: DateTime<Utc>,
    pub fact: &'a Fact,
}

/// The facts in order, and the one that ended the call, if it has ended.
///
/// A fact cannot have happened after something that the provider says came later (`sequence`), nor after the call's
/// end. So each is placed at the earliest of its own time and theirs; what arrived late slides back to where it belongs.
pub(super) fn placed(facts: &[Fact]) -> (Vec<Placed<'_>>, Option<Placed<'_>>) {
    let mut placed: Vec<_> =
        facts.iter().map(|fact| Placed { at: before_successors(fact, facts), fact }).collect();
    placed.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    let end = end_of(&placed);
    if let Some(end) = end {
        for other in &mut placed {
            other.at = other.at.min(end.at);
        }
    }
    (placed, end)
}

/// The order in which a call is told: records come whenever they come, and whom they name, they name last.
pub(super) fn records_last<'p, 'a>(placed: &'p [Placed<'a>]) -> impl Iterator<Item = &'p Placed<'a>> {
    let of_kind = move |record| placed.iter().filter(move |p| (p.fact.kind == FactKind::Record) == record);
    of_kind(false).chain(of_kind(true))
}

/// A call's facts in the order in which [`super::view`] tells it, and when each counts as having happened.
pub fn history(call: &Call) -> Vec<(DateTime<Utc>, &Fact)> {
    let (placed, _) = placed(&call.facts);
    // A record is about a call that is over; it came when it came.
    let at = |p: &Placed<'_>| if p.fact.kind == FactKind::Record { p.fact.at } else { p.at };
    records_last(&placed).map(|p| (at(p), p.fact)).collect()
}

fn before_successors(fact: &Fact, facts: &[Fact]) -> DateTime<Utc> {
    let Some(sequence) = fact.sequence else { return fact.at };
    let later = facts.iter().filter(|other| other.leg == fact.leg && other.sequence >= Some(sequence));
    later.map(|other| other.at).min().unwrap_or(fact.at)
}

/// Ends the ties between facts of one moment the same way each time.
fn sort_key<'a>(placed: &Placed<'a>) -> impl Ord + use<'a> {
    let fact = placed.fact;
    let parties = fact.parties.as_ref().map(|p| (&p.src, &p.src_ext, &p.dst, &p.dst_ext, p.direction));
    let redirect = fact.redirect.as_ref().map(|target| &target.extension);
    (placed.at, fact.sequence, fact.kind, &fact.leg, parties, redirect, fact.disposition, fact.source)
}

/// What ended the call: an end without a leg; else the last of the legs' ends, once every leg has one; else a time-out.
fn end_of<'a>(placed: &[Placed<'a>]) -> Option<Placed<'a>> {
    let of_kind = |kind| placed.iter().filter(move |p| p.fact.kind == kind);
    if let Some(end) = of_kind(FactKind::End).find(|p| p.fact.leg.is_none()) {
        return Some(*end);
    }
    let ended: BTreeSet<_> = of_kind(FactKind::End).map(|p| &p.fact.leg).collect();
    let open = placed.iter().any(|p| p.fact.leg.is_some() && !ended.contains(&p.fact.leg));
    let last_leg = of_kind(FactKind::End).next_back().filter(|_| !open);
    last_leg.or_else(|| of_kind(FactKind::TimedOut).next()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn fact(kind: FactKind, second: i64, sequence: Option<i64>) -> Fact {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        serde_json::from_value(serde_json::json!({ "kind": kind, "at": at, "sequence": sequence }))
            .expect("a fact")
    }

    #[test]
    fn what_arrived_late_slides_back_before_its_successor() {
        let facts = [fact(FactKind::Answer, 5, Some(2)), fact(FactKind::Start, 9, Some(1))];
        let (placed, end) = placed(&facts);
        let kinds: Vec<_> = placed.iter().map(|p| (p.fact.kind, p.at.timestamp())).collect();
        assert_eq!(kinds, [(FactKind::Start, 5), (FactKind::Answer, 5)]);
        assert!(end.is_none());
    }

    #[test]
    fn nothing_happens_after_the_end() {
        let facts = [fact(FactKind::End, 3, None), fact(FactKind::Answer, 8, None)];
        let (placed, end) = placed(&facts);
        assert_eq!(end.map(|end| end.at.timestamp()), Some(3));
        assert!(placed.iter().all(|p| p.at.timestamp() == 3));
    }
}
