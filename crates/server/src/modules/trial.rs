//! Runs a sample in the real engine, under its limits, with the fetches played from the record.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::DateTime;
use hookswitch_model::contract::{self, Warning};
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_script::{
    CallContext, Compiled, Engine, Environment, FetchRequest, FetchResponse, FetchRoom, Function, Host,
    HostError, LogEntry, ScriptError,
};
use serde_json::{Map, Value};
use url::form_urlencoded;
use uuid::Uuid;

use super::manifest::{Setting, with_defaults};
use crate::intake::Failure;
use crate::intake::address::{self, Address};
use crate::intake::process::understood;
use crate::intake::script_request::{Received, script_request};

use super::sample::{Exchange, ExpectedFetch, FunctionCall, Sample, WebhookRequest};

/// What a sample gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// The function's result, or the message of what it threw.
    pub outcome: Result<Value, String>,
    /// What went wrong besides: fetches that no sample records or that were never made, a result that breaks the contract.
    pub problems: Vec<String>,
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
            Err(message) => sample.error.as_ref() == Some(message),
        };
        outcome && self.problems.is_empty()
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
    let host = Arc::new(TrialHost::new(settings, Map::new(), Vec::new(), Map::new()));
    engine.load("sample", compiled, host).functions().await
}

/// Runs one sample.
pub async fn run(engine: &Engine, compiled: &Arc<Compiled>, settings: &[Setting], sample: &Sample) -> Ran {
    let host = Arc::new(TrialHost::new(
        settings,
        sample.settings.clone(),
        sample.fetch.clone(),
        sample.storage.clone(),
    ));
    let module = engine.load("sample", Arc::clone(compiled), Arc::clone(&host) as _);
    let (name, arguments) = call_of(sample).await;
    let Some(function) = Function::from_name(&name) else {
        let problem = format!("{name} is no function of a module");
        return Ran { outcome: Err(problem), problems: Vec::new(), warnings: Vec::new(), log: Vec::new() };
    };
    let result = module.call(function, arguments, CallContext::default()).await;
    let outcome = result.map(|outcome| outcome.value).map_err(|error| match error {
        // Without the position: it changes with every line above.
        ScriptError::Threw { message, .. } => message,
        other => other.to_string(),
    });
    let mut problems = std::mem::take(&mut *locked(&host.problems));
    let left = locked(&host.exchanges).iter().map(|left| left.request.clone()).collect::<Vec<_>>();
    problems.extend(left.iter().map(|left| format!("never fetched: {} {}", left.method, left.url)));
    let (breach, warnings) = outcome.as_ref().map_or((None, Vec::new()), |value| judge(function, value));
    problems.extend(breach);
    let log = std::mem::take(&mut *locked(&host.log));
    Ran { outcome, problems, warnings, log }
}

async fn call_of(sample: &Sample) -> (String, Vec<Value>) {
    match (&sample.call, &sample.request) {
        (Some(FunctionCall { function, args }), _) => (function.clone(), args.clone()),
        (None, Some(request)) => (Function::ParseWebhookRequest.name().into(), vec![argument(request).await]),
        (None, None) => (String::new(), Vec::new()),
    }
}

/// The module's webhook URL, as samples see it.
const WEBHOOK_URL: &str = "https://hookswitch.example/webhooks/sample?token=sample";

/// What the script would get of the request, had it come to a server.
async fn argument(request: &WebhookRequest) -> Value {
    const TOKEN: &str = "sample";
    let mut target = form_urlencoded::Serializer::for_suffix(String::new(), 0);
    target.append_pair("token", TOKEN);
    for (name, value) in &request.query {
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            target.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
        }
    }
    let target = format!("{}{TOKEN}{}?{}", address::PREFIX, request.path, target.finish());
    let Some(address) = Address::find(&target, TOKEN) else { return Value::Null };
    let received = Received {
        address,
        method: request.method.clone(),
        headers: request.headers.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect(),
        secret_headers: Map::new(),
        body: request.body.clone().unwrap_or_default().into_bytes(),
        remote_address: Some("203.0.113.1".to_owned()),
    };
    let (id, module) = (RequestId(Uuid::nil()), ModuleId(Uuid::nil()));
    let request = received.into_stored(id, module, DateTime::UNIX_EPOCH);
    let url = |target: &str| format!("https://hookswitch.example{target}");
    script_request(&request, url, usize::MAX).await.map_or(Value::Null, |(argument, _)| argument)
}

/// What is amiss with a result: first what breaks the contract, then warnings.
fn judge(function: Function, value: &Value) -> (Option<String>, Vec<Warning>) {
    let value = value.clone();
    let judged = match function {
        Function::ParseWebhookRequest => understood(value).map(|(_, _, warnings)| warnings),
        Function::GetMembers => contract::members(value).map(|_| Vec::new()).map_err(Failure::from),
        Function::TestConnection => {
            contract::test_connection_result(value).map(|_| Vec::new()).map_err(Failure::from)
        }
        Function::GetCallLink => contract::call_link(value).map(|_| Vec::new()).map_err(Failure::from),
        _ => Ok(Vec::new()),
    };
    match judged {
        Ok(warnings) => (None, warnings),
        Err(Failure::Contract(error)) => {
            (Some(format!("the result breaks the contract: {error}")), Vec::new())
        }
        Err(error) => (Some(error.to_string()), Vec::new()),
    }
}

/// What a sample lets its script reach: nothing but the record.
struct TrialHost {
    environment: Arc<Environment>,
    exchanges: Mutex<Vec<Exchange>>,
    storage: Mutex<Map<String, Value>>,
    problems: Mutex<Vec<String>>,
    log: Mutex<Vec<LogEntry>>,
}

impl TrialHost {
    fn new(
        settings: &[Setting],
        values: Map<String, Value>,
        exchanges: Vec<Exchange>,
        storage: Map<String, Value>,
    ) -> Self {
        let settings = with_defaults(settings, values);
        Self {
            environment: Arc::new(Environment {
                settings,
                webhook_url: Some(WEBHOOK_URL.to_owned()),
                ..Environment::default()
            }),
            exchanges: Mutex::new(exchanges),
            storage: Mutex::new(storage),
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
        let made = made(&request);
        let found = {
            let mut exchanges = locked(&self.exchanges);
            let index = exchanges.iter().position(|exchange| fits(&exchange.request, &made));
            index.map(|index| exchanges.remove(index))
        };
        let response = found.ok_or_else(|| self.refuse(not_recorded(&made)))?.response;
        let body = match response.body {
            Value::String(text) => text.into_bytes(),
            Value::Null => Vec::new(),
            other => other.to_string().into_bytes(),
        };
        Ok(FetchResponse {
            status: response.status,
            status_text: String::new(),
            url: request.url,
            redirected: false,
            headers: response.headers.into_iter().collect(),
            body,
        })
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

/// A fetch in the form in which samples record it.
fn made(request: &FetchRequest) -> ExpectedFetch {
    let body = request.body.clone().map(|body| String::from_utf8_lossy(&body.into_bytes()).into_owned());
    ExpectedFetch {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.iter().cloned().collect(),
        body,
    }
}

fn fits(expected: &ExpectedFetch, made: &ExpectedFetch) -> bool {
    let made_headers: HashMap<_, _> = made.headers.iter().collect();
    let has =
        |(name, value): (&String, &String)| made_headers.get(&name.to_ascii_lowercase()) == Some(&value);
    expected.method == made.method
        && expected.url == made.url
        && expected.headers.iter().all(has)
        && (expected.body.is_none() || expected.body == made.body)
}

fn not_recorded(made: &ExpectedFetch) -> String {
    let shown = serde_json::to_string(made).unwrap_or_default();
    format!("fetched what the sample does not record: {shown}")
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
            for sample in &module.samples {
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
        assert!(
            ran.problems[0].starts_with("fetched what the sample does not record: "),
            "{:?}",
            ran.problems
        );
        assert!(ran.outcome.is_err());
    }
}
