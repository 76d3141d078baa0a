//! The resource limits of a module.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What a module's script may use. "Per call" means one run of one function, from start to answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// CPU time per call, in milliseconds. Loading the script has the same allowance.
    pub cpu_ms: u64,
    /// Wall time per call from when it was queued, in milliseconds.
    pub wall_ms: u64,
    /// Memory of the module's runtime, in bytes.
    pub memory_bytes: usize,
    /// Stack of the module's runtime, in bytes.
    pub stack_bytes: usize,
    /// `fetch` calls per call, including those to services.
    pub fetch_count: u32,
    /// Bytes sent and received by `fetch` per call.
    pub fetch_bytes: u64,
    /// Bytes of one `fetch` response.
    pub fetch_response_bytes: u64,
    /// Bytes of all `fetch` responses on their way to scripts at once, over all modules; at least
    /// `fetch_response_bytes`.
    pub fetch_process_bytes: u64,
    /// `Namespace.storage` operations per call.
    pub storage_count: u32,
    /// Bytes of one stored value, as JSON.
    pub storage_value_bytes: usize,
    /// Bytes a call may write to the module's log.
    pub log_bytes: usize,
    /// Bytes of a function's result, as JSON.
    pub result_bytes: usize,
    /// Timers pending at once per call.
    pub timer_count: u32,
    /// Calls a module may have waiting and running; further ones are rejected.
    pub queue_calls: usize,
    /// Calls after which the runtime is replaced by a fresh one.
    pub recycle_calls: u64,
    /// No script is started while this many are stuck in native code: each holds a core, and nothing can stop it.
    pub stuck_threads: usize,
    /// Time without a call after which the module's thread ends, in milliseconds.
    pub idle_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cpu_ms: 500,
            wall_ms: 20_000,
            memory_bytes: 64 << 20,
            stack_bytes: 512 << 10,
            fetch_count: 50,
            fetch_bytes: 8 << 20,
            fetch_response_bytes: 8 << 20,
            fetch_process_bytes: 64 << 20,
            storage_count: 200,
            storage_value_bytes: 64 << 10,
            log_bytes: 64 << 10,
            result_bytes: 2 << 20,
            timer_count: 100,
            queue_calls: 256,
            recycle_calls: 10_000,
            stuck_threads: 2,
            idle_ms: 300_000,
        }
    }
}

impl Limits {
    pub(crate) const fn cpu(&self) -> Duration {
        Duration::from_millis(self.cpu_ms)
    }

    pub(crate) const fn wall(&self) -> Duration {
        Duration::from_millis(self.wall_ms)
    }

    pub(crate) const fn idle(&self) -> Duration {
        Duration::from_millis(self.idle_ms)
    }
}
