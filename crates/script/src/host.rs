//! The only way out of a script.
//!
//! Everything here is plain data in both directions, so that the engine can later run in a process of its own.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{FetchRoom, Function};

/// What a script can reach of the world. One per module.
///
/// The guard against private addresses is the host's: the engine passes on whatever URL the script gave.
#[async_trait]
pub trait Host: Send + Sync + 'static {
    /// Settings and services as they are now. Called before every call: give the same `Arc` while nothing changed; a
    /// different one makes the engine load the script afresh, so that values read at its top level are current.
    fn environment(&self) -> Arc<Environment>;

    /// Where the script's clock stands, milliseconds since 1970; none: it goes. Asked whenever the script looks at it.
    fn clock_millis(&self) -> Option<i64> {
        self.environment().clock_millis
    }

    /// `fetch(url, init)`. Take [room](FetchRoom::reserve) for the answer's bytes before keeping them.
    async fn fetch(&self, request: FetchRequest, room: &FetchRoom) -> Result<FetchResponse, HostError>;

    /// `Namespace.services.<service>.fetch(path, init)`; the request's `url` holds the path.
    async fn service_fetch(
        &self,
        service: String,
        request: FetchRequest,
        room: &FetchRoom,
    ) -> Result<FetchResponse, HostError>;

    /// `Namespace.storage.get(key)`: the value, `None` when there is none or it expired.
    async fn storage_get(&self, key: String) -> Result<Option<Value>, HostError>;

    /// `Namespace.storage.set(key, value, { ttlSeconds })`.
    async fn storage_set(&self, key: String, value: Value, ttl_seconds: Option<u64>)
    -> Result<(), HostError>;

    /// `Namespace.storage.update(key, change)`: keeps `after` (`None` deletes) if the value still is `before`, given as JSON
    /// text as [`Host::storage_get`] gave it; says whether it was.
    async fn storage_replace(
        &self,
        key: String,
        before: Option<String>,
        after: Option<Value>,
        ttl_seconds: Option<u64>,
    ) -> Result<bool, HostError>;

    /// `Namespace.storage.delete(key)`.
    async fn storage_delete(&self, key: String) -> Result<(), HostError>;

    /// A line the script wrote to its log. Called on the module's thread: must not wait.
    fn log(&self, entry: LogEntry);

    /// Fills the buffer with unpredictable bytes.
    fn random(&self, buffer: &mut [u8]);
}

/// What a script sees of its module besides the calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    /// `Namespace.params.data`: the settings by name.
    pub settings: serde_json::Map<String, Value>,
    /// The names under `Namespace.services`.
    pub services: Vec<String>,
    /// Where the script's clock stands, milliseconds since 1970; none: it goes.
    pub clock_millis: Option<i64>,
}

/// Whom a call is for; comes back with every log entry it writes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallContext {
    /// The request that caused the call.
    pub request_id: Option<String>,
}

/// An HTTP request a script makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchRequest {
    /// Absolute URL (a path for services), as serialised by the URL standard.
    pub url: String,
    /// Method, in upper case for the usual ones.
    pub method: String,
    /// Headers, names in lower case, in order; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    /// Body, if any.
    pub body: Option<Body>,
    /// What to do with redirects.
    pub redirect: Redirect,
    /// From `AbortSignal.timeout`, milliseconds.
    pub timeout_ms: Option<u64>,
    /// Read no more than this of the response; over it, fail with [`HostError::TOO_LARGE`].
    pub max_response_bytes: u64,
}

/// A request's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Body {
    /// Text, to be sent as UTF-8.
    Text(String),
    /// Bytes.
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

    /// Length in bytes.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether there are no bytes.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What `fetch` does with a redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Redirect {
    /// Follow it.
    Follow,
    /// Give the redirect itself as the response.
    Manual,
    /// Fail.
    Error,
}

/// An HTTP response, read wholly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FetchResponse {
    /// Status code.
    pub status: u16,
    /// Reason phrase, may be empty.
    pub status_text: String,
    /// The URL that answered, after redirects.
    pub url: String,
    /// Whether a redirect was followed.
    pub redirected: bool,
    /// Headers in order; a name may occur more than once.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// Why a host operation failed; the script sees it as a rejected promise with `name`, `message` and `code`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{message}")]
#[serde(rename_all = "camelCase")]
pub struct HostError {
    /// Stable code, for example `refusedAddress`, `timeout`, [`HostError::TOO_LARGE`].
    pub code: String,
    /// A sentence for the module's author.
    pub message: String,
}

impl HostError {
    /// Code of a response over `max_response_bytes`: ends the call, not only the `fetch`.
    pub const TOO_LARGE: &'static str = "tooLarge";

    /// Code of a response for which the process has no room.
    pub const NO_ROOM: &'static str = "noRoom";

    /// An error of that code.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// How serious a log line is: the console method it came through.
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
    /// How serious.
    pub level: LogLevel,
    /// What was logged.
    pub text: String,
    /// TypeScript line, from 1.
    pub line: Option<u32>,
    /// The function that ran; `None` while the script was loaded.
    pub function: Option<Function>,
    /// From the call's context.
    pub request_id: Option<String>,
}
