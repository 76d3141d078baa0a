//! Who should call back a missed caller.
//!
//! Each open call waits for somebody: the user responsible for its client; else the operators it rang at; else the user
//! named by its module; else everybody. The caller waits for all of these, over all their calls, so that calling again
//! and ringing elsewhere takes the caller from nobody. `store/missed.rs` states the same in SQL.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::UserId;

/// Why a missed caller waits for certain users, strongest reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Assigned {
    /// The user is responsible for the client.
    Responsible,
    /// The call rang at them.
    Rung,
    /// The module names this user for calls that rang at nobody.
    Module,
    /// The call rang at nobody: anybody may call back.
    Everybody,
}

/// Who should call back a missed caller, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    pub by: Assigned,
    /// The users; empty for everybody.
    pub users: BTreeSet<UserId>,
}

impl Assignment {
    /// Combines the assignments of a caller's calls; a call that rang at several users occurs once for each.
    pub fn of_caller(calls: impl IntoIterator<Item = (Assigned, Option<UserId>)>) -> Self {
        let mut caller: Option<Self> = None;
        for (by, user) in calls {
            let Some(user) = user else {
                return Self { by: Assigned::Everybody, users: BTreeSet::new() };
            };
            let caller = caller.get_or_insert_with(|| Self { by, users: BTreeSet::new() });
            caller.by = caller.by.min(by);
            caller.users.insert(user);
        }
        caller.unwrap_or(Self { by: Assigned::Everybody, users: BTreeSet::new() })
    }

    /// Whether the user may call back.
    #[must_use]
    pub fn is_of(&self, user: UserId) -> bool {
        self.users.is_empty() || self.users.contains(&user)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    const ADA: UserId = UserId(Uuid::from_u128(1));
    const BOB: UserId = UserId(Uuid::from_u128(2));

    #[test]
    fn a_caller_waits_for_everybody_their_calls_wait_for() {
        let caller = Assignment::of_caller([(Assigned::Rung, Some(ADA)), (Assigned::Rung, Some(BOB))]);
        assert_eq!((caller.by, caller.is_of(ADA), caller.is_of(BOB)), (Assigned::Rung, true, true));
        let mixed = Assignment::of_caller([(Assigned::Module, Some(ADA)), (Assigned::Rung, Some(ADA))]);
        assert_eq!((mixed.by, mixed.is_of(BOB)), (Assigned::Rung, false));
        let anybody = Assignment::of_caller([(Assigned::Rung, Some(ADA)), (Assigned::Everybody, None)]);
        assert_eq!((anybody.by, anybody.is_of(BOB)), (Assigned::Everybody, true));
    }
}
