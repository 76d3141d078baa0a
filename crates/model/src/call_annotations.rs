//! What people, or rules on their behalf, add to a call. It is not a fact about the call and survives a replay.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{CallId, ClientId, OutcomeId, UserId};

/// Additions to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallAnnotations {
    /// An operator's comment.
    pub comment: Option<String>,
    /// The client it is logged on.
    pub client_id: Option<ClientId>,
    /// Whether a person chose that client, or chose none; no rule changes it then.
    pub client_chosen: bool,
    /// The outcome, one of the administrator's codes.
    pub outcome_id: Option<OutcomeId>,
    /// How a missed call was dealt with; `None` while it is open.
    pub resolved: Option<Resolution>,
}

/// How a missed call was dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    pub at: DateTime<Utc>,
    pub how: ResolvedHow,
    /// The user who said so; `None` if a rule closed it.
    pub by: Option<UserId>,
    /// That user's reason, in their own words.
    pub reason: Option<String>,
    /// The talk with the same caller.
    pub call: Option<CallId>,
    /// How long after the missed call's start that talk began.
    pub reached_seconds: Option<i32>,
}

/// How a missed call was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ResolvedHow {
    /// Somebody talked with the caller.
    Talk,
    /// A user marked it as dealt with.
    Hand,
    /// It was open for too long.
    Time,
}

impl ResolvedHow {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Hand => "hand",
            Self::Time => "time",
        }
    }
}
