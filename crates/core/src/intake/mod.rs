//! A webhook's way: accepted and stored, read by the module's script, committed, delivered, answered.

use std::sync::Arc;

use crate::calls::Calls;

pub mod admission;
pub mod outcome;
pub mod process;
pub mod recover;
pub mod replay;
pub mod steps;

/// Takes webhooks.
pub struct Intake {
    /// What they are about.
    pub calls: Arc<Calls>,
    /// Bytes of a request's body, at most.
    pub body_bytes: usize,
}
