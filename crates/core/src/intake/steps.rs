//! The steps of processing a request and when each was done.

use std::collections::BTreeMap;
use std::time::Instant;

use hookswitch_model::contract::{MAX_WARNINGS, Warning};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outcome::RequestOutcome;

/// A step of processing; they are done in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepName {
    /// The webhook's token was found right.
    Authenticated,
    /// The raw request was on disk.
    Stored,
    /// The script had run, and what it returned was checked.
    Parsed,
    /// The numbers it reported were resolved to users.
    Operator,
    /// The calls were found that it is about.
    Matched,
    /// The calls, and what became of the request, were on disk.
    Committed,
    /// The operators' tabs were told.
    Delivered,
}

/// What is kept of processing a request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Processing {
    /// When each step was done, microseconds from the request's arrival.
    pub micros: BTreeMap<StepName, u64>,
    /// The tabs that were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tabs: Option<u64>,
    /// What came of it on the operators' screens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RequestOutcome>,
    /// What was amiss without making the request fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The steps of a request that is being processed.
#[derive(Debug, Clone)]
pub struct Steps {
    started: Instant,
    micros: BTreeMap<StepName, u64>,
    warnings: Vec<Warning>,
}

impl Steps {
    /// Of a request that arrived at `started` and whose token is right.
    pub fn authenticated(started: Instant) -> Self {
        let mut steps = Self { started, micros: BTreeMap::new(), warnings: Vec::new() };
        steps.done(StepName::Authenticated);
        steps
    }

    /// Something is amiss without making the request fail.
    pub fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
        self.warnings.truncate(MAX_WARNINGS);
    }

    /// A step is done now.
    pub fn done(&mut self, step: StepName) {
        self.done_at(step, Instant::now());
    }

    /// A step was done then.
    pub fn done_at(&mut self, step: StepName, at: Instant) {
        let micros = at.saturating_duration_since(self.started).as_micros();
        self.micros.insert(step, u64::try_from(micros).unwrap_or(u64::MAX));
    }

    /// What is to be kept so far.
    pub fn processing(&self) -> Processing {
        Processing { micros: self.micros.clone(), warnings: self.warnings.clone(), ..Processing::default() }
    }
}
