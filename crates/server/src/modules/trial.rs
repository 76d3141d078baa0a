//! Runs a sample in the real engine, under its limits, with the fetches played from the record.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hookswitch_model::contract::{self, Warning};
use hookswitch_script::{
    CallContext, Compiled, Engine, Environment, FetchRequest, FetchResponse, FetchRoom, Function, Host,
    HostError, LogEntry, ScriptError,
};
use serde_json::{Map, Value, json};

use super::manifest::{Setting, with_defaults};
use super::recorded;
use crate::requests;
use crate::requests::address::Address;
use crate::requests::result::understood;
use crate::requests::script_request::{Received, script_request};

use super::outgoing::{MODULE, Outgoing, PUBLIC_URL, TOKEN, webhook_url};
use super::sample::{Exchange, ExpectedFetch, FunctionCall, NOW, RecordedResponse, Sample, WebhookRequest};
use super::sign::{Signer, Signing, Spoil};

/// What a sample gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The function's result, or why there is none.
    pub outcome: Result<Value, ScriptError>,
    /// The fetches it made or wanted to make, in order.
    pub fetches: Vec<ExpectedFetch>,
    /// What went wrong besides: fetches that no sample records or that were never made, a result that breaks the contract.
    pub problems: Vec<String>,
    /// How the result breaks the contract, where it does.
    pub breach: Option<String>,
    /// What is amiss in the result without making it wrong.
    pub warnings: Vec<Warning>,
    /// What the script wrote to its log.
    pub log: Vec<LogEntry>,
}

impl Ran {
    /// Whether it is what the sample says.
    #[must_use]
    pub fn is_as_expected(&self, sample: &Sample) -> bool {
        let outcome = match &self.outcome {
            Ok(value) => sample.error.is_none() && sample.result.as_ref().unwrap_or(&Value::Null) == value,
            Err(error) => sample.error.as_deref() == Some(message(error).as_str()),
        };
        outcome && self.problems.is_empty()
    }
}

/// What a sample's `error` is compared with: without the position, which changes with every line above.
#[must_use]
pub fn message(error: &ScriptError) -> String {
    match error {
        ScriptError::Threw { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

/// The functions a script implements, found by loading it with the settings' defaults.
///
/// # Errors
/// What the script throws while it is loaded.
pub async fn functions(
    engine: &Engine,
    compiled: Arc<Compiled>,
    settings: &[Setting],
) -> Result<Vec<Function>, ScriptError> {
    let host = Arc::new(TrialHost::new(settings, &Sample::default()));
    engine.load("sample", compiled, host).functions().await
}

/// Runs one sample.
pub async fn run(engine: &Engine, compiled: &Arc<Compiled>, settings: &[Setting], sample: &Sample) -> Ran {
    run_on(engine, compiled, sample, TrialHost::new(settings, sample)).await
}

/// Runs one sample with its fetches failing.
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

/// What a script meets that is not run on a sample.
pub struct World {
    /// The settings, defaults filled in.
    pub settings: Map<String, Value>,
    /// The module's webhook URL.
    pub webhook_url: String,
    /// Where its clock stands.
    pub now: DateTime<Utc>,
    /// What its storage holds.
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

/// How fetches fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// The first one that fails, from 0; every later one does too.
    pub from: usize,
    /// In which way.
    pub failure: Failure,
}

/// A way for a provider's API to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It answers so.
    Status(u16),
    /// It does not answer.
    TimeOut,
    /// It answers 200 with something that is no JSON.
    Garbage,
}

impl Failure {
    /// Every way.
    pub const ALL: [Self; 6] = [
        Self::Status(401),
        Self::Status(403),
        Self::Status(429),
        Self::Status(500),
        Self::TimeOut,
        Self::Garbage,
    ];

    /// As in "when the API …".
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Status(status) => format!("answers {status}"),
            Self::TimeOut => "does not answer".to_owned(),
            Self::Garbage => "answers with garbage".to_owned(),
        }
    }

    fn answer(self, url: String) -> Result<FetchResponse, HostError> {
        let response = |status, content_type: &str, body: Value| RecordedResponse {
            status,
            headers: [("content-type".to_owned(), content_type.to_owned())].into(),
            body,
        };
        let response = match self {
            Self::TimeOut => {
                return Err(HostError::new("timeout", "there was no whole answer within 10000 ms"));
            }
            Self::Status(status) => {
                response(status, "application/json", json!({ "nothing": { "known": true } }))
            }
            Self::Garbage => response(200, "text/html", "<html><body>Hello</body></html>".into()),
        };
        Ok(recorded::answer(response, url))
    }
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
    /// The script was not run.
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
            Ok((known.ok_or_else(|| format!("{function} is no function of a module"))?, args.clone()))
        }
        (None, Some(request)) => {
            let now = sample.now.unwrap_or(NOW);
            let request = outgoing(request, sample.sign.as_ref(), settings, now)?;
            Ok((Function::ParseWebhookRequest, vec![argument(request).await]))
        }
        (None, None) => Err("a sample has either \"request\" or \"call\"".into()),
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
        sign.apply(&mut outgoing, &Signer { settings, now, spoil: Spoil::Nothing })?;
    }
    Ok(outgoing)
}

/// What the script would get of the request, had it come to a server.
async fn argument(request: Outgoing) -> Value {
    let Some(address) = Address::find(&request.target, TOKEN) else { return Value::Null };
    let received = Received {
        address,
        method: request.method,
        headers: request.headers.into_iter().map(|(name, value)| (name, value.into())).collect(),
        secret_headers: Map::new(),
        body: request.body,
        remote_address: Some("203.0.113.1".to_owned()),
    };
    let url = |target: &str| format!("{PUBLIC_URL}{target}");
    script_request(&received, url, usize::MAX).await.map_or(Value::Null, |(argument, _)| argument)
}

/// What is amiss with a result: first what breaks the contract, then warnings.
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

/// What a sample lets its script reach: nothing but the record.
struct TrialHost {
    environment: Arc<Environment>,
    exchanges: Mutex<Vec<Exchange>>,
    fetches: Mutex<Vec<ExpectedFetch>>,
    failing: Option<Failing>,
    storage: Mutex<Map<String, Value>>,
    problems: Mutex<Vec<String>>,
    log: Mutex<Vec<LogEntry>>,
}

impl TrialHost {
    fn new(settings: &[Setting], sample: &Sample) -> Self {
        let environment = Environment {
            settings: with_defaults(settings, sample.settings.clone()),
            webhook_url: Some(webhook_url(MODULE)),
            clock_millis: Some(sample.now.unwrap_or(NOW).timestamp_millis()),
            ..Environment::default()
        };
        Self {
            exchanges: Mutex::new(sample.fetch.clone()),
            storage: Mutex::new(sample.storage.clone()),
            ..Self::of(environment)
        }
    }

    fn of(environment: Environment) -> Self {
        Self {
            environment: Arc::new(environment),
            exchanges: Mutex::default(),
            fetches: Mutex::default(),
            failing: None,
            storage: Mutex::default(),
            problems: Mutex::default(),
            log: Mutex::default(),
        }
    }

    fn refuse(&self, problem: String) -> HostError {
        locked(&self.problems).push(problem.clone());
        HostError::new("notRecorded", problem)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Host for TrialHost {
    fn environment(&self) -> Arc<Environment> {
        Arc::clone(&self.environment)
    }

    async fn fetch(&self, request: FetchRequest, _room: &FetchRoom) -> Result<FetchResponse, HostError> {
        let made = recorded::made(&request);
        let before = {
            let mut fetches = locked(&self.fetches);
            fetches.push(made.clone());
            fetches.len() - 1
        };
        if let Some(Failing { failure, .. }) = self.failing.filter(|failing| before >= failing.from) {
            return failure.answer(request.url);
        }
        let found = recorded::take(&mut locked(&self.exchanges), &made);
        let response = found.ok_or_else(|| self.refuse(recorded::not_recorded(&made)))?;
        Ok(recorded::answer(response, request.url))
    }

    async fn service_fetch(
        &self,
        service: String,
        _request: FetchRequest,
        _room: &FetchRoom,
    ) -> Result<FetchResponse, HostError> {
        Err(self.refuse(format!("samples have no services, so {service} cannot be asked")))
    }

    async fn storage_get(&self, key: String) -> Result<Option<Value>, HostError> {
        Ok(locked(&self.storage).get(&key).cloned())
    }

    async fn storage_set(
        &self,
        key: String,
        value: Value,
        _ttl_seconds: Option<u64>,
    ) -> Result<(), HostError> {
        locked(&self.storage).insert(key, value);
        Ok(())
    }

    async fn storage_replace(
        &self,
        key: String,
        before: Option<String>,
        after: Option<Value>,
        _ttl_seconds: Option<u64>,
    ) -> Result<bool, HostError> {
        let mut storage = locked(&self.storage);
        if storage.get(&key).map(Value::to_string) != before {
            return Ok(false);
        }
        match after {
            Some(value) => storage.insert(key, value),
            None => storage.remove(&key),
        };
        Ok(true)
    }

    async fn storage_delete(&self, key: String) -> Result<(), HostError> {
        locked(&self.storage).remove(&key);
        Ok(())
    }

    fn log(&self, entry: LogEntry) {
        locked(&self.log).push(entry);
    }

    /// The same each time, so that results are.
    fn random(&self, buffer: &mut [u8]) {
        buffer.iter_mut().zip((0..=u8::MAX).cycle()).for_each(|(byte, value)| *byte = value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modules::{builtin, sample};
    use hookswitch_script::{Limits, compile};

    fn engine() -> Engine {
        Engine::new(Limits::default(), tokio::runtime::Handle::current())
    }

    #[tokio::test]
    async fn every_sample_of_the_builtin_modules_gives_its_result() {
        for module in builtin::all() {
            let compiled = Arc::new(compile(module.source).expect("it compiles"));
            for (_, sample) in &module.samples {
                let ran = run(&engine(), &compiled, &module.manifest.settings, sample).await;
                let which = format!("{}: {}", module.manifest.code, sample.name);
                assert!(ran.is_as_expected(sample), "{which}\n{ran:#?}\nexpected {sample:#?}");
            }
        }
    }

    #[tokio::test]
    async fn every_builtin_module_has_what_a_module_needs() {
        for module in builtin::all() {
            let compiled = Arc::new(compile(module.source).expect("it compiles"));
            let functions =
                functions(&engine(), compiled, &module.manifest.settings).await.expect("it loads");
            for function in Function::ALL.into_iter().filter(|function| function.required()) {
                assert!(functions.contains(&function), "{} lacks {function}", module.manifest.code);
            }
        }
    }

    #[tokio::test]
    async fn what_a_sample_does_not_say_is_a_problem() {
        let source =
            "async function VoipGetCallLink(data) { await fetch('https://x.example/' + data); return 1 }";
        let compiled = Arc::new(compile(source).expect("it compiles"));
        let recorded = r#"{
            "name": "n", "call": { "function": "VoipGetCallLink", "args": ["a"] }, "result": 1,
            "fetch": [
                { "request": { "method": "GET", "url": "https://x.example/a" }, "response": {} },
                { "request": { "method": "GET", "url": "https://x.example/b" }, "response": {} }
            ]
        }"#;
        let recorded = sample::parse(recorded).expect("a sample");
        let ran = run(&engine(), &compiled, &[], &recorded).await;
        assert_eq!(ran.problems[0], "never fetched: GET https://x.example/b");
        assert!(ran.problems[1].starts_with("the result breaks the contract: "), "{:?}", ran.problems);

        let other = Sample { fetch: Vec::new(), ..recorded };
        let ran = run(&engine(), &compiled, &[], &other).await;
        assert!(ran.problems[0].starts_with("fetched what is not recorded: "), "{:?}", ran.problems);
        assert!(ran.outcome.is_err());
    }
}
