//! The host of a script that is tried out.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use hookswitch_script::{Environment, FetchRequest, FetchResponse, FetchRoom, Host, HostError, LogEntry};
use serde_json::{Map, Value};

use super::failing::Failing;
use crate::modules::manifest::{Setting, with_defaults};
use crate::modules::outgoing::{MODULE, webhook_url};
use crate::modules::recorded;
use crate::modules::sample::{Exchange, ExpectedFetch, NOW, Sample};

/// The host of a sample: it provides only what is recorded.
pub struct TrialHost {
    pub environment: Arc<Environment>,
    pub exchanges: Mutex<Vec<Exchange>>,
    pub fetches: Mutex<Vec<ExpectedFetch>>,
    pub failing: Option<Failing>,
    pub storage: Mutex<Map<String, Value>>,
    pub problems: Mutex<Vec<String>>,
    pub log: Mutex<Vec<LogEntry>>,
}

impl TrialHost {
    pub fn new(settings: &[Setting], sample: &Sample) -> Self {
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

    pub fn of(environment: Environment) -> Self {
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

pub fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
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

    /// Deterministic, so that results are, too.
    fn random(&self, buffer: &mut [u8]) {
        buffer.iter_mut().zip((0..=u8::MAX).cycle()).for_each(|(byte, value)| *byte = value);
    }
}
