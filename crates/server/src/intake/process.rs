//! From a stored request to committed calls and an answer.

use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;
use hookswitch_model::contract::{self, Context, ContractError};
use hookswitch_script::{CallContext, Function, ScriptError, Slot};
use hookswitch_store::{
    Apply, CallChange, NewRequest, Outcome, OutcomeStatus, RequestError, StoreError, TargetedFact,
};
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

use super::{answer, script_request::script_request};
use crate::app::App;
use crate::modules::registry::Active;
use crate::telephony;

/// When each step was done, microseconds from the request's arrival.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Steps {
    #[serde(skip)]
    started: Instant,
    authenticated_micros: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parsed_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    committed_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_micros: Option<u64>,
}

impl Steps {
    /// Of a request that arrived at `started` and whose token is right.
    pub fn authenticated(started: Instant) -> Self {
        let mut steps = Self {
            started,
            authenticated_micros: 0,
            stored_micros: None,
            parsed_micros: None,
            committed_micros: None,
            delivered_micros: None,
        };
        steps.authenticated_micros = steps.micros();
        steps
    }

    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Why a request failed. It is kept, and can be replayed once the script is mended.
#[derive(Debug, Clone, Error)]
pub enum Failure {
    /// The script threw, ran over a limit, or is not there.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// What it returned breaks the contract.
    #[error("what VoipParseWebhookRequest returned breaks the contract: {0}")]
    Contract(#[from] ContractError),
    /// Its events could not be added to their call.
    #[error("{0}")]
    Call(String),
}

impl Failure {
    /// A breach of the contract at `path`.
    pub fn contract(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Contract(ContractError { path: path.into(), problem: problem.into() })
    }

    /// As the log of requests keeps it.
    pub fn to_request_error(&self) -> RequestError {
        let position = match self {
            Self::Script(error) => error.position(),
            _ => None,
        };
        RequestError {
            code: match self {
                Self::Script(error) => error.code().to_owned(),
                Self::Contract(_) => "contract".to_owned(),
                Self::Call(_) => "call".to_owned(),
            },
            message: self.to_string(),
            line: position.map(|position| position.line),
            column: position.map(|position| position.column),
            path: match self {
                Self::Contract(error) => Some(error.path.clone()),
                _ => None,
            },
        }
    }
}

/// What a script made of a request.
pub struct Reading {
    /// What it returned, for the log of requests.
    pub result: Option<Value>,
    script_version: Option<i32>,
    read: Result<(Vec<TargetedFact>, Response), Failure>,
}

/// What became of a request.
pub struct Done {
    /// What the provider is answered.
    pub answer: Response,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
    /// The calls that changed.
    pub changes: Vec<CallChange>,
}

/// Stores a new request, reads it, commits what it caused, tells the operators, and gives the answer.
///
/// # Errors
/// When the database fails. Stored by then, the request stays in the inbox and is processed later, should the provider
/// not send it again.
pub async fn process_new(
    app: &App,
    active: &Active,
    request: NewRequest,
    slot: Option<Slot>,
    mut steps: Steps,
) -> Result<Response, StoreError> {
    app.store.accept(request.clone()).await?;
    steps.stored_micros = Some(steps.micros());
    app.activity.module(request.module_id);
    let reading = read(app, active, &request, slot).await;
    Ok(commit(app, active, &request, reading, &mut steps, false).await?.answer)
}

/// Runs the script on a request and checks what it returns.
pub async fn read(app: &App, active: &Active, request: &NewRequest, slot: Option<Slot>) -> Reading {
    let argument = script_request(request, &active.webhook_base(app), &active.module.webhook_token);
    let context = CallContext { request_id: Some(request.id.to_string()) };
    let called = match slot {
        Some(slot) => slot.call(Function::ParseWebhookRequest, vec![argument], context).await,
        None => active.call(Function::ParseWebhookRequest, vec![argument], context).await,
    };
    let script_version = active.script_version;
    match called {
        Err(error) => Reading { result: None, read: Err(error.into()), script_version },
        Ok(outcome) => {
            let result = Some(outcome.value.clone());
            Reading { result, read: understand(active, request, outcome.value), script_version }
        }
    }
}

fn understand(
    active: &Active,
    request: &NewRequest,
    value: Value,
) -> Result<(Vec<TargetedFact>, Response), Failure> {
    let mut result = contract::parse_result(value)?;
    let answer = answer::of_script(result.response.take())?;
    let context = Context {
        bound: &|number| active.bindings.get(number).copied(),
        country: active.country,
        received_at: request.received_at,
        source: request.id,
    };
    Ok((contract::facts(&result, &context).into_iter().map(Into::into).collect(), answer))
}

/// Commits what a request caused and tells the operators. With `replace`, what it caused before is taken back first,
/// unless it fails now.
///
/// # Errors
/// When the database fails.
pub async fn commit(
    app: &App,
    active: &Active,
    request: &NewRequest,
    reading: Reading,
    steps: &mut Steps,
    replace: bool,
) -> Result<Done, StoreError> {
    steps.parsed_micros = Some(steps.micros());
    let (result, script_version) = (reading.result, reading.script_version);
    let outcome = |status: u16, failure: Option<&Failure>| Outcome {
        status: if failure.is_some() { OutcomeStatus::Failed } else { OutcomeStatus::Processed },
        error: failure.map(Failure::to_request_error),
        response_status: status,
        result: result.clone(),
        steps: steps.to_json(),
        script_version,
    };
    let (applied, answer, failure) = match reading.read {
        Ok((facts, answer)) => {
            let outcome_of_success = outcome(answer.status().as_u16(), None);
            match app.store.apply(apply(app, request, facts, replace, Some(outcome_of_success))).await {
                Ok(applied) => (applied, answer, None),
                Err(StoreError::Reduce(error)) => {
                    let failure = Failure::Call(error.to_string());
                    let failed = apply(app, request, Vec::new(), false, Some(outcome(500, Some(&failure))));
                    (app.store.apply(failed).await?, answer::of_failure(&failure, request.id), Some(failure))
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure) => {
            let failed = apply(app, request, Vec::new(), false, Some(outcome(500, Some(&failure))));
            (app.store.apply(failed).await?, answer::of_failure(&failure, request.id), Some(failure))
        }
    };
    steps.committed_micros = Some(steps.micros());
    let tabs: usize = applied.changes.iter().map(|change| telephony::tell(app, Some(active), change)).sum();
    steps.delivered_micros = Some(steps.micros());
    note_delivery(app, request, steps, tabs);
    let outcome = if failure.is_some() { "failed" } else { "processed" };
    metrics::counter!("hookswitch_webhooks_total", "outcome" => outcome).increment(1);
    Ok(Done { answer, failure, changes: applied.changes })
}

/// What [`commit`] with `replace` would do; changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn preview(app: &App, request: &NewRequest, reading: Reading) -> Result<Done, StoreError> {
    let (answer, failure, changes) = match reading.read {
        Err(failure) => (answer::of_failure(&failure, request.id), Some(failure), Vec::new()),
        Ok((facts, answer)) => match app.store.preview(apply(app, request, facts, true, None)).await {
            Ok(changes) => (answer, None, changes),
            Err(StoreError::Reduce(error)) => {
                let failure = Failure::Call(error.to_string());
                (answer::of_failure(&failure, request.id), Some(failure), Vec::new())
            }
            Err(error) => return Err(error),
        },
    };
    Ok(Done { answer, failure, changes })
}

fn apply(
    app: &App,
    request: &NewRequest,
    facts: Vec<TargetedFact>,
    replace: bool,
    outcome: Option<Outcome>,
) -> Apply {
    Apply {
        request: Some(request.id),
        module_id: request.module_id,
        received_at: request.received_at,
        facts,
        replace,
        outcome,
        now: app.clock.now(),
    }
}

fn note_delivery(app: &App, request: &NewRequest, steps: &Steps, tabs: usize) {
    let mut delivery = steps.to_json();
    delivery["tabs"] = tabs.into();
    let kept = app.store.note_delivery(request.id, delivery);
    app.activity.module(request.module_id);
    if app.activity.is_watched() {
        // The delivery is kept a little later; what the log of requests shows of it has then changed again.
        let (activity, module) = (Arc::clone(&app.activity), request.module_id);
        app.tasks.spawn(async move {
            if kept.await.is_ok() {
                activity.module(module);
            }
        });
    }
}
