//! The path of a webhook: accepted, read by the module's script, committed, delivered, answered.

use std::sync::Arc;

use crate::calls::Calls;

pub mod admission;
pub mod outcome;
pub mod process;
pub mod recover;
pub mod replay;
pub mod steps;

/// Processes webhooks.
pub struct Intake {
    pub calls: Arc<Calls>,
    /// Maximum size of a request's body, in bytes.
    pub body_bytes: usize,
}
