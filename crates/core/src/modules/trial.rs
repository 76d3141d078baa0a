//! Runs a sample in the real engine, under its limits, with recorded fetches.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use hookswitch_model::contract::{self, Warning};
use hookswitch_script::{CallContext, Compiled, Engine, Environment, Function, LogEntry, ScriptError};
use serde_json::{Map, Value};

use super::manifest::Setting;
use crate::requests;
use crate::requests::address::Address;
use crate::requests::result::understood;
use crate::requests::script_request::{Received, script_request};

use super::outgoing::{MODULE, MOST_BYTES, Outgoing, PUBLIC_URL, TOKEN};
use super::sample::{ExpectedFetch, FunctionCall, NOW, Sample, WebhookRequest};
use super::sample_signature::{Signer, Signing, Spoil};

mod failing;
mod host;
#[cfg(test)]
mod tests;

pub use failing::{Failing, Failure};
use host::{TrialHost, locked};

/// The result of a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The function's result, or why there is none.
    pub outcome: Result<Value, ScriptError>,
    /// The fetches it made or tried to make, in order.
    pub fetches: Vec<ExpectedFetch>,
    /// Other problems: fetches that are not recorded or were never made, a result that breaks the contract.
    pub problems: Vec<String>,
    /// How the result breaks the contract, if it does.
    pub breach: Option<String>,
    /// Flaws of the result that do not break the contract.
    pub warnings: Vec<Warning>,
    /// The script's log.
    pub log: Vec<LogEntry>,
}

impl Ran {
    /// Whether it matches the sample's expectation.
    #[must_use]
    pub fn is_as_expected(&self, sample: &Sample) -> bool {
        let outcome = match &self.outcome {
            Ok(value) => sample.error.is_none() && sample.result.as_ref().unwrap_or(&Value::Null) == value,
            Err(error) => sample.error.as_deref() == Some(message(error).as_str()),
        };
        outcome && self.problems.is_empty()
    }
}

/// The message to compare with a sample's `error`: without the position, which changes with every line above.
#[must_use]
pub fn message(error: &ScriptError) -> String {
    match error {
        ScriptError::Threw { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// The functions a script implements, determined by loading it with the settings' defaults.
///
/// # Errors
/// What the script throws while loading.
pub async fn functions(
    engine: &Engine,
    compiled: Arc<Compiled>,
    settings: &[Setting],
) -> Result<Vec<Function>, ScriptError> {
    let host = Arc::new(TrialHost::new(settings, &Sample::default()));
    engine.load("sample", compiled, host).functions().await
}

/// Runs a sample.
pub async fn run(engine: &Engine, compiled: &Arc<Compiled>, settings: &[Setting], sample: &Sample) -> Ran {
    run_on(engine, compiled, sample, TrialHost::new(settings, sample)).await
}

/// Runs a sample with failing fetches.
pub async fn run_failing(
    engine: &Engine,
    compiled: &Arc<Compiled>,
    settings: &[Setting],
    sample: &Sample,
    failing: Failing,
) -> Ran {
    let host = TrialHost { failing: Some(failing), ..TrialHost::new(settings, sample) };
    run_on(engine, compiled, sample, host).await
}

/// The environment of a script that is not run on a sample.
pub struct World {
    /// The settings, with defaults filled in.
    pub settings: Map<String, Value>,
    /// The module's webhook URL.
    pub webhook_url: String,
    /// The time of its clock.
    pub now: DateTime<Utc>,
    /// The content of its storage.
    pub storage: Map<String, Value>,
}

/// Runs `VoipParseWebhookRequest` on a request as the script gets it. No fetch is answered.
pub async fn run_request(engine: &Engine, compiled: &Arc<Compiled>, world: World, argument: Value) -> Ran {
    let environment = Environment {
        settings: world.settings,
        webhook_url: Some(world.webhook_url),
        clock_millis: Some(world.now.timestamp_millis()),
        ..Environment::default()
    };
    let host = TrialHost { storage: Mutex::new(world.storage), ..TrialHost::of(environment) };
    run_function(engine, compiled, Arc::new(host), Function::ParseWebhookRequest, vec![argument]).await
}

async fn run_on(engine: &Engine, compiled: &Arc<Compiled>, sample: &Sample, host: TrialHost) -> Ran {
    let host = Arc::new(host);
    let (function, arguments) = match call_of(sample, &host.environment.settings).await {
        Ok(call) => call,
        Err(reason) => return Ran::refused(reason),
    };
    run_function(engine, compiled, host, function, arguments).await
}

impl Ran {
    /// A result for a script that was not run.
    #[must_use]
    pub fn refused(reason: String) -> Self {
        let outcome = Err(ScriptError::Engine { reason });
        let (fetches, problems, warnings, log) = Default::default();
        Self { outcome, fetches, problems, breach: None, warnings, log }
    }
}

async fn run_function(
    engine: &Engine,
    compiled: &Arc<Compiled>,
    host: Arc<TrialHost>,
    function: Function,
    arguments: Vec<Value>,
) -> Ran {
    let module = engine.load("sample", Arc::clone(compiled), Arc::clone(&host) as _);
    let result = module.call(function, arguments, CallContext::default()).await;
    let outcome = result.map(|outcome| outcome.value);
    let mut problems = std::mem::take(&mut *locked(&host.problems));
    let left = locked(&host.exchanges).iter().map(|left| left.request.clone()).collect::<Vec<_>>();
    problems.extend(left.iter().map(|left| format!("never fetched: {} {}", left.method, left.url)));
    let (breach, warnings) = outcome.as_ref().map_or((None, Vec::new()), |value| judge(function, value));
    problems.extend(breach.clone());
    let fetches = std::mem::take(&mut *locked(&host.fetches));
    let log = std::mem::take(&mut *locked(&host.log));
    Ran { outcome, fetches, problems, breach, warnings, log }
}

async fn call_of(sample: &Sample, settings: &Map<String, Value>) -> Result<(Function, Vec<Value>), String> {
    match (&sample.call, &sample.request) {
        (Some(FunctionCall { function, args }), _) => {
            let known = Function::from_name(function);
            Ok((known.ok_or_else(|| format!("{function} is not a function of the contract"))?, args.clone()))
        }
        (None, Some(request)) => {
            let now = sample.now.unwrap_or(NOW);
            let request = outgoing(request, sample.sign.as_ref(), settings, now)?;
            Ok((Function::ParseWebhookRequest, vec![argument(request).await?]))
        }
        (None, None) => Err("a sample needs either \"request\" or \"call\"".into()),
    }
}

fn outgoing(
    request: &WebhookRequest,
    sign: Option<&Signing>,
    settings: &Map<String, Value>,
    now: DateTime<Utc>,
) -> Result<Outgoing, String> {
    let mut outgoing = Outgoing::new(request, MODULE);
    if let Some(sign) = sign {
        sign.apply(&mut outgoing, &Signer { declared: &[], settings, now, spoil: Spoil::Nothing })?;
    }
    Ok(outgoing)
}

/// The script's argument for the request, as if it had reached a server.
async fn argument(request: Outgoing) -> Result<Value, String> {
    let Some(address) = Address::find(&request.target, TOKEN) else { return Ok(Value::Null) };
    let received = Received {
        address,
        method: request.method,
        headers: request.headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
        secret_headers: Map::new(),
        body: request.body,
        remote_address: Some("203.0.113.1".to_owned()),
    };
    let url = |target: &str| format!("{PUBLIC_URL}{target}");
    let argument = script_request(&received, url, MOST_BYTES).await;
    argument.map(|(argument, _)| argument).map_err(|error| format!("request.body: {error}; shorten it"))
}

/// Judges a result: first a breach of the contract, then warnings.
fn judge(function: Function, value: &Value) -> (Option<String>, Vec<Warning>) {
    let value = value.clone();
    let judged = match function {
        Function::ParseWebhookRequest => understood(value).map(|(_, _, warnings)| warnings),
        Function::GetMembers => contract::members(value).map(|_| Vec::new()).map_err(requests::Failure::from),
        Function::TestConnection => {
            contract::test_connection_result(value).map(|_| Vec::new()).map_err(requests::Failure::from)
        }
        Function::GetCallLink => {
            contract::call_link(value).map(|_| Vec::new()).map_err(requests::Failure::from)
        }
        _ => Ok(Vec::new()),
    };
    match judged {
        Ok(warnings) => (None, warnings),
        Err(requests::Failure::Contract(error)) => {
            (Some(format!("the result breaks the contract: {error}")), Vec::new())
        }
        Err(error) => (Some(error.to_string()), Vec::new()),
    }
}
