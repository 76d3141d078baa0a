//! What a module's script can reach, as the engine sees it.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::ModuleId;
use hookswitch_script::{Environment, FetchRequest, FetchResponse, FetchRoom, Host, HostError, LogEntry};
use hookswitch_store::{Store, StoreError};
use serde_json::Value;

use super::log::ModuleLog;
use super::registry::Modules;
use crate::clock::Clock;
use crate::fetch::FetchClient;

/// What scripts meet outside the server: the network, randomness, the time. Scenarios replace it with their recordings.
#[async_trait]
pub trait Outside: Send + Sync {
    /// Answers a script's `fetch`.
    async fn fetch(
        &self,
        module: ModuleId,
        request: FetchRequest,
        room: &FetchRoom,
    ) -> Result<FetchResponse, HostError>;

    /// Fills the buffer with bytes the script cannot predict.
    fn random(&self, _module: ModuleId, buffer: &mut [u8]) {
        rand::fill(buffer);
    }

    /// The time at which scripts' clocks are stopped; `None` if they run.
    fn stands_at(&self) -> Option<DateTime<Utc>> {
        None
    }
}

#[async_trait]
impl Outside for FetchClient {
    async fn fetch(
        &self,
        _module: ModuleId,
        request: FetchRequest,
        room: &FetchRoom,
    ) -> Result<FetchResponse, HostError> {
        Self::fetch(self, request, room).await
    }
}

/// The host of one module.
pub struct ModuleHost {
    module: ModuleId,
    environment: RwLock<Arc<Environment>>,
    store: Store,
    outside: Arc<dyn Outside>,
    log: ModuleLog,
    clock: Clock,
}

impl ModuleHost {
    /// Creates the host of a module, without settings.
    pub fn new(modules: &Modules, module: ModuleId) -> Self {
        Self {
            module,
            environment: RwLock::default(),
            store: modules.world.store.clone(),
            outside: Arc::clone(&modules.world.outside),
            log: modules.log.clone(),
            clock: modules.world.clock.clone(),
        }
    }

    /// Sets the script's settings from its next call on.
    pub(crate) fn set_environment(&self, environment: Arc<Environment>) {
        let mut current = self.environment.write().unwrap_or_else(PoisonError::into_inner);
        // The engine reloads the script for another `Arc`, so an equal one is kept.
        if *current != environment {
            *current = environment;
        }
    }
}

#[async_trait]
impl Host for ModuleHost {
    fn environment(&self) -> Arc<Environment> {
        Arc::clone(&self.environment.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn clock_millis(&self) -> Option<i64> {
        let stands_at = || self.outside.stands_at().map(|at| at.timestamp_millis());
        self.environment().clock_millis.or_else(stands_at)
    }

    async fn fetch(&self, request: FetchRequest, room: &FetchRoom) -> Result<FetchResponse, HostError> {
        self.outside.fetch(self.module, request, room).await
    }

    async fn service_fetch(
        &self,
        service: String,
        _request: FetchRequest,
        _room: &FetchRoom,
    ) -> Result<FetchResponse, HostError> {
        Err(HostError::new("noService", format!("the module has no service \"{service}\"")))
    }

    async fn storage_get(&self, key: String) -> Result<Option<Value>, HostError> {
        self.store
            .storage_get(self.module, &key, self.clock.now())
            .await
            .map_err(|error| storage_error(&error))
    }

    async fn storage_set(
        &self,
        key: String,
        value: Value,
        ttl_seconds: Option<u64>,
    ) -> Result<(), HostError> {
        let now = self.clock.now();
        let expires_at = expiry(now, ttl_seconds)?;
        let set = self.store.storage_set(self.module, &key, &value, expires_at, now).await;
        set.map_err(|error| storage_error(&error))
    }

    async fn storage_replace(
        &self,
        key: String,
        before: Option<String>,
        after: Option<Value>,
        ttl_seconds: Option<u64>,
    ) -> Result<bool, HostError> {
        let now = self.clock.now();
        let expires_at = expiry(now, ttl_seconds)?;
        let values = (before.as_deref(), after.as_ref());
        let replaced = self.store.storage_replace(self.module, &key, values, expires_at, now).await;
        replaced.map_err(|error| storage_error(&error))
    }

    async fn storage_delete(&self, key: String) -> Result<(), HostError> {
        self.store.storage_delete(self.module, &key).await.map(drop).map_err(|error| storage_error(&error))
    }

    fn log(&self, entry: LogEntry) {
        self.log.write(self.module, self.clock.now(), entry);
    }

    fn random(&self, buffer: &mut [u8]) {
        self.outside.random(self.module, buffer);
    }
}

/// When a value stored now for this time expires; `None` for never.
fn expiry(now: DateTime<Utc>, ttl_seconds: Option<u64>) -> Result<Option<DateTime<Utc>>, HostError> {
    let Some(seconds) = ttl_seconds else { return Ok(None) };
    let lifetime = i64::try_from(seconds).ok().and_then(TimeDelta::try_seconds);
    let expires_at = lifetime.and_then(|lifetime| now.checked_add_signed(lifetime));
    expires_at.map(Some).ok_or_else(|| HostError::new("storage", "ttlSeconds is too large"))
}

fn storage_error(error: &StoreError) -> HostError {
    match error {
        StoreError::StorageKeyTooLong | StoreError::StorageValueTooLong | StoreError::StorageFull => {
            HostError::new("storage", error.to_string())
        }
        error => {
            tracing::error!(%error, "module storage failed");
            HostError::new("storage", "the server's storage failed; its log says why")
        }
    }
}
