//! What people, and rules in their place, add to a call: it is no fact about the call and survives a replay.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::ids::{CallId, ClientId, OutcomeId, UserId};

/// What was added to a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallAnnotations {
    /// An operator's comment.
    pub comment: Option<String>,
    /// The client it is logged on.
    pub client_id: Option<ClientId>,
    /// Whether a person chose that client, or that it has none: then no rule changes it.
    pub client_chosen: bool,
    /// What it came to, by one of the administrator's codes.
    pub outcome_id: Option<OutcomeId>,
    /// How a missed call was dealt with; none while it is open.
    pub resolved: Option<Resolution>,
}

/// How a missed call was dealt with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// When it was closed.
    pub at: DateTime<Utc>,
    /// In what way.
    pub how: ResolvedHow,
    /// Who said so; none where a rule did.
    pub by: Option<UserId>,
    /// That person's reason, in their words.
    pub reason: Option<String>,
    /// The talk with the same caller.
    pub call: Option<CallId>,
    /// How long after its start that talk began.
    pub reached_seconds: Option<i32>,
}

/// In what way a missed call was dealt with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ResolvedHow {
    /// Somebody talked with the caller.
    Talk,
    /// Somebody said so.
    Hand,
    /// It was open for too long.
    Time,
}

impl ResolvedHow {
    /// As in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Hand => "hand",
            Self::Time => "time",
        }
    }
}
