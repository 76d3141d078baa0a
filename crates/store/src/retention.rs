//! Deletes data past their retention period, a bounded part at a time, and counts what would be deleted.

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::batch::saved_version;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{FactKind, view};
use uuid::Uuid;

use crate::calls::{self, StoredCall};
use crate::db::{far_past, on, on_writer, time, to_json};
use crate::erase::remove_calls;
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, chunks};

/// A kind of data with a retention period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Calls that are over, by their start. Missed ones whose caller still waits stay.
    Calls,
    /// Links to calls' recordings, by the calls' start.
    Recordings,
    /// Comments on clients, by creation time, and operators' comments on calls, by the calls' start.
    Comments,
    /// Lines of modules' logs.
    ModuleLog,
    /// Webhook requests, except unprocessed ones.
    Requests,
    /// Entries of the audit trail.
    Audit,
}

/// The result of one deletion step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurgeStep {
    /// The number of deleted items.
    pub removed: u64,
    /// Calls that began before this were checked and need no second look; for links and comments on calls.
    pub looked_until: Option<DateTime<Utc>>,
    /// Whether there may be more.
    pub more: bool,
}

/// Rows per transaction; for calls, which consist of several rows each, a tenth of that.
const BATCH: i64 = 500;
const CALLS: i64 = 50;
const REQUESTS: u32 = 500;
/// Nothing is counted beyond this.
const MOST: i64 = 10_000;

/// The rows that are due: those from before $1, and for links from `$2` on.
macro_rules! due {
    (calls) => {
        "from calls where direction is not null and started_at < $1 and started_at >= $2 and state = 'ended' \
         and not (missed and resolved_at is null)"
    };
    (waiting) => {
        "from calls where direction is null and id < $1 and state = 'ended'"
    };
    (noted) => {
        "from calls where direction is not null and started_at < $1 and started_at >= $2 and comment is not null"
    };
    (linked) => {
        "from calls where direction is not null and started_at < $1 and started_at >= $2 and state = 'ended' \
         and facts like '%\"record\":{%\"data\"%'"
    };
    (comments) => {
        "from comments where id < $1"
    };
    (log) => {
        "from module_log where at < $1"
    };
    (requests) => {
        "from requests where id < $1 and status <> 'new'"
    };
    (audit) => {
        "from audit where id < $1"
    };
}

/// Deletes with a statement with two parameters: the time before which, and the maximum number.
macro_rules! delete {
    ($store:expr, $table:literal, $due:ident, $before:expr) => {{
        let sql =
            concat!("delete from ", $table, " where id in (select id ", due!($due), " order by id limit $2)");
        on_writer!($store, |db| {
            let query = sqlx::query(sql).bind($before).bind(BATCH);
            query.execute(db).await.map(|done| done.rows_affected())
        })?
    }};
}

impl Store {
    /// Deletes some of the data from before the given time, and returns whether there is more. Links, and comments on
    /// calls, are searched for only on calls that began at or after `since`; `None` for all.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if calls changed meanwhile; the next call will succeed.
    pub async fn purge(
        &self,
        kept: Kept,
        before: DateTime<Utc>,
        since: Option<DateTime<Utc>>,
    ) -> Result<PurgeStep, StoreError> {
        let id = uuid_v7(before, [0; 10]);
        let since = since.unwrap_or_else(far_past);
        let removed = match kept {
            Kept::Calls => return self.purge_calls(before).await,
            Kept::Recordings => return self.purge_recordings(before, since).await,
            Kept::Comments => {
                let sql = concat!(
                    "update calls set comment = null, version = version + 1 where id in (select id ",
                    due!(noted),
                    " order by started_at, id limit $3)"
                );
                let noted = on_writer!(self, |db| {
                    let query = sqlx::query(sql).bind(time(before)).bind(time(since)).bind(BATCH);
                    query.execute(db).await.map(|done| done.rows_affected())
                })?;
                if noted > 0 { noted } else { delete!(self, "comments", comments, id) }
            }
            Kept::ModuleLog => delete!(self, "module_log", log, time(before)),
            Kept::Requests => self.purge_requests(before, REQUESTS).await?,
            Kept::Audit => delete!(self, "audit", audit, id),
        };
        let looked_until = (kept == Kept::Comments && removed == 0).then_some(before);
        Ok(PurgeStep { removed, looked_until, more: removed > 0 })
    }

    async fn purge_calls(&self, before: DateTime<Utc>) -> Result<PurgeStep, StoreError> {
        let sql = calls::select!(
            "where direction is not null and started_at < $1 and started_at >= $2 and state = 'ended' \
             and not (missed and resolved_at is null) order by started_at, id limit $3"
        );
        let mut rows: Vec<calls::Row> = on!(self.read(), |db| {
            sqlx::query_as(sql).bind(time(before)).bind(far_past()).bind(CALLS).fetch_all(db).await
        })?;
        if rows.is_empty() {
            let sql = calls::select!(
                "where direction is null and id < $1 and state = 'ended' order by id limit $2"
            );
            let id = uuid_v7(before, [0; 10]);
            rows = on!(self.read(), |db| sqlx::query_as(sql).bind(id).bind(CALLS).fetch_all(db).await)?;
        }
        let calls: Vec<StoredCall> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let mut tx = self.begin().await?;
        let removed = remove_calls(&mut tx, &calls).await?.len() as u64;
        tx.commit().await?;
        Ok(PurgeStep { removed, looked_until: None, more: removed > 0 })
    }

    async fn purge_recordings(
        &self,
        before: DateTime<Utc>,
        since: DateTime<Utc>,
    ) -> Result<PurgeStep, StoreError> {
        let sql = calls::select!(
            "where direction is not null and started_at < $1 and started_at >= $2 and state = 'ended' \
             order by started_at, id limit $3"
        );
        let rows: Vec<calls::Row> = on!(self.read(), |db| {
            sqlx::query_as(sql).bind(time(before)).bind(time(since)).bind(BATCH).fetch_all(db).await
        })?;
        let calls: Vec<StoredCall> = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        let last = calls.last().map(|stored| view(&stored.call).started_at);
        let full = calls.len() as i64 == BATCH;
        // The next step starts with calls that began at the same moment as the last of these; if all of these began at
        // one moment, it would never advance.
        let looked_until = match last {
            Some(last) if full && last > since => last,
            Some(last) if full => last + TimeDelta::microseconds(1),
            _ => before,
        };
        let recorded: Vec<StoredCall> = calls.into_iter().filter_map(without_links).collect();
        let removed = self.write_facts(&recorded).await?;
        if removed < recorded.len() as u64 {
            // Some were changed meanwhile: try again.
            return Ok(PurgeStep { removed, looked_until: None, more: true });
        }
        Ok(PurgeStep { removed, looked_until: Some(looked_until), more: full })
    }

    async fn write_facts(&self, calls: &[StoredCall]) -> Result<u64, StoreError> {
        static FACTS: Rows = Rows::new(
            "update calls set facts = v.column3, version = version + 1 from (values ",
            3,
            ") as v where calls.id = v.column1 and calls.version = v.column2",
        );
        let mut written = 0;
        if calls.is_empty() {
            return Ok(written);
        }
        let mut tx = self.begin().await?;
        for chunk in chunks(calls) {
            let facts: Vec<String> =
                chunk.iter().map(|stored| to_json(&stored.call.facts)).collect::<Result<_, _>>()?;
            let conn = tx.conn();
            let (sql, filled) = FACTS.fill(&conn, chunk);
            written += on!(conn, |db| {
                let mut query = sqlx::query(sql);
                for (place, stored) in filled.enumerate() {
                    query = query
                        .bind(stored.map(|stored| stored.call.id.0))
                        .bind(stored.map(|stored| saved_version(stored.version)))
                        .bind(facts.get(place).cloned());
                }
                query.execute(db).await.map(|done| done.rows_affected())
            })?;
        }
        tx.commit().await?;
        Ok(written)
    }

    /// The number of rows from before the given time, counted up to ten thousand.
    pub async fn due(
        &self,
        kept: Kept,
        before: DateTime<Utc>,
        since: Option<DateTime<Utc>>,
    ) -> Result<u64, StoreError> {
        let id: Uuid = uuid_v7(before, [0; 10]);
        let (before, since) = (time(before), time(since.unwrap_or_else(far_past)));
        macro_rules! count {
            ($due:ident, $($value:expr),+) => {{
                let sql = concat!("select count(*) from (select 1 ", due!($due), " limit 10000) as counted");
                on!(self.read(), |db| sqlx::query_scalar::<_, i64>(sql)$(.bind($value))+.fetch_one(db).await)?
            }};
        }
        let counted = match kept {
            Kept::Calls => count!(calls, before, far_past()) + count!(waiting, id),
            Kept::Recordings => count!(linked, before, since),
            Kept::Comments => count!(comments, id) + count!(noted, before, since),
            Kept::ModuleLog => count!(log, before),
            Kept::Requests => count!(requests, id),
            Kept::Audit => count!(audit, id),
        };
        Ok(counted.min(MOST).unsigned_abs())
    }
}

/// The call without the links in its records; `None` if it has none.
fn without_links(mut stored: StoredCall) -> Option<StoredCall> {
    let mut found = false;
    for fact in stored.call.facts.iter_mut().filter(|fact| fact.kind == FactKind::Record) {
        if let Some(record) = &mut fact.record {
            found |= record.data.take().is_some();
        }
    }
    found.then_some(stored)
}
