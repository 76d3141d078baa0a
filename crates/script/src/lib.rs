//! Runs a module's TypeScript.
//!
//! [`compile`] removes the types and rejects syntax errors; [`Engine::load`] returns a [`ModuleHandle`], which runs the
//! module's functions on a thread of its own, in a QuickJS runtime under [`Limits`]. A script reaches the outside only
//! through the [`Host`] it was loaded with; everything that crosses this boundary is plain, serializable data (see
//! [`data`]).
//!
//! ```text
//! compile(source) -> Compiled ─┐
//! Engine::new(limits, tokio) ──┴─ load(key, compiled, host) -> ModuleHandle ── try_reserve() -> Slot ── call(…) -> Outcome
//! ```

mod actor;
mod bytecode;
mod compile;
pub mod data;
mod engine;
mod error;
mod function;
mod host;
mod limits;
mod memory;
mod natives;
mod position;
mod prelude;
mod room;
mod sandbox;
mod state;
mod watch;

pub use compile::{Compiled, Diagnostic, Lookalike, MAX_SOURCE_BYTES, compile};
pub use engine::{Engine, EngineThreads, ModuleHandle, Outcome, Slot};
pub use error::{LimitKind, ScriptError};
pub use function::Function;
pub use host::{
    Body, CallContext, Environment, FetchRequest, FetchResponse, Host, HostError, LogEntry, LogLevel,
    Redirect,
};
pub use limits::Limits;
pub use position::Position;
pub use room::FetchRoom;
