//! A webhook's way: accepted and stored, read by the module's script, committed, delivered, answered.

mod answer;
pub mod outcome;
mod process;
pub mod recover;
pub mod replay;
mod script_request;
pub mod steps;
pub mod webhook;

pub use process::Failure;
