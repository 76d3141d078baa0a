//! Errors of a call.

use serde::{Deserialize, Serialize};

use crate::{Function, Limits, Position, data};

/// A limit that a call exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LimitKind {
    CpuTime,
    WallTime,
    Memory,
    /// Stack: recursion too deep.
    Stack,
    /// Number of `fetch` calls.
    FetchCount,
    /// Bytes sent and received by `fetch`.
    FetchBytes,
    /// Number of storage operations.
    StorageCount,
    /// Bytes logged.
    LogVolume,
    /// Bytes of the result.
    ResultSize,
    /// Nesting of objects and lists in the result.
    ResultDepth,
    /// Timers pending at once.
    TimerCount,
}

impl LimitKind {
    /// Stable code, as returned by [`ScriptError::code`].
    pub const fn code(self) -> &'static str {
        match self {
            Self::CpuTime => "cpuTime",
            Self::WallTime => "wallTime",
            Self::Memory => "memory",
            Self::Stack => "stack",
            Self::FetchCount => "fetchCount",
            Self::FetchBytes => "fetchBytes",
            Self::StorageCount => "storageCount",
            Self::LogVolume => "logVolume",
            Self::ResultSize => "resultSize",
            Self::ResultDepth => "resultDepth",
            Self::TimerCount => "timerCount",
        }
    }

    /// The allowance in words.
    pub(crate) fn allowance(self, limits: &Limits) -> String {
        match self {
            Self::CpuTime => format!("{} ms of CPU time", limits.cpu_ms),
            Self::WallTime => format!("{} ms", limits.wall_ms),
            Self::Memory => format!("{} bytes of memory", limits.memory_bytes),
            Self::Stack => format!("{} bytes of stack; look for endless recursion", limits.stack_bytes),
            Self::FetchCount => format!("{} fetch calls", limits.fetch_count),
            Self::FetchBytes => format!(
                "{} bytes of fetch in all or {} in one response",
                limits.fetch_bytes, limits.fetch_response_bytes
            ),
            Self::StorageCount => format!("{} storage operations", limits.storage_count),
            Self::LogVolume => format!("{} bytes of log", limits.log_bytes),
            Self::ResultSize => format!("{} bytes of result", limits.result_bytes),
            Self::ResultDepth => format!(
                "{} levels of objects and lists in its result, or the result refers to itself",
                data::MAX_DEPTH
            ),
            Self::TimerCount => format!("{} waiting timers", limits.timer_count),
        }
    }
}

/// Why a call failed. Positions are lines and columns of the TypeScript, counted from 1.
#[derive(Debug, Clone, PartialEq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ScriptError {
    /// The script threw, or a promise it returned was rejected.
    #[error("{}{message}{}", prefix(name), at(*position))]
    Threw {
        /// The error's `name`; empty if something other than an `Error` was thrown.
        name: String,
        /// The error's `message`, or a description of the thrown value.
        message: String,
        /// Where it was thrown.
        position: Option<Position>,
        /// The script's own frames, one per line, in TypeScript positions.
        stack: String,
    },
    /// The call exceeded a limit.
    #[error("the script used more than its {allowance}{}", at(*position))]
    OverLimit {
        limit: LimitKind,
        /// The allowance in words.
        allowance: String,
        /// Where the script was, if known.
        position: Option<Position>,
    },
    /// The returned promise can never be settled: the script waits for nothing.
    #[error("{function} returned a promise that can never be settled")]
    NeverSettles { function: String },
    /// The script does not declare the function.
    #[error("the script does not implement {function}")]
    NotImplemented { function: Function },
    /// Too many calls of this module are waiting.
    #[error("the module has too many calls waiting; try again later")]
    Busy,
    /// The call ended with its runtime: another call of the module exceeded a limit, or the engine failed.
    #[error("the script engine stopped: {reason}")]
    Engine { reason: String },
}

impl ScriptError {
    /// Stable code for logs, metrics and API responses.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Threw { .. } => "threw",
            Self::OverLimit { limit, .. } => limit.code(),
            Self::NeverSettles { .. } => "neverSettles",
            Self::NotImplemented { .. } => "notImplemented",
            Self::Busy => "busy",
            Self::Engine { .. } => "engine",
        }
    }

    /// Where in the TypeScript it happened, if known.
    pub const fn position(&self) -> Option<Position> {
        match self {
            Self::Threw { position, .. } | Self::OverLimit { position, .. } => *position,
            _ => None,
        }
    }

    pub(crate) fn over(limit: LimitKind, limits: &Limits, position: Option<Position>) -> Self {
        Self::OverLimit { limit, allowance: limit.allowance(limits), position }
    }

    pub(crate) fn engine(reason: impl Into<String>) -> Self {
        Self::Engine { reason: reason.into() }
    }
}

fn prefix(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}: ") }
}

fn at(position: Option<Position>) -> String {
    position.map(|at| format!(" (line {}, column {})", at.line, at.column)).unwrap_or_default()
}
