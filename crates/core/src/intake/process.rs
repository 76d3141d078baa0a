//! Processes a request: reads it, commits what it caused, and answers it.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookswitch_model::CallKey;
use hookswitch_model::batch::{FactTarget, Submission, TargetedFact};
use hookswitch_model::contract::{self, Context};
use hookswitch_script::{CallContext, Function, ScriptError, Slot};
use hookswitch_store::{Apply, CallChange, NewRequest, Outcome, OutcomeStatus, StoreError};
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::time::timeout;

use super::Intake;
use super::outcome::RequestOutcome;
use super::steps::{Processing, StepName, Steps};
use crate::calls::{self, Told};
use crate::modules::registry::Active;
use crate::requests::result::understood;
use crate::requests::script_request::{Arrival, Received, script_request};
use crate::requests::turns::Turn;
use crate::requests::{Answer, Failure, answer};

/// What a script made of a request.
pub struct Reading {
    /// What the script returned, for the request log.
    pub result: Option<Box<RawValue>>,
    script_version: Option<i32>,
    read: Result<(Vec<TargetedFact>, Answer), Failure>,
    /// The request's place in its module's order, released once the committer has its report.
    turn: Option<Turn>,
    /// The request itself, where it is not stored yet.
    request: Option<Arc<NewRequest>>,
}

impl Reading {
    /// Whether it concerns calls without ids: the order of events then decides between calls with the same numbers.
    fn tells_calls_by_arrival(&self) -> bool {
        let by_numbers = |fact: &TargetedFact| matches!(fact.target, FactTarget::Key(CallKey::Numbers(_)));
        self.read.as_ref().is_ok_and(|(facts, _)| facts.iter().any(by_numbers))
    }

    /// The facts it reports, and the status of the answer.
    pub fn reported(&self) -> Result<(Vec<TargetedFact>, u16), Failure> {
        let read = self.read.as_ref().map_err(Clone::clone);
        read.map(|(facts, answer)| (facts.clone(), answer.status().as_u16()))
    }
}

/// The result of a request.
pub struct Done {
    /// The answer to the provider.
    pub answer: Answer,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// The changed calls.
    pub changes: Vec<CallChange>,
}

/// The result a request would have.
pub struct Previewed {
    /// The status of the answer.
    pub status: u16,
    /// Why it would fail.
    pub failure: Option<Failure>,
    /// The calls that would change.
    pub changes: Vec<CallChange>,
}

/// A request that is not read by then is stored before it goes on: whatever its script does, a crash does not lose it.
/// Nearly every script is faster, and what it made of the request is committed with it.
const STORED_AFTER: Duration = Duration::from_millis(5);

/// Reads a new request, commits it with what it caused, tells the operators, and returns the answer.
///
/// # Errors
/// If the database fails. A request that is stored by then stays in the inbox and is processed later, even if the provider
/// does not repeat it.
pub(crate) async fn process_new(
    intake: &Arc<Intake>,
    active: &Active,
    request: Arc<NewRequest>,
    argument: Value,
    (slot, turn): (Option<Slot>, Turn),
    mut steps: Steps,
) -> Result<Answer, StoreError> {
    let arrival = Arrival { id: request.id, module_id: request.module_id, received_at: request.received_at };
    let store = &intake.calls.store;
    let mut stored = None;
    if store.is_failing() {
        // A script is not run for a request that cannot be kept.
        stored = Some(store_first(intake, &request).await?);
    }
    let mut reading = {
        let mut read = pin!(async {
            let reading = reading(active, arrival, call(active, arrival, argument, slot).await, &mut steps);
            if reading.tells_calls_by_arrival() {
                turn.come().await;
            }
            reading
        });
        match timeout(STORED_AFTER, &mut read).await {
            Ok(reading) => reading,
            Err(_) => {
                if stored.is_none() {
                    stored = Some(store_first(intake, &request).await?);
                }
                read.await
            }
        }
    };
    reading.turn = Some(turn);
    match stored {
        Some(at) => steps.done_at(StepName::Stored, at),
        None => reading.request = Some(request),
    }
    Ok(commit(intake, active, arrival, reading, &mut steps, false).await?.answer)
}

/// Stores a request before it is processed; returns when that was done.
async fn store_first(intake: &Intake, request: &Arc<NewRequest>) -> Result<Instant, StoreError> {
    intake.calls.store.accept(Arc::clone(request)).await?;
    intake.calls.live.activity.module(request.module_id);
    Ok(Instant::now())
}

/// Stores a request that could not be written with what it caused, so that it is processed later. Returns why it could not.
async fn stored_at_least(intake: &Intake, request: Option<Arc<NewRequest>>, error: StoreError) -> StoreError {
    if let Some(request) = request
        && !matches!(error, StoreError::Unavailable(_))
        && let Err(error) = intake.calls.store.accept(request).await
    {
        return error;
    }
    error
}

/// Runs the script on a request.
async fn call(
    active: &Active,
    arrival: Arrival,
    argument: Value,
    slot: Option<Slot>,
) -> Result<hookswitch_script::Outcome, ScriptError> {
    let context = CallContext { request_id: Some(arrival.id.to_string()) };
    match slot {
        Some(slot) => slot.call(Function::ParseWebhookRequest, vec![argument], context).await,
        None => active.call(Function::ParseWebhookRequest, vec![argument], context).await,
    }
}

/// Runs the script on a stored request as when it arrived.
pub(crate) async fn read_again(
    intake: &Intake,
    active: &Active,
    received: &Received,
    arrival: Arrival,
    steps: &mut Steps,
) -> Reading {
    let bound = intake.body_bytes;
    let called =
        match script_request(received, |target| intake.calls.modules.world.public_url.join(target), bound)
            .await
        {
            Err(error) => Err(ScriptError::Engine { reason: error.to_string() }),
            Ok((argument, warning)) => {
                steps.warn(warning);
                let context = CallContext { request_id: Some(arrival.id.to_string()) };
                let function = Function::ParseWebhookRequest;
                active
                    .call_as_of(&intake.calls.modules, arrival.received_at, function, vec![argument], context)
                    .await
            }
        };
    reading(active, arrival, called, steps)
}

fn reading(
    active: &Active,
    arrival: Arrival,
    called: Result<hookswitch_script::Outcome, ScriptError>,
    steps: &mut Steps,
) -> Reading {
    let script_version = active.script_version;
    match called {
        Err(error) => {
            steps.done(StepName::Parsed);
            Reading { result: None, read: Err(error.into()), script_version, turn: None, request: None }
        }
        Ok(outcome) => {
            let result = Some(raw_json(&outcome.value));
            let read = understand(active, arrival, outcome.value, steps);
            Reading { result, read, script_version, turn: None, request: None }
        }
    }
}

fn understand(
    active: &Active,
    arrival: Arrival,
    value: Value,
    steps: &mut Steps,
) -> Result<(Vec<TargetedFact>, Answer), Failure> {
    let understood = understood(value);
    steps.done(StepName::Parsed);
    let (result, answer, warnings) = understood?;
    steps.warn(warnings);
    let context = Context {
        bound: &|number| active.bindings.get(number).copied(),
        country: active.country,
        written: active.module.numbers,
        received_at: arrival.received_at,
        source: arrival.id,
    };
    let facts: Vec<_> = contract::facts(&result, &context).into_iter().map(Into::into).collect();
    if !facts.is_empty() {
        steps.done(StepName::Operator);
    }
    Ok((facts, answer))
}

/// Commits what a request reports and notifies the operators. With `replace`, its earlier report is retracted first,
/// unless it fails now.
///
/// # Errors
/// If the database fails.
pub async fn commit(
    intake: &Arc<Intake>,
    active: &Active,
    arrival: Arrival,
    reading: Reading,
    steps: &mut Steps,
    replace: bool,
) -> Result<Done, StoreError> {
    let result = reading.result;
    let (processing, script_version) = (raw_json(&steps.processing()), reading.script_version);
    let outcome = |status: u16, failure: Option<&Failure>| Outcome {
        status: if failure.is_some() { OutcomeStatus::Failed } else { OutcomeStatus::Processed },
        error: failure.map(Failure::to_request_error),
        response_status: status,
        result: result.clone(),
        steps: processing.clone(),
        script_version,
    };
    let mut reported = false;
    let applied = match reading.read {
        Ok((facts, answer)) => {
            reported = !facts.is_empty();
            let success = outcome(answer.status().as_u16(), None);
            let submission = submission(intake, active, arrival, facts, replace);
            let apply = Apply { submission, outcome: Some(success), request: reading.request.clone() };
            match in_turn(reading.turn, intake.calls.store.apply(apply)).await {
                Ok(applied) => Ok((applied, answer)),
                Err(error) => match Failure::of_calls(error) {
                    Ok(failure) => Err(failure),
                    Err(error) => return Err(stored_at_least(intake, reading.request, error).await),
                },
            }
        }
        Err(failure) => Err(failure),
    };
    let (applied, answer, failure) = match applied {
        Ok((applied, answer)) => (applied, answer, None),
        Err(failure) => {
            reported = false;
            let submission = submission(intake, active, arrival, Vec::new(), false);
            let failed = Some(outcome(500, Some(&failure)));
            let apply = Apply { submission, outcome: failed, request: reading.request.clone() };
            let applied = match intake.calls.store.apply(apply).await {
                Ok(applied) => applied,
                Err(error) => return Err(stored_at_least(intake, reading.request, error).await),
            };
            (applied, answer::of_failure(&failure, arrival.id), Some(failure))
        }
    };
    if reported {
        steps.done_at(StepName::Matched, applied.matched_at);
    }
    steps.done(StepName::Committed);
    let told: Vec<Told> = calls::tell_applied(&intake.calls, Some(active), &applied);
    steps.done(StepName::Delivered);
    let tabs = told.iter().map(|told| told.tabs).sum();
    let outcome = match &failure {
        Some(_) => RequestOutcome::failed(),
        None => RequestOutcome::of(reported, applied.erased, told),
    };
    note_delivery(intake, arrival, steps, tabs, outcome);
    if applied.erased {
        // Also delete what the script logged about it, once that is stored.
        intake.calls.modules.log.flush().await;
        intake.calls.store.forget_log_of(arrival.module_id, arrival.id).await?;
    }
    let outcome = if failure.is_some() { "failed" } else { "processed" };
    let world = &intake.calls.modules.world;
    world.counter(|| metrics::counter!("hookswitch_webhooks_total", "outcome" => outcome)).increment(1);
    Ok(Done { answer, failure, changes: applied.changes })
}

/// Encodes JSON for storage. The values passed here can always be encoded; null stands for any other.
fn raw_json(value: &impl Serialize) -> Box<RawValue> {
    to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// Does the work; the next turn begins as soon as the work has begun.
async fn in_turn<T>(turn: Option<Turn>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        done = &mut work => return done,
        () = std::future::ready(()) => drop(turn),
    }
    work.await
}

/// What [`commit`] with `replace` would do; changes nothing. The calls do not have the clients that their numbers would
/// find.
///
/// # Errors
/// If the database fails.
pub async fn preview(
    intake: &Intake,
    active: &Active,
    arrival: Arrival,
    read: Result<(Vec<TargetedFact>, u16), Failure>,
) -> Result<Previewed, StoreError> {
    let failed = |failure| Previewed { status: 500, failure: Some(failure), changes: Vec::new() };
    let (facts, status) = match read {
        Err(failure) => return Ok(failed(failure)),
        Ok(read) => read,
    };
    match intake.calls.store.preview(submission(intake, active, arrival, facts, true)).await {
        Ok(changes) => Ok(Previewed { status, failure: None, changes }),
        Err(error) => Ok(failed(Failure::of_calls(error)?)),
    }
}

fn submission(
    intake: &Intake,
    active: &Active,
    arrival: Arrival,
    mut facts: Vec<TargetedFact>,
    replace: bool,
) -> Submission {
    let now = intake.calls.clock.now();
    intake.calls.dials.settle(arrival.module_id, &mut facts, now);
    let client = intake.calls.dials.client(arrival.module_id, &facts, now);
    Submission {
        request: Some(arrival.id),
        module_id: arrival.module_id,
        received_at: arrival.received_at,
        facts,
        replace,
        client,
        lead: active.lead_rule(),
        now,
    }
}

/// Stores the outcome of a request with it.
fn note_delivery(intake: &Intake, arrival: Arrival, steps: &Steps, tabs: usize, outcome: RequestOutcome) {
    let delivery = Processing { tabs: Some(tabs as u64), outcome: Some(outcome), ..steps.processing() };
    let kept = intake.calls.store.note_delivery(arrival.id, &raw_json(&delivery));
    intake.calls.live.activity.module(arrival.module_id);
    if intake.calls.live.activity.is_watched() {
        // The delivery is stored a little later; the request log has then changed again.
        let (activity, module) = (Arc::clone(&intake.calls.live.activity), arrival.module_id);
        intake.calls.tasks.spawn(async move {
            if kept.await.is_ok() {
                activity.module(module);
            }
        });
    }
}
