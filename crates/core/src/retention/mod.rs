//! How long things are kept: what administrators set, and what was deleted since.

pub mod erasure;
pub mod purge;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use hookswitch_store::{Kept, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// The longest that can be set, in days: a hundred years.
pub const MAX_DAYS: u32 = 36_500;

/// The settings' name in the database.
const SETTINGS: &str = "retention";
/// The name there of what was deleted.
const PURGED: &str = "purged";

/// Every kind, in the order in which they are deleted: what hangs on calls before the calls.
pub const KINDS: [Kept; 6] =
    [Kept::Requests, Kept::ModuleLog, Kept::Recordings, Kept::Comments, Kept::Calls, Kept::Audit];

/// How long things are kept, in days; null for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// Calls that are over, and what hangs on them. Missed ones whose caller still waits stay.
    pub calls_days: Option<u32>,
    /// Links to calls' recordings.
    pub recordings_days: Option<u32>,
    /// Comments, on clients and on calls.
    pub comments_days: Option<u32>,
    /// Lines of modules' logs; of each module the newest 5,000 at most.
    pub module_log_days: Option<u32>,
    /// Webhook requests as they came. Until it is set here, the setting `webhooks.keep_days` counts.
    pub requests_days: Option<u32>,
    /// Entries of the audit trail.
    pub audit_days: Option<u32>,
}

/// The name in the API of how long a kind is kept.
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
    /// As it is set.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(store: &Store, keep_days: u32) -> Result<Self, StoreError> {
        let mut settings = store.app_settings().await?;
        let set = settings.remove(SETTINGS).and_then(|value| match value {
            Value::Object(set) => Some(set),
            _ => None,
        });
        Ok(Self::of_settings(&set.unwrap_or_default(), keep_days))
    }

    /// Changes some of it, for good.
    ///
    /// # Errors
    /// When the database fails.
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

    /// The same after a change.
    #[must_use]
    pub fn changed(self, changes: &Map<String, Value>) -> Self {
        let mut all = Map::new();
        for kept in KINDS {
            all.insert(name_of(kept).to_owned(), self.of(kept).map_or(Value::Null, Value::from));
        }
        all.extend(changes.clone());
        Self::of_settings(&all, 0)
    }

    /// How many days a kind is kept; none for ever.
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

    /// Before when things of a kind have had their time.
    #[must_use]
    pub fn before(&self, kept: Kept, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        now.checked_sub_signed(chrono::TimeDelta::days(self.of(kept)?.into()))
    }
}

/// How many of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Removed {
    /// Calls.
    pub calls: u64,
    /// Calls whose links to recordings went.
    pub recordings: u64,
    /// Comments.
    pub comments: u64,
    /// Lines of modules' logs.
    pub log_lines: u64,
    /// Webhook requests.
    pub requests: u64,
    /// Entries of the audit trail.
    pub audit_entries: u64,
}

impl Removed {
    /// That of a kind.
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

    /// The two together.
    #[must_use]
    pub fn with(mut self, mut other: Self) -> Self {
        for kept in KINDS {
            *self.of(kept) += *other.of(kept);
        }
        self
    }

    /// The counts by name.
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

    /// Whether there is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What was deleted, and what the deleting has to remember.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Purged {
    /// When it last ran.
    pub ran_at: Option<DateTime<Utc>>,
    /// What it deleted the last time it deleted anything, and when that was.
    pub last: Option<LastPurge>,
    /// What it deleted today.
    pub today: Option<Today>,
    /// Until when calls were looked through, by kind.
    pub looked_until: BTreeMap<String, DateTime<Utc>>,
}

/// What was deleted the last time that anything was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastPurge {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub removed: Removed,
}

/// What was deleted in a day, and the entry of the audit trail that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Today {
    /// The day, of UTC.
    pub day: NaiveDate,
    /// The entry.
    pub entry: Uuid,
    /// What.
    pub removed: Removed,
}

impl Purged {
    /// As it was kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let mut settings = store.app_settings().await?;
        // What another version wrote is begun anew.
        Ok(settings.remove(PURGED).and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
    }

    /// Keeps it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save(&self, store: &Store) -> Result<(), StoreError> {
        let value = serde_json::to_value(self).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        store.update_app_settings(&Map::from_iter([(PURGED.to_owned(), value)])).await
    }
}
