//! Derives what people see of a call, from the fold and from all facts together.

use chrono::{DateTime, TimeDelta, Utc};

use super::answers::resolve;
use super::fold::Fold;
use super::order::{Placed, by_weight, placed, records_last};
use super::parties::{Who, who};
use super::{CallState, CallView, OperatorLeg, TimelineFact};
use crate::call::Call;
use crate::contract::{Direction, Disposition};
use crate::fact::{Fact, FactKind, Target};

/// How a call ended.
#[derive(Clone, Copy)]
struct End<'a> {
    at: DateTime<Utc>,
    fact: &'a Fact,
}

/// Derives what people see of a call.
#[must_use]
pub fn view(call: &Call) -> CallView {
    let mut placed = placed(&call.facts);
    let by_weight = by_weight(&placed);
    let who = who(&by_weight);
    resolve(&mut placed, &who);
    let mut fold = Fold::of(&placed);
    let end = end_of(&placed, &fold);
    fold.take_records(&placed);

    let only_records = placed.iter().all(|p| p.fact.kind == FactKind::Record);
    let ended_at = end.map(|end| end.at).or_else(|| placed.last().filter(|_| only_records).map(|p| p.at));
    let began = placed.iter().filter(|p| only_records || p.fact.kind != FactKind::Record);
    let started_at = began.map(|p| p.at).chain(ended_at).min().unwrap_or_default();
    let takers = takers(&placed, &fold);
    let answered = fold.answered_at.is_some() || takers.is_some();
    let state = if ended_at.is_some() { CallState::Ended } else { fold.state() };
    if let Some(ended_at) = ended_at {
        fold.finish(ended_at, answered, who.direction, &takers.unwrap_or_default());
    }
    let disposition =
        if ended_at.is_some() { disposition(&placed, end, answered) } else { Disposition::Unknown };
    for operator in &mut fold.operators {
        (operator.src, operator.dst) = numbers(operator, &by_weight, &who);
    }
    let talked =
        fold.answered_at.zip(ended_at).and_then(|(from, to)| (to - from).num_seconds().try_into().ok());
    let records = || placed.iter().filter_map(|p| p.fact.record.as_ref());
    let of_machine = fold.machine_answered || disposition == Disposition::Voicemail;
    CallView {
        direction: who.direction,
        state,
        disposition,
        client_e164: who.client.and_then(|(_, e164)| e164.map(str::to_owned)),
        client_raw: who.client.map(|(raw, _)| raw.to_owned()),
        caller_name: who.caller_name.map(str::to_owned),
        line: who.line.map(str::to_owned),
        started_at,
        answered_at: fold.answered_at,
        ended_at,
        talk_seconds: records().filter_map(|record| record.talk_seconds).max().or(talked),
        // For an unanswered call, a record has a length at most, unless a machine took a message.
        recording: records()
            .filter_map(|record| record.data.clone())
            .next_back()
            .filter(|_| answered || only_records || of_machine),
        missed: who.direction == Some(Direction::In) && ended_at.is_some() && !answered,
        operators: fold.operators,
        segments: fold.segments,
    }
}

/// A call's facts in the order in which [`view`] uses them.
#[must_use]
pub fn history(call: &Call) -> Vec<TimelineFact<'_>> {
    let mut placed = placed(&call.facts);
    let who = who(&by_weight(&placed));
    resolve(&mut placed, &who);
    let end = end_of(&placed, &Fold::of(&placed));
    let told = records_last(&placed).map(|p| {
        // A record is about a call that is over, so it keeps its own time.
        let is_record = p.fact.kind == FactKind::Record;
        let at = end.filter(|_| !is_record).map_or(p.at, |end| p.at.min(end.at));
        TimelineFact { at, fact: p.fact, operator: p.operator }
    });
    told.collect()
}

/// Whether a record says that the call is over, so that it ends once nothing is heard for a while.
#[must_use]
pub fn has_closing_record(call: &Call) -> bool {
    call.facts.iter().any(is_closing)
}

fn is_closing(fact: &Fact) -> bool {
    fact.disposition != Disposition::Unknown
        && fact.record.as_ref().is_some_and(|record| record.talk_seconds.is_some())
}

/// What ended the call: an end without a leg; else the end of the last leg, once nobody has a leg any more; else a
/// time-out.
fn end_of<'a>(placed: &[Placed<'a>], fold: &Fold<'a>) -> Option<End<'a>> {
    let of_kind = |kind| placed.iter().filter(move |p| p.fact.kind == kind);
    let end = |p: &Placed<'a>| End { at: p.at, fact: p.fact };
    if let Some(p) = of_kind(FactKind::End).find(|p| p.fact.leg.is_none()) {
        return Some(end(p));
    }
    let last_leg = of_kind(FactKind::End).next_back().filter(|_| fold.legs_are_over(placed)).map(end);
    last_leg.or_else(|| {
        let timed_out = of_kind(FactKind::TimedOut).next().map(end)?;
        Some(End { at: recorded_end(placed, fold).unwrap_or(timed_out.at), ..timed_out })
    })
}

/// When a call ended whose end only its record reported.
fn recorded_end(placed: &[Placed<'_>], fold: &Fold<'_>) -> Option<DateTime<Utc>> {
    let record = placed.iter().rfind(|p| is_closing(p.fact))?;
    let seconds = record.fact.record.as_ref()?.talk_seconds?;
    let talked = fold.answered_at.and_then(|at| at.checked_add_signed(TimeDelta::seconds(seconds.into())));
    let events =
        placed.iter().filter(|p| !matches!(p.fact.kind, FactKind::Record | FactKind::TimedOut)).map(|p| p.at);
    let last = events.max().max(talked).filter(|_| talked.is_some());
    Some(last.map_or(record.at, |last| last.min(record.at)))
}

/// The operators who talked according to the end or the record; `None` if neither says that anybody did.
fn takers<'a>(placed: &[Placed<'a>], fold: &Fold<'a>) -> Option<Vec<&'a Target>> {
    let closing = || placed.iter().filter(|p| matches!(p.fact.kind, FactKind::End | FactKind::Record));
    let said_answered = closing().filter(|p| p.fact.disposition == Disposition::Answered);
    if fold.machine_answered {
        // To the provider, a machine's answer is an answer. Only a fact about one operator says that somebody talked.
        let of_one = |p: &&Placed<'_>| p.fact.kind == FactKind::Record || p.fact.leg.is_some();
        let named: Vec<_> = said_answered.filter(of_one).filter_map(|p| p.operator).collect();
        return Some(named).filter(|named| !named.is_empty() && !says_voicemail(placed));
    }
    let mut answered = said_answered.peekable();
    if answered.peek().is_some() {
        return Some(answered.filter_map(|p| p.operator).collect());
    }
    // A record with a length is a talk, unless something says otherwise.
    let silent = closing().all(|p| p.fact.disposition == Disposition::Unknown);
    let mut talk = placed.iter().filter(|p| {
        p.fact.record.as_ref().and_then(|record| record.talk_seconds).is_some_and(|seconds| seconds > 0)
    });
    talk.next().filter(|_| silent).map(|p| p.operator.into_iter().collect())
}

fn says_voicemail(placed: &[Placed<'_>]) -> bool {
    placed.iter().any(|p| p.fact.disposition == Disposition::Voicemail)
}

fn disposition(placed: &[Placed<'_>], end: Option<End<'_>>, answered: bool) -> Disposition {
    let timed_out = end.is_some_and(|end| end.fact.kind == FactKind::TimedOut);
    let told_by_record = || {
        placed.iter().any(|p| p.fact.kind == FactKind::Record && p.fact.disposition != Disposition::Unknown)
    };
    if timed_out && !told_by_record() {
        return Disposition::Unknown;
    }
    if answered {
        return Disposition::Answered;
    }
    if says_voicemail(placed) {
        return Disposition::Voicemail;
    }
    // The call's own end counts most, then the last other fact with a disposition.
    let said = end.map(|end| end.fact).into_iter().chain(placed.iter().rev().map(|p| p.fact));
    let said = said.map(|fact| fact.disposition).find(|disposition| *disposition != Disposition::Unknown);
    match said {
        // A machine answered.
        Some(Disposition::Answered) => Disposition::NoAnswer,
        said => said.unwrap_or_default(),
    }
}

/// The numbers passed to control functions for an operator: those of the first event that names the operator; without
/// one, the client's number and the extension.
fn numbers(operator: &OperatorLeg, by_weight: &[Placed<'_>], who: &Who<'_>) -> (String, String) {
    let said = by_weight.iter().find_map(|p| {
        let parties = p.fact.parties.as_ref()?;
        let named = parties.operator.as_ref()?;
        (named.extension == operator.extension).then_some((parties.src.as_str(), parties.dst.as_str()))
    });
    let client = who.client.map(|(raw, _)| raw).unwrap_or_default();
    let (src, dst) = said.unwrap_or(match who.direction {
        Some(Direction::Out) => (operator.extension.as_str(), client),
        _ => (client, operator.extension.as_str()),
    });
    (src.to_owned(), dst.to_owned())
}
