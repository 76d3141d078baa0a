//! What becomes of calls when events are missing or late.

use chrono::TimeDelta;
use hookswitch_model::contract::{self, EventKind, ParseResult};

use super::sheet::{Check, CheckName};
use crate::kit::play::{Cast, Played, Stage, Subject};
use hookswitch_core::modules::sample_signature::Spoil;
use hookswitch_core::modules::scenario::Scenario;

/// Longer than any call may be silent.
const VERY_LONG: TimeDelta = TimeDelta::hours(25);
/// How late a record comes.
const LATE: TimeDelta = TimeDelta::hours(2);

/// Every scenario without what says that a call is over.
pub async fn missing_end(stage: &Stage, subject: &Subject, played: &[Played]) -> Check {
    let is_end = |result: &ParseResult| {
        let events = result.event.iter().chain(result.events.iter().flatten());
        events.into_iter().any(|event| event.event == EventKind::NotifyEnd)
    };
    let without_end = async |scenario: &Scenario, ends: Vec<usize>| {
        stage.begin(scenario);
        let cast = stage.cast(subject, scenario).await?;
        send_others(&cast, scenario, &ends).await?;
        stage.pass(VERY_LONG).await?;
        let open = cast.calls().await?.iter().filter(|call| !call.has_ended()).count();
        if open == 0 { Ok(()) } else { Err(format!("{open} calls go on for ever")) }
    };
    let kind = (CheckName::MissingEnd, "an event that ends a call");
    check(kind, subject, played, is_end, without_end).await
}

/// Every scenario with the requests that are only a record long after all others.
pub async fn late_record(stage: &Stage, subject: &Subject, played: &[Played]) -> Check {
    let is_record = |result: &ParseResult| {
        result.call_record.is_some()
            && result.event.is_none()
            && result.events.as_ref().is_none_or(|events| events.is_empty())
    };
    let late = async |scenario: &Scenario, records: Vec<usize>| {
        stage.begin(scenario);
        let cast = stage.cast(subject, scenario).await?;
        send_others(&cast, scenario, &records).await?;
        stage.pass(LATE).await?;
        for index in records {
            send(&cast, scenario, index).await?;
        }
        let different = cast.difference(true).await?;
        different.map_or(Ok(()), |different| Err(format!("the calls in the end\n{different}")))
    };
    let kind = (CheckName::LateRecord, "a request that is only a record");
    check(kind, subject, played, is_record, late).await
}

/// Does something with each scenario that came out as written and has requests of a kind.
async fn check(
    (name, kind): (CheckName, &str),
    subject: &Subject,
    played: &[Played],
    is_of_kind: impl Fn(&ParseResult) -> bool,
    then: impl AsyncFn(&Scenario, Vec<usize>) -> Result<(), String>,
) -> Check {
    let (mut problems, mut any) = (Vec::new(), false);
    // What went wrong as written is told already, and would only go wrong again.
    let scenarios = subject.scenarios.iter().zip(played).filter(|(_, played)| played.passed_as_written());
    for ((file, scenario), played) in scenarios {
        let read = |index: usize| {
            let result = played.results.get(index)?.clone()?;
            contract::parse_result(result).ok()
        };
        let of_kind: Vec<usize> = (0..scenario.steps.len())
            .filter(|index| read(*index).is_some_and(|result| is_of_kind(&result)))
            .collect();
        if of_kind.is_empty() {
            continue;
        }
        any = true;
        if let Err(problem) = then(scenario, of_kind).await {
            problems.push(format!("{file}: {problem}"));
        }
    }
    if any {
        return Check::of(name, problems);
    }
    let which = if played.iter().all(Played::passed_as_written) { "" } else { "that came out as written " };
    Check::does_not_apply(name, format!("No scenario {which}has {kind}."))
}

/// Sends every request but those, in order and at their times.
async fn send_others(cast: &Cast<'_>, scenario: &Scenario, but: &[usize]) -> Result<(), String> {
    for (index, step) in scenario.steps.iter().enumerate() {
        cast.pass(step.delay(index == 0)).await?;
        if !but.contains(&index) {
            send(cast, scenario, index).await?;
        }
    }
    Ok(())
}

async fn send(cast: &Cast<'_>, scenario: &Scenario, index: usize) -> Result<(), String> {
    let Some(request) = cast.outgoing(&scenario.steps[index], Spoil::Nothing)? else { return Ok(()) };
    let reply = cast.send(request).await?;
    if reply.status >= 500 {
        return Err(format!("step {}: answered {}: {}", index + 1, reply.status, reply.body));
    }
    Ok(())
}
