//! Deletes data past their retention period: everything with a period in the settings, requests of deleted modules,
//! expired sessions and stored values, undo data of merges, import files.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Datelike as _, Utc};
use hookswitch_model::ids::uuid_v7;
use hookswitch_store::{AuditAction, AuditChange, AuditEntry, Kept, Store, StoreError};

use crate::catalog::SERVER;
use crate::clients::UNDOABLE;
use crate::clock;
use crate::retention::erasure::{Erasures, overwrite_deleted};
use crate::retention::{KINDS, LastPurge, Purged, Removed, Retention, Today, name_of};
use crate::tasks::Tasks;

/// Requests deleted per statement, which blocks webhooks for its duration.
const BATCH: u32 = 500;
/// Pause between two steps, to let webhooks go first.
const PAUSE: Duration = Duration::from_millis(50);
/// Items deleted before the progress is recorded.
const WRITE_DOWN: u64 = 5000;

/// Purges every ten minutes while the server runs.
pub async fn run(erasures: Arc<Erasures>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(600));
    loop {
        ticks.tick().await;
        if let Err(error) = purge(&erasures).await {
            tracing::error!(%error, "old data could not be deleted");
        }
    }
}

/// Deletes everything past its retention period, and records what was deleted.
///
/// # Errors
/// If the database fails; what was deleted by then is recorded.
pub async fn purge(erasures: &Arc<Erasures>) -> Result<(), StoreError> {
    let now = erasures.calls.clock.now();
    deleted_modules(&erasures.calls.store, &erasures.calls.tasks).await?;
    erasures.calls.store.purge_sessions(now).await?;
    erasures.calls.store.purge_storage(now).await?;
    erasures.imports.purge(now);
    erasures.calls.store.purge_merges(now - UNDOABLE).await?;
    erasures.calls.store.purge_erased_calls(now).await?;

    let retention = Retention::load(&erasures.calls.store, erasures.keep_days).await?;
    let (removed, new) = (Removed::default(), Removed::default());
    let mut run = Run { erasures, purged: Purged::load(&erasures.calls.store).await?, removed, new, now };
    run.look_anew_each_week();
    for kept in KINDS {
        if let Some(before) = retention.before(kept, now) {
            let done = run.delete(kept, before).await;
            run.write_down().await?;
            done?;
        }
    }
    run.purged.ran_at = Some(now);
    run.purged.save(&erasures.calls.store).await?;
    if !run.removed.is_nothing() {
        overwrite_deleted(erasures);
    }
    Ok(())
}

/// Deletes the requests of deleted modules, including those deleted before the server started.
///
/// # Errors
/// If the database fails; the next purge continues.
pub async fn deleted_modules(store: &Store, tasks: &Tasks) -> Result<(), StoreError> {
    while store.purge_deleted_modules(BATCH).await? == u64::from(BATCH) && !tasks.stopping.is_cancelled() {
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

struct Run<'a> {
    erasures: &'a Arc<Erasures>,
    purged: Purged,
    removed: Removed,
    /// The part of it that is not recorded yet.
    new: Removed,
    now: DateTime<Utc>,
}

impl Run<'_> {
    /// Calls that were checked can still get a comment or a link, so all are checked again once a week.
    fn look_anew_each_week(&mut self) {
        let week = |at: DateTime<Utc>| at.iso_week();
        if self.purged.ran_at.is_none_or(|ran_at| week(ran_at) != week(self.now)) {
            self.purged.looked_until = BTreeMap::new();
        }
    }

    async fn delete(&mut self, kept: Kept, before: DateTime<Utc>) -> Result<(), StoreError> {
        loop {
            let since = self.purged.looked_until.get(name_of(kept)).copied();
            let step = match self.erasures.calls.store.purge(kept, before, since).await {
                // Calls were just changed.
                Err(StoreError::Contention) => return Ok(()),
                step => step?,
            };
            if let Some(until) = step.looked_until {
                self.purged.looked_until.insert(name_of(kept).to_owned(), until);
            }
            *self.removed.of(kept) += step.removed;
            *self.new.of(kept) += step.removed;
            if *self.new.of(kept) >= WRITE_DOWN {
                self.write_down().await?;
            }
            if !step.more {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Records what was deleted since the last time: for the administrators' page, and as one entry per day in the
    /// audit trail.
    async fn write_down(&mut self) -> Result<(), StoreError> {
        if self.new.is_nothing() {
            return Ok(());
        }
        let day = self.now.date_naive();
        let today = self.purged.today.filter(|today| today.day == day).unwrap_or_else(|| Today {
            day,
            entry: uuid_v7(self.now, clock::random()),
            removed: Removed::default(),
        });
        let today = Today { removed: today.removed.with(std::mem::take(&mut self.new)), ..today };
        self.purged.today = Some(today);
        self.purged.last = Some(LastPurge { at: self.now, removed: self.removed });
        self.purged.save(&self.erasures.calls.store).await?;
        let counted = today.removed.named().into_iter().filter(|(_, count)| *count > 0);
        let changes = counted.map(|(field, count)| AuditChange {
            field: field.to_owned(),
            from: None,
            to: Some(count.to_string()),
        });
        let entry = AuditEntry {
            id: today.entry,
            at: self.now,
            user_id: SERVER,
            action: AuditAction::Purged,
            client_id: None,
            call_id: None,
            subject: None,
            changes: changes.collect(),
        };
        self.erasures.calls.store.put_audit(&entry).await
    }
}
