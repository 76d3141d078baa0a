//! Erasing a client or a call: everything of it goes, and what comes late does not bring it back.
//!
//! An erasure is asked for ([`Store::erase_client`], [`Store::erase_call`]) and from that moment on nothing finds its client any
//! more. The rest goes in steps ([`Store::erase_further`]), each one short transaction that also writes down how far it is: so
//! webhooks do not wait for long, and an erasure that a crash cut short goes on where it was.

mod begin;
mod erased_calls;
mod gather;
mod mentions;
mod remove;

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, ErasureId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, FromRow};
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::db::{Either, from_json, on, on_writer, time};
use crate::error::StoreError;
use crate::open::{Store, WAIT};

pub use begin::{BeginErasure, ErasurePreview};
pub(crate) use erased_calls::{ErasedRow, Hashes};
use mentions::Mentions;
pub(crate) use remove::remove_calls;
pub use remove::{ErasureStep, GoneCall};

/// An erasure. What was erased it does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: ErasureId,
    /// The client that was erased, where it was one.
    pub client_id: Option<ClientId>,
    /// The call that was erased, where it was one.
    pub call_id: Option<CallId>,
    /// When somebody asked for it.
    pub asked_at: DateTime<Utc>,
    pub asked_by: UserId,
    /// When it was over; none while it goes on.
    pub done_at: Option<DateTime<Utc>>,
    /// What has gone so far.
    pub counts: ErasureCounts,
}

/// How much an erasure took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ErasureCounts {
    /// Clients: one, and those that were merged into it.
    pub clients: u64,
    /// Calls.
    pub calls: u64,
    /// Comments.
    pub comments: u64,
    /// Webhook requests.
    pub requests: u64,
    /// Lines of modules' logs.
    pub log_lines: u64,
    /// Values that modules' scripts had stored.
    pub stored_values: u64,
    /// Entries of the audit trail whose texts were taken out.
    pub audit_entries: u64,
}

impl ErasureCounts {
    /// The counts by name, as the API names them.
    #[must_use]
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("clients", self.clients),
            ("calls", self.calls),
            ("comments", self.comments),
            ("requests", self.requests),
            ("logLines", self.log_lines),
            ("storedValues", self.stored_values),
            ("auditEntries", self.audit_entries),
        ]
    }
}

/// What an erasure that goes on has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    step: Step,
    /// The client and those that were merged into it; none where a call alone is erased.
    clients: Vec<Uuid>,
    /// The call, where one is erased.
    call: Option<Uuid>,
    /// The numbers in E.164 that no other client has.
    numbers: Vec<String>,
    mentions: Mentions,
    /// Until when late events of its calls are known as such.
    until: DateTime<Utc>,
}

/// Where an erasure is. Those that look through something say where they go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Step {
    Calls,
    Comments,
    Employees,
    Requests(Uuid),
    Log(i64),
    Stored(Uuid, String),
    Audit(Uuid),
    Clients,
    Items,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    client_id: Option<Uuid>,
    call_id: Option<Uuid>,
    asked_at: DateTime<Utc>,
    asked_by: Uuid,
    done_at: Option<DateTime<Utc>>,
    counts: String,
}

impl TryFrom<Row> for Erasure {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: ErasureId(row.id),
            client_id: row.client_id.map(ClientId),
            call_id: row.call_id.map(CallId),
            asked_at: row.asked_at,
            asked_by: UserId(row.asked_by),
            done_at: row.done_at,
            counts: from_json(&row.counts)?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, client_id, call_id, asked_at, asked_by, done_at, counts from erasures ", $rest)
    };
}

impl Store {
    /// The erasure with this id.
    pub async fn erasure(&self, id: ErasureId) -> Result<Option<Erasure>, StoreError> {
        let sql = select!("where id = $1");
        let row: Option<Row> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Erasures, latest first, from before the erasure `before` on.
    pub async fn erasures(&self, before: Option<ErasureId>, limit: u32) -> Result<Vec<Erasure>, StoreError> {
        let sql = select!("where id < $1 order by id desc limit $2");
        let before = before.map_or(Uuid::max(), |erasure| erasure.0);
        let rows: Vec<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql).bind(before).bind(i64::from(limit.min(MAX_PAGE))).fetch_all(db).await
        })?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The erasures that go on, oldest first.
    pub async fn erasures_going_on(&self) -> Result<Vec<Erasure>, StoreError> {
        let sql = select!("where done_at is null order by id limit 1000");
        let rows: Vec<Row> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// On SQLite, empties the log of writes into the file, where deleted rows are overwritten: afterwards neither has anything
    /// of them. Says `false` where somebody reads what is older just then: try again later. On PostgreSQL there is nothing to do.
    pub async fn overwrite_deleted(&self) -> Result<bool, StoreError> {
        let Either::Sqlite(pool) = self.write() else { return Ok(true) };
        let _turn = self.inner.pools.turn().await?;
        let mut db = pool.acquire().await?;
        // Not for long: meanwhile nobody writes.
        sqlx::query("pragma busy_timeout = 100").execute(&mut *db).await?;
        let busy: Result<i64, _> =
            sqlx::query_scalar("pragma wal_checkpoint(truncate)").fetch_one(&mut *db).await;
        let wait = format!("pragma busy_timeout = {}", WAIT.as_millis());
        sqlx::query(AssertSqlSafe(wait)).execute(&mut *db).await?;
        Ok(busy? == 0)
    }

    /// Forgets, of erased calls, what their late events were known by, where no more are to come. Says of how many.
    pub async fn purge_erased_calls(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "delete from erased_calls where until < $1";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(time(now)).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}
