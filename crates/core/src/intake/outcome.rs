//! What came of a request on the operators' screens: why a call page did or did not appear.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calls::Told;
use crate::calls::screen_delivery::{ShownCall, ShownResult};

/// Calls kept of one request's outcome; a request is about one, hardly ever more.
const MAX_CALLS: usize = 10;

/// What came of a request on the operators' screens. Known only when it is processed: screens come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestOutcome {
    /// In a word.
    pub code: RequestOutcomeCode,
    /// The calls that changed, ten at most.
    pub calls: Vec<ShownCall>,
}

/// What came of a request, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestOutcomeCode {
    /// A call page is on at least one tab.
    Shown,
    /// A call page left the screens, and none is on any.
    Closed,
    /// A call changed, and no page shows it: each operator's `result` says why.
    NotShown,
    /// The script returned neither an event nor a record: there was nothing to show.
    NoEvent,
    /// Everything it reported was known already.
    Unchanged,
    /// It was about a call that was erased: nothing of it was kept.
    Erased,
    /// What it reported waits for an event that says between whom the call is.
    Waiting,
    /// It failed.
    Failed,
}

impl RequestOutcome {
    /// Of a request that failed.
    pub const fn failed() -> Self {
        Self { code: RequestOutcomeCode::Failed, calls: Vec::new() }
    }

    /// Of a request that was processed; `reported`: whether the script returned any event or record; `erased`: whether that was
    /// about a call that was erased.
    pub fn of(reported: bool, erased: bool, told: Vec<Told>) -> Self {
        let any = |result| {
            told.iter().any(|told| told.call.operators.iter().any(|operator| operator.result == result))
        };
        let code = if !reported {
            RequestOutcomeCode::NoEvent
        } else if told.is_empty() && erased {
            RequestOutcomeCode::Erased
        } else if told.is_empty() {
            RequestOutcomeCode::Unchanged
        } else if any(ShownResult::Shown) {
            RequestOutcomeCode::Shown
        } else if any(ShownResult::Closed) {
            RequestOutcomeCode::Closed
        } else if told.iter().all(|told| told.waits) {
            RequestOutcomeCode::Waiting
        } else {
            RequestOutcomeCode::NotShown
        };
        Self { code, calls: told.into_iter().take(MAX_CALLS).map(|told| told.call).collect() }
    }
}
