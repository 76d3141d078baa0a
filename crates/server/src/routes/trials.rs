//! Trying a module's script, and its capability sheet.

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

/// What to run: one of `sample` and `requestId`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Try {
    /// The TypeScript; the module's own where it is left out.
    #[schema(min_length = 1, max_length = 262144)]
    source: Option<String>,
    /// A sample, as in a module's folder. It is run with the settings that it gives, not with the module's.
    #[schema(value_type = Option<Object>)]
    sample: Option<Value>,
    /// A request of the module's log. It is run with the module's settings, as when it arrived.
    request_id: Option<RequestId>,
}

/// What a script gave, without anything having changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tried {
    /// What the function returned; null where it failed.
    result: Option<Value>,
    /// Why it failed.
    error: Option<TrialError>,
    /// Whether a sample gave what it says; null of a request.
    as_expected: Option<bool>,
    /// What went wrong besides: fetches that nothing records, a result that breaks the contract.
    problems: Vec<String>,
    /// What is amiss without making it wrong, by place in the result.
    warnings: Vec<Warning>,
    /// What the script logged.
    log: Vec<TrialLine>,
    /// What it fetched or wanted to fetch; only recorded answers are given, nothing leaves the server.
    fetches: Vec<TrialFetch>,
}

/// Why a script failed.
#[derive(Serialize, ToSchema)]
pub struct TrialError {
    /// Stable, for programs: `threw`, `cpuTime`…
    code: String,
    /// In words.
    message: String,
    /// TypeScript line, from 1.
    line: Option<u32>,
    /// TypeScript column, from 1.
    column: Option<u32>,
}

/// A line that the script logged.
#[derive(Serialize, ToSchema)]
pub struct TrialLine {
    /// The console's method.
    #[schema(value_type = String)]
    level: LogLevel,
    /// What.
    text: String,
    /// TypeScript line, from 1.
    line: Option<u32>,
}

/// A request that the script made or wanted to make.
#[derive(Serialize, ToSchema)]
pub struct TrialFetch {
    /// HTTP method.
    method: String,
    /// The whole URL.
    url: String,
    /// Header names, in lower case, and values.
    #[schema(value_type = Object)]
    headers: Value,
    /// The body, where there is one.
    body: Option<String>,
}

/// Runs a script, the module's or one that is not saved, on a sample or on a request of the log. Nothing changes by it and
/// nothing leaves the server.
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
                // It is in no history, and sees the module's secrets and what its storage holds.
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

/// What a module can do, and what came of playing its scenarios.
#[derive(Serialize, ToSchema)]
pub struct Conformance {
    /// The capability sheet.
    sheet: Sheet,
    /// What came of each scenario.
    scenarios: Vec<Played>,
}

/// One module at a time: it takes a server of its own, and seconds.
static AT_WORK: Semaphore = Semaphore::const_new(1);
/// Longer than the checks of any module take that does not wait for something.
const PATIENCE: Duration = Duration::from_secs(180);

/// The capability sheet of the module's present script, made with the samples and scenarios of the built-in module that it was
/// made from.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/conformance",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses(
        (status = 200, body = Conformance),
        (status = 404, description = "There are no samples and scenarios to make it with"),
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
        .map_err(|_| Error::unavailable(5, "Another module is being checked. Ask again in a moment."))?;
    let gone = app.tasks.stopping.child_token();
    // This function is dropped when whoever asked is gone.
    let _here = gone.clone().drop_guard();
    let make = async move || {
        let made = sheet_within(&app.config, &subject, PATIENCE, &gone).await;
        drop(permit);
        made
    };
    // It stays in one place all the while, and closes its stage whatever becomes of this function.
    let made = tokio::task::spawn_blocking(move || Handle::current().block_on(make())).await;
    let (sheet, scenarios) = made.map_err(Error::internal)?.map_err(|unmade| match unmade {
        Unmade::NoStage(problem) => Error::internal(problem),
        Unmade::Script(problem) => Error::conflict("scriptFailed", sentence(&problem)),
        Unmade::TookTooLong => Error::conflict(
            "tookTooLong",
            "The checks were stopped after three minutes: see whether the script waits for something. `hookswitch module test` has no such limit.",
        ),
        Unmade::GivenUp => Error::unavailable(5, "The server is stopping. Ask again in a moment."),
    })?;
    Ok(axum::Json(Conformance { sheet, scenarios }))
}

async fn subject(app: &App, module: &Active) -> ApiResult<Subject> {
    let none = |detail: &str| ApiError::new(StatusCode::NOT_FOUND, "noScenarios", detail);
    let provider = module.module.provider.as_deref();
    let provider = provider.ok_or_else(|| {
        none("The module was not made from a built-in one, so there are no scenarios to play. `hookswitch module test` plays those of a folder.")
    })?;
    let builtin = builtin::find(provider)
        .ok_or_else(|| none("The built-in module that it was made from is not in this version."))?;
    let source = stored_source(app, module.module.id).await?;
    let mut subject = Subject::of_builtin(builtin).map_err(Error::internal)?;
    subject.compiled = Arc::new(compiled(&source).await?);
    subject.source = source;
    Ok(subject)
}
