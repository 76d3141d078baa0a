//! The processing steps of a request and their times.

use std::collections::BTreeMap;
use std::time::Instant;

use hookswitch_model::contract::{MAX_WARNINGS, Warning};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::outcome::RequestOutcome;

/// A processing step; the steps are done in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum StepName {
    /// The webhook's token was verified.
    Authenticated,
    /// The raw request was stored.
    Stored,
    /// The script had run, and its result was checked.
    Parsed,
    /// The reported numbers were resolved to users.
    Operator,
    /// The request's calls were found.
    Matched,
    /// The calls and the request's outcome were stored.
    Committed,
    /// The operators' tabs were notified.
    Delivered,
}

/// The stored data about the processing of a request.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Processing {
    /// When each step was done, in microseconds after the request's arrival.
    pub micros: BTreeMap<StepName, u64>,
    /// The number of notified tabs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tabs: Option<u64>,
    /// The effect on the operators' screens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<RequestOutcome>,
    /// Flaws that did not make the request fail.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<Warning>,
}

/// The steps of a request being processed.
#[derive(Debug, Clone)]
pub struct Steps {
    started: Instant,
    micros: BTreeMap<StepName, u64>,
    warnings: Vec<Warning>,
}

impl Steps {
    /// Of a request that arrived at `started` with a valid token.
    pub fn authenticated(started: Instant) -> Self {
        let mut steps = Self { started, micros: BTreeMap::new(), warnings: Vec::new() };
        steps.done(StepName::Authenticated);
        steps
    }

    /// Adds warnings.
    pub fn warn(&mut self, warnings: impl IntoIterator<Item = Warning>) {
        self.warnings.extend(warnings);
        self.warnings.truncate(MAX_WARNINGS);
    }

    /// Records that a step is done now.
    pub fn done(&mut self, step: StepName) {
        self.done_at(step, Instant::now());
    }

    /// Records when a step was done.
    pub fn done_at(&mut self, step: StepName, at: Instant) {
        let micros = at.saturating_duration_since(self.started).as_micros();
        self.micros.insert(step, u64::try_from(micros).unwrap_or(u64::MAX));
    }

    /// The data to store so far.
    pub fn processing(&self) -> Processing {
        Processing { micros: self.micros.clone(), warnings: self.warnings.clone(), ..Processing::default() }
    }
}
