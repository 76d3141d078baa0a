//! A webhook's way: accepted and stored, read by the module's script, committed, delivered, answered.

mod answer;
mod process;
pub mod recover;
pub mod replay;
mod script_request;
pub mod webhook;

pub use process::Failure;
