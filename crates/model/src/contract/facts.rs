//! Turns what a script returned into facts about calls.

use chrono::{DateTime, TimeDelta, Utc};

use super::{CallRecord, Direction, Event, EventKind, Numbers, ParseResult};
use crate::fact::{Extensions, Fact, FactKind, Parties, Record, Target};
use crate::ids::{RequestId, UserId};
use crate::matching::CallKey;
use crate::phone;

/// What is needed to read a script's result.
pub struct Context<'a> {
    /// The user bound to a member's number.
    pub bound: &'a dyn Fn(&str) -> Option<UserId>,
    /// The module's default country, for numbers without a country code.
    pub country: Option<phone::Country>,
    /// How the module's provider writes numbers.
    pub written: phone::Written,
    /// When the request arrived.
    pub received_at: DateTime<Utc>,
    pub source: RequestId,
}

/// A fact and the key of its call.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyedFact {
    pub key: CallKey,
    pub fact: Fact,
}

/// The facts reported by a script's result, in order; the record comes last.
#[must_use]
pub fn facts(result: &ParseResult, context: &Context<'_>) -> Vec<KeyedFact> {
    let events = result.event.iter().chain(result.events.iter().flatten());
    let records = result.call_record.iter().map(|record| of_record(record, context));
    let mut facts: Vec<_> = events.map(|event| of_event(event, context)).chain(records).flatten().collect();
    // They arrived together; a microsecond each preserves their order.
    for (index, KeyedFact { fact, .. }) in (0..).zip(&mut facts) {
        *fact.arrived.as_mut().unwrap_or(&mut fact.at) += TimeDelta::microseconds(index);
    }
    facts
}

fn of_event(event: &Event, context: &Context<'_>) -> Option<KeyedFact> {
    let kind = match event.event {
        EventKind::NotifyStart => FactKind::Start,
        EventKind::NotifyAnswer => FactKind::Answer,
        EventKind::NotifyHold => FactKind::Hold,
        EventKind::NotifyUnhold => FactKind::Unhold,
        EventKind::NotifyRedirect => FactKind::Redirect,
        EventKind::NotifyEnd => FactKind::End,
    };
    let (key, mut fact) = bare_fact(kind, &event.numbers(), context)?;
    fact.at = event.occurred_at.unwrap_or(context.received_at);
    fact.timed = event.occurred_at.is_some();
    fact.arrived = event.occurred_at.map(|_| context.received_at);
    fact.sequence = event.sequence;
    fact.leg.clone_from(&event.leg_id);
    fact.disposition = event.disposition.unwrap_or_default();
    fact.redirect = event
        .redirect_to
        .as_ref()
        .map(|extension| Target { extension: extension.clone(), user: (context.bound)(extension) });
    fact.caller_name.clone_from(&event.caller_name);
    fact.line = event.line.clone().or(fact.line);
    Some(KeyedFact { key, fact })
}

fn of_record(record: &CallRecord, context: &Context<'_>) -> Option<KeyedFact> {
    let (key, mut fact) = bare_fact(FactKind::Record, &record.numbers(), context)?;
    fact.disposition = record.disposition.unwrap_or_default();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to lie between 0 and 1e7"
    )]
    let talk_seconds = record.duration.map(|seconds| seconds.round() as u32);
    let data = record.call.clone().filter(|data| !data.is_null());
    fact.record = Some(Record { talk_seconds, data });
    Some(KeyedFact { key, fact })
}

/// `None` only for what [`super::parse_result`] rejects: neither numbers nor an id.
fn bare_fact(kind: FactKind, numbers: &Numbers<'_>, context: &Context<'_>) -> Option<(CallKey, Fact)> {
    let parties = parties(numbers, context);
    let key = match (numbers.call_id, &parties) {
        (Some(id), _) => CallKey::Id(id.clone()),
        (None, Some(parties)) => CallKey::numbers(parties),
        (None, None) => return None,
    };
    let line = parties.as_ref().and_then(company_line);
    let extensions = parties.is_none().then(|| extensions(numbers, context)).flatten();
    let fact = Fact {
        parties,
        extensions,
        line,
        source: Some(context.source),
        ..Fact::new(kind, context.received_at)
    };
    Some((key, fact))
}

fn parties(numbers: &Numbers<'_>, context: &Context<'_>) -> Option<Parties> {
    let mut parties = Parties {
        direction: numbers.direction?,
        src: numbers.src_phone?.clone(),
        src_ext: numbers.src_phone_ext.cloned(),
        dst: numbers.dst_phone?.clone(),
        dst_ext: numbers.dst_phone_ext.cloned(),
        client_e164: None,
        client_others: Vec::new(),
        operator: None,
    };
    let read = parties.client().map(|number| phone::read(number, context.country, context.written));
    let mut readings = read.unwrap_or_default().readings.into_iter();
    parties.client_e164 = readings.next();
    parties.client_others = readings.collect();
    parties.operator = operator(&parties, context.bound);
    Some(parties)
}

/// The extensions named by an event without numbers.
fn extensions(numbers: &Numbers<'_>, context: &Context<'_>) -> Option<Extensions> {
    let target = |extension: Option<&String>| {
        extension.map(|extension| Target { extension: extension.clone(), user: (context.bound)(extension) })
    };
    let given = Extensions { src: target(numbers.src_phone_ext), dst: target(numbers.dst_phone_ext) };
    (given.src.is_some() || given.dst.is_some()).then_some(given)
}

/// The operator's side: the extension given with the company's number, and the number itself.
fn operator_numbers(parties: &Parties) -> (Option<&String>, &String) {
    match parties.direction {
        Direction::In | Direction::Internal => (parties.src_ext.as_ref(), &parties.dst),
        Direction::Out => (parties.dst_ext.as_ref(), &parties.src),
    }
}

/// The operator named by the numbers: a bound user's, else the extension, even if nobody is bound to it.
fn operator(parties: &Parties, bound: &dyn Fn(&str) -> Option<UserId>) -> Option<Target> {
    let (extension, number) = operator_numbers(parties);
    let target = |number: &String, user| Target { extension: number.clone(), user };
    let of_bound = |number: &String| bound(number).map(|user| target(number, Some(user)));
    extension
        .and_then(of_bound)
        .or_else(|| of_bound(number))
        .or_else(|| extension.map(|extension| target(extension, None)))
        .or_else(|| phone::is_internal(number).then(|| target(number, None)))
}

/// The company's own number, if one of the two is.
fn company_line(parties: &Parties) -> Option<String> {
    let (_, number) = operator_numbers(parties);
    let is_operator = parties.operator.as_ref().is_some_and(|operator| operator.extension == *number);
    (parties.direction != Direction::Internal && !is_operator).then(|| number.clone())
}
