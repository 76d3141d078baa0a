//! A webhook's way: accepted and stored, read by the module's script, committed, delivered, answered.

pub mod address;
pub mod answer;
pub mod encoding;
pub mod headers;
pub mod outcome;
pub mod process;
pub mod recover;
pub mod replay;
pub mod script_request;
pub mod steps;
pub mod turns;
pub mod webhook;

pub use process::Failure;
