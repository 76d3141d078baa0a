//! Sorts a call's facts independently of their arrival.

use chrono::{DateTime, TimeDelta, Utc};

use super::clock::{correction, moment};
use crate::fact::{Fact, FactKind, Target};

/// A fact, the latest time it can have happened, and what the call's other facts say about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub at: DateTime<Utc>,
    pub fact: &'a Fact,
    /// The operator the fact means.
    pub operator: Option<&'a Target>,
    /// Who answered, for an answer.
    pub answered: Answered,
}

/// What an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// Somebody talks.
    Somebody,
    /// Voicemail, a queue or an announcement: the caller talks with nobody.
    Machine,
    /// Not the client yet: the operator's own telephone, or the client's voicemail.
    NotTheClient,
}

/// The facts in order, without retracted time-outs.
///
/// A fact cannot have happened after something the provider puts later (`sequence`). So each is placed at the earlier
/// of its own time and theirs; late arrivals move back to where they belong.
pub(super) fn placed(facts: &[Fact]) -> Vec<Placed<'_>> {
    let correction = correction(facts);
    let standing = facts.iter().filter(|fact| fact.kind != FactKind::TimedOut || stands(fact, facts));
    let mut placed: Vec<_> = standing
        .map(|fact| Placed {
            at: before_successors(fact, facts, correction),
            fact,
            operator: None,
            answered: Answered::Somebody,
        })
        .collect();
    placed.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    placed
}

/// Whether a time-out still stands: it is a guess, refuted by any later event. A record is about a call that is over,
/// so it refutes nothing.
fn stands(timed_out: &Fact, facts: &[Fact]) -> bool {
    let Some(heard) = timed_out.arrived else { return true };
    let events = facts.iter().filter(|fact| !matches!(fact.kind, FactKind::TimedOut | FactKind::Record));
    events.filter_map(Fact::arrival).all(|arrival| arrival <= heard)
}

/// The facts with records last: they arrive at any time, and the operators they name come last.
pub(super) fn records_last<'p, 'a>(placed: &'p [Placed<'a>]) -> impl Iterator<Item = &'p Placed<'a>> {
    let of_kind = move |record| placed.iter().filter(move |p| (p.fact.kind == FactKind::Record) == record);
    of_kind(false).chain(of_kind(true))
}

/// The facts by weight, for when they disagree. They are in the provider's order if it orders every event with numbers;
/// otherwise starts count more than answers, and so on, the earliest arrival most.
pub(super) fn by_weight<'a>(placed: &[Placed<'a>]) -> Vec<Placed<'a>> {
    let mut facts: Vec<_> = records_last(placed).copied().collect();
    let events = facts.iter().filter(|p| p.fact.kind != FactKind::Record && p.fact.parties.is_some());
    if !events.into_iter().all(|p| p.fact.is_ordered()) {
        facts.sort_by_key(|p| (p.fact.kind == FactKind::Record, p.fact.kind));
    }
    facts
}

fn before_successors(fact: &Fact, facts: &[Fact], correction: TimeDelta) -> DateTime<Utc> {
    let at = moment(fact, correction);
    let Some(sequence) = fact.sequence else { return at };
    let later = facts.iter().filter(|other| other.leg == fact.leg && other.sequence >= Some(sequence));
    later.map(|other| moment(other, correction)).min().unwrap_or(at)
}

/// Breaks ties between simultaneous facts consistently.
fn sort_key<'a>(placed: &Placed<'a>) -> impl Ord + use<'a> {
    let fact = placed.fact;
    let parties = fact.parties.as_ref().map(|p| (&p.src, &p.src_ext, &p.dst, &p.dst_ext, p.direction));
    let given = fact.extensions.iter().flat_map(|given| [&given.src, &given.dst]);
    let named = given.chain([&fact.redirect]).map(|target| target.as_ref().map(|target| &target.extension));
    let order = (placed.at, fact.sequence, fact.kind, &fact.leg);
    let said = (fact.disposition, fact.source, fact.arrived, &fact.caller_name, &fact.line);
    let talk = fact.record.as_ref().map(|record| record.talk_seconds);
    (order, parties, named.collect::<Vec<_>>(), said, talk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(kind: FactKind, second: i64, sequence: Option<i64>) -> Fact {
        let at = DateTime::UNIX_EPOCH + TimeDelta::seconds(second);
        serde_json::from_value(serde_json::json!({ "kind": kind, "at": at, "sequence": sequence }))
            .expect("a fact")
    }

    #[test]
    fn a_late_fact_moves_back_before_its_successor() {
        let facts = [fact(FactKind::Answer, 5, Some(2)), fact(FactKind::Start, 9, Some(1))];
        let kinds: Vec<_> = placed(&facts).iter().map(|p| (p.fact.kind, p.at.timestamp())).collect();
        assert_eq!(kinds, [(FactKind::Start, 5), (FactKind::Answer, 5)]);
    }
}
