//! A script's only access to the outside.
//!
//! Everything here is plain data in both directions, so that the engine can later run in a separate process.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FetchRoom, Function};

/// What a script can reach outside. One per module.
///
/// The host guards against private addresses: the engine passes on any URL from the script.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// The current settings and services. Called before every call: return the same `Arc` while nothing has changed; a
    /// different one makes the engine reload the script, so that values read at its top level are current.
    fn environment(&self) -> Arc<Environment>;

    /// The time at which the script's clock is stopped, in milliseconds since 1970; `None` if it runs. Called whenever
    /// the script reads the clock.
    fn clock_millis(&self) -> Option<i64> {
        self.environment().clock_millis
    }

    /// `fetch(url, init)`. Reserve [room](FetchRoom::reserve) for the response's bytes before storing them.
    async fn fetch(&self, request: FetchRequest, room: &FetchRoom) -> Result<FetchResponse, HostError>;

    /// `Namespace.services.<service>.fetch(path, init)`; the request's `url` holds the path.
    async fn service_fetch(
        &self,
        service: String,
        request: FetchRequest,
        room: &FetchRoom,
    ) -> Result<FetchResponse, HostError>;

    /// `Namespace.storage.get(key)`: the value; `None` if there is none or it has expired.
    async fn storage_get(&self, key: String) -> Result<Option<Value>, HostError>;

    /// `Namespace.storage.set(key, value, { ttlSeconds })`.
    async fn storage_set(&self, key: String, value: Value, ttl_seconds: Option<u64>)
    -> Result<(), HostError>;

    /// `Namespace.storage.update(key, change)`: stores `after` (`None` deletes) if the value is still `before`, the
    /// JSON text returned by [`Host::storage_get`]. Returns whether it was.
    async fn storage_replace(
        &self,
        key: String,
        before: Option<String>,
        after: Option<Value>,
        ttl_seconds: Option<u64>,
    ) -> Result<bool, HostError>;

    /// `Namespace.storage.delete(key)`.
    async fn storage_delete(&self, key: String) -> Result<(), HostError>;

    /// Takes a line that the script logged. Called on the module's thread, so it must not block.
    fn log(&self, entry: LogEntry);

    /// Fills the buffer with unpredictable bytes.
    fn random(&self, buffer: &mut [u8]);
}

/// What a script sees of its module, apart from calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// `Namespace.params.data`: the settings by name.
    pub settings: serde_json::Map<String, Value>,
    /// The names under `Namespace.services`.
    pub services: Vec<String>,
    /// `Namespace.webhookUrl`, with the token. `None` if the module has no address yet.
    pub webhook_url: Option<String>,
    /// The time at which the script's clock is stopped, in milliseconds since 1970; `None` if it runs.
    pub clock_millis: Option<i64>,
}

/// What a call is for; attached to every log entry it writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallContext {
    /// The request that caused the call.
    pub request_id: Option<String>,
}

/// An HTTP request from a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchRequest {
    /// Absolute URL (a path for services), serialized by the URL standard.
    pub url: String,
    /// Method; the common ones in upper case.
    pub method: String,
    /// Headers in order, with lower-case names; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    pub body: Option<Body>,
    pub redirect: Redirect,
    /// From `AbortSignal.timeout`, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Maximum size of the response; beyond it, fail with [`HostError::TOO_LARGE`].
    pub max_response_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Body {
    /// Text, sent as UTF-8.
    Text(String),
    Bytes(Vec<u8>),
}

impl Body {
    /// The bytes to send.
    pub fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How `fetch` handles a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Redirect {
    /// Follow it.
    Follow,
    /// Return the redirect itself as the response.
    Manual,
    Error,
}

/// A complete HTTP response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchResponse {
    pub status: u16,
    /// Reason phrase; may be empty.
    pub status_text: String,
    /// The final URL, after redirects.
    pub url: String,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// Headers in order; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Why a host operation failed. The script sees a rejected promise with `name`, `message` and `code`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct HostError {
    /// Stable code, e.g. `refusedAddress`, `timeout`, [`HostError::TOO_LARGE`].
    pub code: String,
    /// A sentence for the module's author.
    pub message: String,
}

impl HostError {
    /// The code for a response over `max_response_bytes`: it ends the call, not just the `fetch`.
    pub const TOO_LARGE: &'static str = "tooLarge";

    /// The code for a response for which the process has no room.
    pub(crate) const NO_ROOM: &'static str = "noRoom";

    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// The severity of a log line: the console method used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// `console.debug`
    Debug,
    /// `console.log` and `console.info`
    Info,
    /// `console.warn`
    Warn,
    /// `console.error`
    Error,
}

/// A line of the module's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEntry {
    pub level: LogLevel,
    pub text: String,
    /// Line in the TypeScript, from 1.
    pub line: Option<u32>,
    /// The running function; `None` while the script is loading.
    pub function: Option<Function>,
    /// From the call's context.
    pub request_id: Option<String>,
}
