//! Trying out a module's script, and its capability sheet.

use hookswitch_core::Error;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_model::contract::Warning;
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_script::{LogEntry, LogLevel};
use hookswitch_store::AuditAction;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::modules::active;
use super::requests;
use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path};
use crate::kit::conformance::{Sheet, Unmade, sheet_within};
use crate::kit::play::{Played, Subject};
use hookswitch_core::audit::said;
use hookswitch_core::error::sentence;
use hookswitch_core::modules::builtin;
use hookswitch_core::modules::create::compiled;
use hookswitch_core::modules::registry::Active;
use hookswitch_core::modules::sample::{self, Sample};
use hookswitch_core::modules::trial::{self, Ran};
use hookswitch_core::modules::try_out;

/// What to run: either `sample` or `requestId`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Try {
    /// TypeScript source; defaults to the module's script.
    #[schema(min_length = 1, max_length = 262144)]
    source: Option<String>,
    /// A sample as in a module's folder. Runs with the sample's settings, not the module's.
    #[schema(value_type = Option<Object>)]
    sample: Option<Value>,
    /// A request from the module's log. Runs with the module's settings, as when it arrived.
    request_id: Option<RequestId>,
}

/// Result of trying out a script.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// What the function returned; `null` if it failed.
    result: Option<Value>,
    /// Why the function failed.
    error: Option<TrialError>,
    /// Whether a sample gave its expected result; `null` for a request.
    as_expected: Option<bool>,
    /// Other problems: fetches without a recorded answer, a result that breaks the contract.
    problems: Vec<String>,
    /// Problems that do not make the result invalid, by their place in it.
    warnings: Vec<Warning>,
    /// What the script logged.
    log: Vec<TrialLine>,
    /// What it fetched or tried to fetch. It gets only recorded answers; nothing leaves the server.
    fetches: Vec<TrialFetch>,
}

/// Why a script failed.
#[derive(Serialize, ToSchema)]
pub struct TrialError {
    /// Stable code for programs, such as `threw` or `cpuTime`.
    code: String,
    /// Message for people.
    message: String,
    /// Line in the TypeScript source, counted from 1.
    line: Option<u32>,
    /// Column in the TypeScript source, counted from 1.
    column: Option<u32>,
}

/// A line that the script logged.
#[derive(Serialize, ToSchema)]
pub struct TrialLine {
    /// The console method used.
    #[schema(value_type = String)]
    level: LogLevel,
    /// The logged text.
    text: String,
    /// Line in the TypeScript source, counted from 1.
    line: Option<u32>,
}

/// A request that the script made or tried to make.
#[derive(Serialize, ToSchema)]
pub struct TrialFetch {
    /// HTTP method.
    method: String,
    /// Full URL.
    url: String,
    /// Headers by lower-case name.
    #[schema(value_type = Object)]
    headers: Value,
    /// The body, if any.
    body: Option<String>,
}

/// Runs a saved or unsaved script on a sample or a logged request. Changes nothing and sends nothing out of the server.
#[utoipa::path(
    post,
    path = "/api/v1/modules/{id}/try",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    request_body = Try,
    responses((status = 200, body = Tried)),
)]
pub async fn try_script(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
    Json(wanted): Json<Try>,
) -> ApiResult<axum::Json<Tried>> {
    let module = active(&app, id)?;
    let saved = app.store.script(id, None).await?.map(|script| script.source);
    let is_saved = wanted.source.is_none() || wanted.source == saved;
    let script = Arc::new(compiled(&wanted.source.or(saved).ok_or_else(no_script)?).await?);
    let tried = match (wanted.sample, wanted.request_id) {
        (Some(sample), None) => {
            let sample = read_sample(&sample)?;
            let ran = trial::run(&app.modules.engine, &script, &module.settings, &sample).await;
            let as_expected = ran.is_as_expected(&sample);
            Tried::new(ran, Some(as_expected))
        }
        (None, Some(request)) => {
            let stored = requests::stored(&app, id, request).await?;
            requests::must_be_kept(&stored)?;
            if !is_saved {
                // An unsaved script is in no history, yet sees the module's secrets and storage.
                let about = vec![said("request", request.to_string())];
                app.audit
                    .record_of(user.id, AuditAction::ScriptTried, module.module.name.as_str(), about)
                    .await;
            }
            let body_bytes = app.config.webhooks.body_bytes;
            Tried::new(try_out::request(&app.modules, &module, &script, stored, body_bytes).await?, None)
        }
        _ => return Err(Error::invalid("sample", "Give either `sample` or `requestId`.").into()),
    };
    Ok(axum::Json(tried))
}

async fn stored_source(app: &App, id: ModuleId) -> ApiResult<String> {
    Ok(app.store.script(id, None).await?.ok_or_else(no_script)?.source)
}

fn no_script() -> ApiError {
    Error::conflict("noScript", "The module has no script yet.").into()
}

fn read_sample(value: &Value) -> ApiResult<Sample> {
    let sample = sample::parse(&value.to_string());
    Ok(sample.map_err(|problem| Error::invalid("sample", sentence(&problem)))?)
}

impl Tried {
    fn new(ran: Ran, as_expected: Option<bool>) -> Self {
        let (result, error) = match ran.outcome {
            Ok(value) => (Some(value), None),
            Err(error) => {
                let position = error.position();
                let error = TrialError {
                    code: error.code().to_owned(),
                    message: trial::message(&error),
                    line: position.map(|position| position.line),
                    column: position.map(|position| position.column),
                };
                (None, Some(error))
            }
        };
        let line = |LogEntry { level, text, line, .. }: LogEntry| TrialLine { level, text, line };
        let fetches = ran.fetches.into_iter().map(|fetch| TrialFetch {
            method: fetch.method,
            url: fetch.url,
            headers: serde_json::to_value(fetch.headers).unwrap_or_default(),
            body: fetch.body.and_then(|body| body.as_str().map(str::to_owned)),
        });
        Self {
            result,
            error,
            as_expected,
            problems: ran.problems,
            warnings: ran.warnings,
            log: ran.log.into_iter().map(line).collect(),
            fetches: fetches.collect(),
        }
    }
}

/// What a module can do, and the results of its scenarios.
#[derive(Serialize, ToSchema)]
pub struct Conformance {
    /// The capability sheet.
    sheet: Sheet,
    /// Result of each scenario.
    scenarios: Vec<Played>,
}

/// Allows one check at a time: each takes a server of its own, and seconds.
static AT_WORK: Semaphore = Semaphore::const_new(1);
/// Longer than the checks of any module that does not wait for something.
const PATIENCE: Duration = Duration::from_secs(180);

/// Returns the capability sheet of the module's current script.
///
/// Made with the samples and scenarios of the built-in provider that the module was created from.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/conformance",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses(
        (status = 200, body = Conformance),
        (status = 404, description = "There are no samples and scenarios to make the sheet with"),
        (status = 409, description = "The script cannot be loaded, or the checks took more than three minutes"),
    ),
)]
pub async fn get_conformance(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<Conformance>> {
    let module = active(&app, id)?;
    let subject = subject(&app, &module).await?;
    let permit = AT_WORK
        .try_acquire()
        .map_err(|_| Error::unavailable(5, "Another module is being checked. Try again in a moment."))?;
    let gone = app.tasks.stopping.child_token();
    // This function is dropped when the client disconnects.
    let _here = gone.clone().drop_guard();
    let make = async move || {
        let made = sheet_within(&app.config, &subject, PATIENCE, &gone).await;
        drop(permit);
        made
    };
    // On a thread of its own, the check closes its stage even if this function is dropped.
    let made = tokio::task::spawn_blocking(move || Handle::current().block_on(make())).await;
    let (sheet, scenarios) = made.map_err(Error::internal)?.map_err(|unmade| match unmade {
        Unmade::NoStage(problem) => Error::internal(problem),
        Unmade::Script(problem) => Error::conflict("scriptFailed", sentence(&problem)),
        Unmade::TookTooLong => Error::conflict(
            "tookTooLong",
            "The checks were stopped after three minutes. Check whether the script waits for something, or use `hookswitch module test`, which has no such limit.",
        ),
        Unmade::GivenUp => Error::unavailable(5, "The server is stopping. Try again in a moment."),
    })?;
    Ok(axum::Json(Conformance { sheet, scenarios }))
}

async fn subject(app: &App, module: &Active) -> ApiResult<Subject> {
    let none = |detail: &str| ApiError::new(StatusCode::NOT_FOUND, "noScenarios", detail);
    let provider = module.module.provider.as_deref();
    let provider = provider.ok_or_else(|| {
        none("The module was not created from a built-in provider, so there are no scenarios to play. Use `hookswitch module test` to play a folder's scenarios.")
    })?;
    let builtin = builtin::find(provider).ok_or_else(|| {
        none("The built-in provider that the module was created from is not in this version.")
    })?;
    let source = stored_source(app, module.module.id).await?;
    let mut subject = Subject::of_builtin(builtin).map_err(Error::internal)?;
    subject.compiled = Arc::new(compiled(&source).await?);
    subject.source = source;
    Ok(subject)
}
