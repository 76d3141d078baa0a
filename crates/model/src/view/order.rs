//! One order for a call's facts, whichever way they arrived.

use chrono::{DateTime, TimeDelta, Utc};

use super::clock::{correction, moment};
use crate::fact::{Fact, FactKind, Target};

/// A fact, the latest moment at which it can have happened, and what the call's other facts make of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub at: DateTime<Utc>,
    pub fact: &'a Fact,
    /// The operator it means.
    pub operator: Option<&'a Target>,
    /// Who answered, of an answer.
    pub answered: Answered,
}

/// Whom or what an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answered {
    /// Somebody talks.
    Somebody,
    /// Voicemail, a queue or an announcement: the caller talks with nobody.
    Machine,
    /// Not the client yet: the operator's own telephone, or the client's voicemail.
    NotTheClient,
}

/// The facts in order. Time-outs that were taken back are left out.
///
/// A fact cannot have happened after something that the provider says came later (`sequence`). So each is placed at the
/// earlier of its own time and theirs; what arrived late slides back to where it belongs.
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

/// Whether a time-out still stands: it was a guess, which the provider takes back by being heard again. A record tells of a
/// call that is over, so it takes nothing back.
fn stands(timed_out: &Fact, facts: &[Fact]) -> bool {
    let Some(heard) = timed_out.arrived else { return true };
    let events = facts.iter().filter(|fact| !matches!(fact.kind, FactKind::TimedOut | FactKind::Record));
    events.filter_map(Fact::arrival).all(|arrival| arrival <= heard)
}

/// The order in which a call is told: records come whenever they come, and whom they name, they name last.
pub(super) fn records_last<'p, 'a>(placed: &'p [Placed<'a>]) -> impl Iterator<Item = &'p Placed<'a>> {
    let of_kind = move |record| placed.iter().filter(move |p| (p.fact.kind == FactKind::Record) == record);
    of_kind(false).chain(of_kind(true))
}

/// The facts by how much they count where they do not agree: in the order in which the provider says that they happened;
/// unless it says so of all that name numbers, starts count more than answers, and so on, the first to arrive the most.
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

/// Ends the ties between facts of one moment the same way each time.
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
    fn what_arrived_late_slides_back_before_its_successor() {
        let facts = [fact(FactKind::Answer, 5, Some(2)), fact(FactKind::Start, 9, Some(1))];
        let kinds: Vec<_> = placed(&facts).iter().map(|p| (p.fact.kind, p.at.timestamp())).collect();
        assert_eq!(kinds, [(FactKind::Start, 5), (FactKind::Answer, 5)]);
    }
}
