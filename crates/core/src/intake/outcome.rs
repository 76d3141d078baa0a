//! What a request did to the operators' screens: why a call page did or did not appear.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calls::Told;
use crate::calls::screen_delivery::{ShownCall, ShownResult};

/// Maximum number of calls stored per outcome; a request is about one, hardly ever more.
const MAX_CALLS: usize = 10;

/// What a request did to the operators' screens. Known only at processing time: screens come and go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RequestOutcome {
    /// The outcome in a word.
    pub code: RequestOutcomeCode,
    /// The changed calls, at most ten.
    pub calls: Vec<ShownCall>,
}

/// The outcome of a request in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum RequestOutcomeCode {
    /// A call page is shown on at least one tab.
    Shown,
    /// A call page was closed, and none is shown.
    Closed,
    /// A call changed, but no page shows it: each operator's `result` says why.
    NotShown,
    /// The script returned neither an event nor a record: there is nothing to show.
    NoEvent,
    /// Everything it reported was already known.
    Unchanged,
    /// It was about an erased call: nothing of it was stored.
    Erased,
    /// It waits for an event with the numbers of its call.
    Waiting,
    /// Processing failed.
    Failed,
}

impl RequestOutcome {
    /// The outcome of a failed request.
    pub const fn failed() -> Self {
        Self { code: RequestOutcomeCode::Failed, calls: Vec::new() }
    }

    /// The outcome of a processed request. `reported`: whether the script returned any event or record; `erased`:
    /// whether that was about an erased call.
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
