//! Erases a client or a call: everything about it is deleted, and late events do not bring it back.
//!
//! From the moment an erasure is requested ([`Store::erase_client`], [`Store::erase_call`]), nothing finds its client
//! any more. The rest is deleted in steps ([`Store::erase_further`]), each a short transaction that also records the
//! progress. So webhooks do not wait for long, and an erasure interrupted by a crash continues where it was.

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

/// An erasure. It does not say what was erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    pub id: ErasureId,
    /// The erased client, if it was one.
    pub client_id: Option<ClientId>,
    /// The erased call, if it was one.
    pub call_id: Option<CallId>,
    pub asked_at: DateTime<Utc>,
    pub asked_by: UserId,
    /// When it was finished; `None` while it continues.
    pub done_at: Option<DateTime<Utc>>,
    /// What has been erased so far.
    pub counts: ErasureCounts,
}

/// How much an erasure deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct ErasureCounts {
    /// The client, and those merged into it.
    pub clients: u64,
    pub calls: u64,
    pub comments: u64,
    /// Webhook requests.
    pub requests: u64,
    /// Lines of modules' logs.
    pub log_lines: u64,
    /// Values stored by modules' scripts.
    pub stored_values: u64,
    /// Entries of the audit trail whose text was removed.
    pub audit_entries: u64,
}

impl ErasureCounts {
    /// The counts with their names in the API.
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

/// The state of an unfinished erasure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Work {
    step: Step,
    /// The client and those merged into it; empty if only a call is erased.
    clients: Vec<Uuid>,
    /// The call, if one is erased.
    call: Option<Uuid>,
    /// The numbers in E.164 that no other client has.
    numbers: Vec<String>,
    mentions: Mentions,
    /// Until when late events of its calls are recognized.
    until: DateTime<Utc>,
}

/// The current step of an erasure. Steps that scan a table record where to continue.
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
    pub async fn erasure(&self, id: ErasureId) -> Result<Option<Erasure>, StoreError> {
        let sql = select!("where id = $1");
        let row: Option<Row> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Lists erasures, latest first, starting before the erasure `before`.
    pub async fn erasures(&self, before: Option<ErasureId>, limit: u32) -> Result<Vec<Erasure>, StoreError> {
        let sql = select!("where id < $1 order by id desc limit $2");
        let before = before.map_or(Uuid::max(), |erasure| erasure.0);
        let rows: Vec<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql).bind(before).bind(i64::from(limit.min(MAX_PAGE))).fetch_all(db).await
        })?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// The unfinished erasures, oldest first.
    pub async fn erasures_going_on(&self) -> Result<Vec<Erasure>, StoreError> {
        let sql = select!("where done_at is null order by id limit 1000");
        let rows: Vec<Row> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// On SQLite, empties the write-ahead log into the file, where deleted rows are overwritten, so that neither
    /// contains them any more. Returns `false` if somebody is reading an older snapshot: try again later. Does nothing
    /// on PostgreSQL.
    pub async fn overwrite_deleted(&self) -> Result<bool, StoreError> {
        let Either::Sqlite(pool) = self.write() else { return Ok(true) };
        let _turn = self.inner.pools.turn().await?;
        let mut db = pool.acquire().await?;
        // Nobody can write meanwhile, so do not wait for long.
        sqlx::query("pragma busy_timeout = 100").execute(&mut *db).await?;
        let busy: Result<i64, _> =
            sqlx::query_scalar("pragma wal_checkpoint(truncate)").fetch_one(&mut *db).await;
        let wait = format!("pragma busy_timeout = {}", WAIT.as_millis());
        sqlx::query(AssertSqlSafe(wait)).execute(&mut *db).await?;
        Ok(busy? == 0)
    }

    /// Deletes the remains of erased calls once no more late events are expected. Returns their number.
    pub async fn purge_erased_calls(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "delete from erased_calls where until < $1";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(time(now)).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}
