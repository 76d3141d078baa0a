//! What people see of a call, from the fold and from what all facts say together.

use super::fold::Fold;
use super::order::{Placed, placed};
use super::{CallState, CallView, OperatorLeg};
use crate::call::Call;
use crate::contract::{Direction, Disposition};
use crate::fact::{Fact, FactKind, Parties, Target};

/// Derives what people see of a call.
#[must_use]
pub fn view(call: &Call) -> CallView {
    let (placed, end) = placed(&call.facts);
    let mut fold = Fold::of(&placed);
    let parties = || call.facts.iter().filter_map(|fact| fact.parties.as_ref());
    // What the facts agree on is the same whichever is asked; where they do not, the smallest answer is at least stable.
    let direction = parties().map(|parties| parties.direction).min();
    let client = parties().filter(|parties| Some(parties.direction) == direction).filter_map(client).min();
    let only_records = call.facts.iter().all(|fact| fact.kind == FactKind::Record);
    let ended_at = end.or_else(|| placed.last().copied().filter(|_| only_records)).map(|end| end.at);
    let began = placed.iter().filter(|p| only_records || p.fact.kind != FactKind::Record);
    let takers = takers(&call.facts);
    let answered = fold.answered_at.is_some() || takers.is_some();
    let state = if ended_at.is_some() { CallState::Ended } else { fold.state() };
    if let Some(ended_at) = ended_at {
        fold.finish(ended_at, answered, direction, &takers.unwrap_or_default());
    }
    let disposition = disposition(&placed, end, answered, ended_at.is_some());
    let client_raw = client.map(|(_, raw, _)| raw.to_owned());
    for operator in &mut fold.operators {
        (operator.src, operator.dst) = numbers(operator, &call.facts, direction, client_raw.as_deref());
    }
    let talked =
        fold.answered_at.zip(ended_at).and_then(|(from, to)| (to - from).num_seconds().try_into().ok());
    let records = || placed.iter().filter_map(|p| p.fact.record.as_ref());
    CallView {
        direction,
        state,
        disposition,
        client_e164: client.and_then(|(_, _, e164)| e164.map(str::to_owned)),
        client_raw,
        caller_name: first_said(&call.facts, |fact| fact.caller_name.as_deref()),
        line: first_said(&call.facts, |fact| fact.line.as_deref()),
        started_at: began.map(|p| p.at).min().unwrap_or_default(),
        answered_at: fold.answered_at,
        ended_at,
        talk_seconds: records().filter_map(|record| record.talk_seconds).max().or(talked),
        // Of a call that nobody answered a record tells the length at most, unless a machine took a message.
        recording: records()
            .filter_map(|record| record.data.clone())
            .next_back()
            .filter(|_| answered || only_records || disposition == Disposition::Voicemail),
        missed: direction == Some(Direction::In) && ended_at.is_some() && !answered,
        operators: fold.operators,
        segments: fold.segments,
    }
}

/// The outside party; one that is a number sorts before one that is not.
fn client(parties: &Parties) -> Option<(bool, &str, Option<&str>)> {
    parties.client().map(|raw| (parties.client_e164.is_none(), raw, parties.client_e164.as_deref()))
}

/// What the earliest kind of fact says that says it at all.
fn first_said<'a>(facts: &'a [Fact], said: impl Fn(&'a Fact) -> Option<&'a str>) -> Option<String> {
    facts.iter().filter_map(|fact| Some((fact.kind, said(fact)?))).min().map(|(_, text)| text.to_owned())
}

/// Whom the end or the record names as having talked; `None` where neither says that anybody did.
fn takers(facts: &[Fact]) -> Option<Vec<&Target>> {
    let closing = || facts.iter().filter(|fact| matches!(fact.kind, FactKind::End | FactKind::Record));
    let mut answered = closing().filter(|fact| fact.disposition == Disposition::Answered).peekable();
    if answered.peek().is_some() {
        return Some(answered.filter_map(Fact::operator).collect());
    }
    // A record of some talk is a talk, unless something says that it was none.
    let silent = closing().all(|fact| fact.disposition == Disposition::Unknown);
    let mut talk = facts.iter().filter(|fact| {
        fact.record.as_ref().and_then(|record| record.talk_seconds).is_some_and(|seconds| seconds > 0)
    });
    talk.next().filter(|_| silent).map(|fact| fact.operator().into_iter().collect())
}

fn disposition(placed: &[Placed<'_>], end: Option<Placed<'_>>, answered: bool, ended: bool) -> Disposition {
    let timed_out = end.is_some_and(|end| end.fact.kind == FactKind::TimedOut);
    if !ended || timed_out {
        return Disposition::Unknown;
    }
    if answered {
        return Disposition::Answered;
    }
    // The call's own end knows best, then the last of the others that knows anything.
    let said = end.iter().chain(placed.iter().rev()).map(|p| p.fact.disposition);
    said.into_iter().find(|disposition| *disposition != Disposition::Unknown).unwrap_or_default()
}

/// The numbers that control functions get for an operator: those of the earliest kind of event that names them; for one
/// of whom only a redirect has been heard, the client's and their own.
fn numbers(
    operator: &OperatorLeg,
    facts: &[Fact],
    direction: Option<Direction>,
    client: Option<&str>,
) -> (String, String) {
    let names = |fact: &&Fact| fact.operator().is_some_and(|target| target.extension == operator.extension);
    let said = facts.iter().filter(names).filter_map(|fact| {
        fact.parties.as_ref().map(|parties| (fact.kind, parties.src.as_str(), parties.dst.as_str()))
    });
    let client = client.unwrap_or_default();
    let (src, dst) = said.min().map_or_else(
        || match direction {
            Some(Direction::Out) => (operator.extension.as_str(), client),
            _ => (client, operator.extension.as_str()),
        },
        |(_, src, dst)| (src, dst),
    );
    (src.to_owned(), dst.to_owned())
}
