//! Closes missed calls, and reopens them.

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ResolvedHow, UserId};

use crate::db::{on_writer, text, time};
use crate::error::StoreError;
use crate::open::Store;

impl Store {
    /// Marks the caller of this missed call as dealt with: closes it and all the caller's other open calls. Returns
    /// whether the call was open.
    pub async fn resolve_missed(
        &self,
        id: CallId,
        by: UserId,
        reason: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "update calls set resolved_at = $2, resolved_how = $3, resolved_by = $4, resolved_reason = $5, \
                   version = version + 1 where missed and resolved_at is null \
                   and missed_key = (select missed_key from calls where id = $1 and missed and resolved_at is null)";
        let done = on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(time(now))
                .bind(ResolvedHow::Hand.as_str())
                .bind(by.0)
                .bind(reason.map(text))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Reopens all calls closed with this one by [`Store::resolve_missed`] or by age; returns whether there were any.
    /// Calls closed by a talk stay closed.
    pub async fn reopen_missed(&self, id: CallId) -> Result<bool, StoreError> {
        let sql = "update calls set resolved_at = null, resolved_how = null, resolved_by = null, resolved_reason = null, \
                   version = version + 1 from (select missed_key as caller, resolved_at as at from calls where id = $1) as it \
                   where missed and calls.missed_key = it.caller and calls.resolved_at = it.at \
                   and (resolved_how is null or resolved_how <> 'talk')";
        let done = on_writer!(self, |db| {
            sqlx::query(sql).bind(id.0).execute(db).await.map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Closes open missed calls older than a given time; returns their number.
    pub async fn close_old_missed(
        &self,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let sql = "update calls set resolved_at = $2, resolved_how = $3, version = version + 1 where id in \
                   (select id from calls where missed and resolved_at is null and started_at < $1 \
                   order by started_at, id limit $4)";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(time(before))
                .bind(time(now))
                .bind(ResolvedHow::Time.as_str())
                .bind(i64::from(limit))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?)
    }
}
