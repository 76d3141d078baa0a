//! Retention: the periods set by administrators, and what was deleted.

pub mod erasure;
pub mod purge;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use hookswitch_store::{Kept, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest period in days: a hundred years.
pub const MAX_DAYS: u32 = 36_500;

/// The key of the settings in the database.
const SETTINGS: &str = "retention";
/// The key of the deletion record in the database.
const PURGED: &str = "purged";

/// Every kind, in the order of deletion: what belongs to calls before the calls.
pub const KINDS: [Kept; 6] =
    [Kept::Requests, Kept::ModuleLog, Kept::Recordings, Kept::Comments, Kept::Calls, Kept::Audit];

/// Retention periods in days; null for forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// Calls that are over, and everything attached to them. Missed ones whose caller still waits stay.
    pub calls_days: Option<u32>,
    /// Links to calls' recordings.
    pub recordings_days: Option<u32>,
    /// Comments on clients and on calls.
    pub comments_days: Option<u32>,
    /// Lines of modules' logs; at most the newest 5,000 per module.
    pub module_log_days: Option<u32>,
    /// Webhook requests as received. Until it is set here, the setting `webhooks.keep_days` applies.
    pub requests_days: Option<u32>,
    /// Entries of the audit trail.
    pub audit_days: Option<u32>,
}

/// The API's name for the retention period of a kind.
#[must_use]
pub const fn name_of(kept: Kept) -> &'static str {
    match kept {
        Kept::Calls => "callsDays",
        Kept::Recordings => "recordingsDays",
        Kept::Comments => "commentsDays",
        Kept::ModuleLog => "moduleLogDays",
        Kept::Requests => "requestsDays",
        Kept::Audit => "auditDays",
    }
}

impl Retention {
    /// Loads the current periods.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn load(store: &Store, keep_days: u32) -> Result<Self, StoreError> {
        let mut settings = store.app_settings().await?;
        let set = settings.remove(SETTINGS).and_then(|value| match value {
            Value::Object(set) => Some(set),
            _ => None,
        });
        Ok(Self::of_settings(&set.unwrap_or_default(), keep_days))
    }

    /// Changes periods permanently.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn change(store: &Store, changes: Map<String, Value>) -> Result<(), StoreError> {
        let mut settings = store.app_settings().await?;
        let mut set = match settings.remove(SETTINGS) {
            Some(Value::Object(set)) => set,
            _ => Map::new(),
        };
        set.extend(changes);
        store.update_app_settings(&Map::from_iter([(SETTINGS.to_owned(), Value::Object(set))])).await
    }

    fn of_settings(set: &Map<String, Value>, requests_days: u32) -> Self {
        let days = |kept: Kept, otherwise| match set.get(name_of(kept)) {
            None => otherwise,
            Some(days) => days.as_u64().and_then(|days| u32::try_from(days).ok()),
        };
        Self {
            calls_days: days(Kept::Calls, None),
            recordings_days: days(Kept::Recordings, None),
            comments_days: days(Kept::Comments, None),
            module_log_days: days(Kept::ModuleLog, None),
            requests_days: days(Kept::Requests, Some(requests_days)),
            audit_days: days(Kept::Audit, None),
        }
    }

    /// The periods after a change.
    #[must_use]
    pub fn changed(self, changes: &Map<String, Value>) -> Self {
        let mut all = Map::new();
        for kept in KINDS {
            all.insert(name_of(kept).to_owned(), self.of(kept).map_or(Value::Null, Value::from));
        }
        all.extend(changes.clone());
        Self::of_settings(&all, 0)
    }

    /// The retention period of a kind in days; `None` for forever.
    #[must_use]
    pub const fn of(&self, kept: Kept) -> Option<u32> {
        match kept {
            Kept::Calls => self.calls_days,
            Kept::Recordings => self.recordings_days,
            Kept::Comments => self.comments_days,
            Kept::ModuleLog => self.module_log_days,
            Kept::Requests => self.requests_days,
            Kept::Audit => self.audit_days,
        }
    }

    /// The time before which items of a kind are past their period.
    #[must_use]
    pub fn before(&self, kept: Kept, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        now.checked_sub_signed(chrono::TimeDelta::days(self.of(kept)?.into()))
    }
}

/// The number of deleted items of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Removed {
    pub calls: u64,
    /// Calls whose links to recordings were deleted.
    pub recordings: u64,
    pub comments: u64,
    /// Lines of modules' logs.
    pub log_lines: u64,
    /// Webhook requests.
    pub requests: u64,
    /// Entries of the audit trail.
    pub audit_entries: u64,
}

impl Removed {
    pub const fn of(&mut self, kept: Kept) -> &mut u64 {
        match kept {
            Kept::Calls => &mut self.calls,
            Kept::Recordings => &mut self.recordings,
            Kept::Comments => &mut self.comments,
            Kept::ModuleLog => &mut self.log_lines,
            Kept::Requests => &mut self.requests,
            Kept::Audit => &mut self.audit_entries,
        }
    }

    /// The sum of both.
    #[must_use]
    pub fn with(mut self, mut other: Self) -> Self {
        for kept in KINDS {
            *self.of(kept) += *other.of(kept);
        }
        self
    }

    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 6] {
        [
            ("calls", self.calls),
            ("recordings", self.recordings),
            ("comments", self.comments),
            ("logLines", self.log_lines),
            ("requests", self.requests),
            ("auditEntries", self.audit_entries),
        ]
    }

    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What was deleted, and the state of the purge job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Purged {
    pub ran_at: Option<DateTime<Utc>>,
    /// The last deletion, and its time.
    pub last: Option<LastPurge>,
    /// What was deleted today.
    pub today: Option<Today>,
    /// Until when calls were checked, by kind.
    pub looked_until: BTreeMap<String, DateTime<Utc>>,
}

/// The last deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastPurge {
    /// The time.
    pub at: DateTime<Utc>,
    /// The numbers of deleted items.
    pub removed: Removed,
}

/// What was deleted in a day, and its entry in the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Today {
    /// The day in UTC.
    pub day: NaiveDate,
    /// The id of the entry.
    pub entry: Uuid,
    pub removed: Removed,
}

impl Purged {
    /// Loads the stored state.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut settings = store.app_settings().await?;
        // A state written by another version is reset.
        Ok(settings.remove(PURGED).and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
    }

    /// Stores the state.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn save(&self, store: &Store) -> Result<(), StoreError> {
        let value = serde_json::to_value(self).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        store.update_app_settings(&Map::from_iter([(PURGED.to_owned(), value)])).await
    }
}
