//! An in-memory host, and helpers to load and call a script.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hookswitch_script::{
    CallContext, Engine, Environment, FetchRequest, FetchResponse, FetchRoom, Function, Host, HostError,
    Limits, LogEntry, ModuleHandle, Outcome, ScriptError, compile,
};
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::sync::Notify;

/// A host whose `fetch` answers by path: `/echo` returns the request, `/status/N` that status, `/bytes/N` that many
/// bytes, `/gate` answers once the test opens it, `/never` does not answer, `/refused` fails.
pub struct TestHost {
    pub environment: Mutex<Arc<Environment>>,
    pub stored: Mutex<HashMap<String, (Value, Option<u64>)>>,
    pub requests: Mutex<Vec<(Option<String>, FetchRequest)>>,
    pub log: Mutex<Vec<LogEntry>>,
    pub gate: Notify,
    pub arrived: Notify,
    /// A value to store just before the next `update` writes, as if by another call.
    pub overtake: Mutex<Option<Value>>,
}

impl TestHost {
    pub fn new(settings: Value) -> Arc<Self> {
        let settings = settings.as_object().cloned().unwrap_or_default();
        Arc::new(Self {
            environment: Mutex::new(Arc::new(Environment {
                settings,
                services: vec!["bridge".into()],
                ..Environment::default()
            })),
            stored: Mutex::default(),
            requests: Mutex::default(),
            log: Mutex::default(),
            gate: Notify::new(),
            arrived: Notify::new(),
            overtake: Mutex::default(),
        })
    }

    pub fn set_settings(&self, settings: Value) {
        let settings = settings.as_object().cloned().unwrap_or_default();
        *self.environment.lock().unwrap() = Arc::new(Environment { settings, ..Environment::default() });
    }

    /// Stops the script's clock.
    pub fn set_clock(&self, millis: i64) {
        let mut environment = self.environment.lock().unwrap();
        *environment = Arc::new(Environment { clock_millis: Some(millis), ..(**environment).clone() });
    }

    pub fn log_texts(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|entry| entry.text.clone()).collect()
    }

    async fn answer(
        &self,
        service: Option<String>,
        request: FetchRequest,
    ) -> Result<FetchResponse, HostError> {
        self.requests.lock().unwrap().push((service.clone(), request.clone()));
        self.arrived.notify_one();
        let path = request.url.split("example.com").last().unwrap_or_default().to_owned();
        let number =
            || path.rsplit('/').next().and_then(|text| text.parse::<usize>().ok()).unwrap_or_default();
        let (mut status, mut body) = (200, Vec::new());
        match path.split('/').nth(1).unwrap_or_default() {
            "status" => status = number() as u16,
            "bytes" => body = vec![b'x'; number()],
            "gate" => self.gate.notified().await,
            "never" => std::future::pending().await,
            "refused" => return Err(HostError::new("refusedAddress", "10.0.0.1 is a private address")),
            "tooLarge" => return Err(HostError::new(HostError::TOO_LARGE, "the response is too large")),
            _ => {
                let text =
                    request.body.clone().map(|body| String::from_utf8_lossy(&body.into_bytes()).into_owned());
                body = json!({
                    "service": service, "method": request.method, "url": request.url, "headers": request.headers,
                    "body": text, "redirect": request.redirect, "timeoutMs": request.timeout_ms,
                })
                .to_string()
                .into_bytes();
            }
        }
        let headers = [
            ("Content-Type", "application/json"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("X-Id", "7"),
        ];
        Ok(FetchResponse {
            status,
            status_text: "Fine".into(),
            url: request.url,
            redirected: false,
            headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            body,
        })
    }
}

#[async_trait]
impl Host for TestHost {
    fn environment(&self) -> Arc<Environment> {
        self.environment.lock().unwrap().clone()
    }

    async fn fetch(&self, request: FetchRequest, _room: &FetchRoom) -> Result<FetchResponse, HostError> {
        self.answer(None, request).await
    }

    async fn service_fetch(
        &self,
        service: String,
        request: FetchRequest,
        _room: &FetchRoom,
    ) -> Result<FetchResponse, HostError> {
        self.answer(Some(service), request).await
    }

    async fn storage_get(&self, key: String) -> Result<Option<Value>, HostError> {
        Ok(self.stored.lock().unwrap().get(&key).map(|(value, _)| value.clone()))
    }

    async fn storage_set(
        &self,
        key: String,
        value: Value,
        ttl_seconds: Option<u64>,
    ) -> Result<(), HostError> {
        self.stored.lock().unwrap().insert(key, (value, ttl_seconds));
        Ok(())
    }

    async fn storage_replace(
        &self,
        key: String,
        before: Option<String>,
        after: Option<Value>,
        ttl_seconds: Option<u64>,
    ) -> Result<bool, HostError> {
        let mut stored = self.stored.lock().unwrap();
        if let Some(value) = self.overtake.lock().unwrap().take() {
            stored.insert(key.clone(), (value, None));
        }
        if stored.get(&key).map(|(value, _)| value.to_string()) != before {
            return Ok(false);
        }
        match after {
            Some(value) => stored.insert(key, (value, ttl_seconds)),
            None => stored.remove(&key),
        };
        Ok(true)
    }

    async fn storage_delete(&self, key: String) -> Result<(), HostError> {
        self.stored.lock().unwrap().remove(&key);
        Ok(())
    }

    fn log(&self, entry: LogEntry) {
        assert!(entry.text != "panic", "the script asked for a panic");
        self.log.lock().unwrap().push(entry);
    }

    fn random(&self, buffer: &mut [u8]) {
        for (index, byte) in buffer.iter_mut().enumerate() {
            *byte = (index * 37 + 11) as u8;
        }
    }
}

/// Small limits, which are quick to break.
pub fn tight() -> Limits {
    Limits { cpu_ms: 200, wall_ms: 2_000, memory_bytes: 16 << 20, ..Limits::default() }
}

pub struct Script {
    pub engine: Engine,
    pub handle: ModuleHandle,
    pub host: Arc<TestHost>,
}

pub fn load_with(source: &str, limits: Limits, settings: Value) -> Script {
    load_into(&Engine::new(limits, Handle::current()), source, TestHost::new(settings))
}

fn load_into(engine: &Engine, source: &str, host: Arc<TestHost>) -> Script {
    let compiled = compile(source).unwrap_or_else(|diagnostics| panic!("{diagnostics:?}"));
    let handle = engine.load("test", Arc::new(compiled), host.clone());
    Script { engine: engine.clone(), handle, host }
}

pub fn load(source: &str) -> Script {
    load_with(source, tight(), json!({}))
}

impl Script {
    /// Loads another module in the same engine.
    pub fn beside(&self, source: &str) -> Script {
        load_into(&self.engine, source, TestHost::new(json!({})))
    }

    pub async fn call(&self, function: Function, arguments: Vec<Value>) -> Result<Outcome, ScriptError> {
        let context = CallContext { request_id: Some("request-1".into()) };
        self.handle.call(function, arguments, context).await
    }

    /// Calls `VoipTestConnection` and returns its result.
    pub async fn test(&self) -> Result<Value, ScriptError> {
        self.call(Function::TestConnection, vec![]).await.map(|outcome| outcome.value)
    }

    /// Calls `VoipGetCallLink` with this argument.
    pub async fn link(&self, argument: Value) -> Result<Value, ScriptError> {
        self.call(Function::GetCallLink, vec![argument]).await.map(|outcome| outcome.value)
    }
}

/// The result of a script whose `VoipTestConnection` is `async` and has this body.
pub async fn eval(body: &str) -> Result<Value, ScriptError> {
    load(&format!("async function VoipTestConnection(): Promise<any> {{\n{body}\n}}")).test().await
}

/// The value of an expression.
pub async fn value(expression: &str) -> Value {
    eval(&format!("return ({expression});")).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
}

/// A script whose `VoipTestConnection` has this body, and which can prove that it still works.
pub fn script_with(body: &str, limits: Limits) -> Script {
    let source = format!(
        "async function VoipTestConnection(): Promise<any> {{\n{body}\n}}\n\
         function VoipGetCallLink(data: any) {{ return data + 1; }}"
    );
    load_with(&source, limits, json!({}))
}

pub fn begin(
    script: &Script,
    function: Function,
    argument: Value,
) -> tokio::task::JoinHandle<Result<Value, String>> {
    let handle = script.handle.clone();
    tokio::spawn(async move {
        let outcome = handle.call(function, vec![argument], CallContext::default()).await;
        outcome.map(|outcome| outcome.value).map_err(|error| error.code().to_owned())
    })
}

/// Waits, but not forever.
pub async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(10), what).await.expect("it took too long")
}
