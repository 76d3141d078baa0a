//! What people, or rules on their behalf, add to calls. Each change gives its call a new version, so that no screen
//! shows an older state after a newer one.

use chrono::{DateTime, Utc};
use hookswitch_model::batch::saved_version;
use hookswitch_model::report_counters::ReportCounters;
use hookswitch_model::{CallAnnotations, CallId, ClientId, OutcomeId, Resolution, ResolvedHow, UserId, view};
use uuid::Uuid;

use crate::committer::report_counters;
use crate::db::{from_word, on, on_writer, text};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::found;

/// How often a change of a call is retried.
const ATTEMPTS: usize = 50;

found! {
    pub(crate) struct AnnotationsRow {
        comment: Option<String>,
        client_id: Option<Uuid>,
        client_chosen: bool,
        outcome_id: Option<Uuid>,
        resolved_at: Option<DateTime<Utc>>,
        resolved_by: Option<Uuid>,
        resolved_how: Option<String>,
        resolved_reason: Option<String>,
        resolved_call: Option<Uuid>,
        reached_seconds: Option<i32>,
    }
}

impl TryFrom<AnnotationsRow> for CallAnnotations {
    type Error = StoreError;

    fn try_from(row: AnnotationsRow) -> Result<Self, StoreError> {
        let resolved = match row.resolved_at {
            None => None,
            Some(at) => Some(Resolution {
                at,
                // Formerly the only way was by hand.
                how: row.resolved_how.map_or(Ok(ResolvedHow::Hand), from_word)?,
                by: row.resolved_by.map(UserId),
                reason: row.resolved_reason,
                call: row.resolved_call.map(CallId),
                reached_seconds: row.reached_seconds,
            }),
        };
        Ok(Self {
            comment: row.comment,
            client_id: row.client_id.map(ClientId),
            client_chosen: row.client_chosen,
            outcome_id: row.outcome_id.map(OutcomeId),
            resolved,
        })
    }
}

impl Store {
    /// Sets or clears a call's comment; returns whether the call exists.
    pub async fn set_comment(&self, id: CallId, comment: Option<&str>) -> Result<bool, StoreError> {
        let sql = "update calls set comment = $2, version = version + 1 where id = $1";
        let done = on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(comment.map(text))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Logs a call on a client or on none, as chosen by a person; returns whether the call exists.
    pub async fn set_client(&self, id: CallId, client: Option<ClientId>) -> Result<bool, StoreError> {
        let sql =
            "update calls set client_id = $2, client_chosen = true, version = version + 1 where id = $1";
        let done = on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(client.map(|client| client.0))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Sets or clears a call's outcome; returns whether the call exists.
    pub async fn set_outcome(&self, id: CallId, outcome: Option<OutcomeId>) -> Result<bool, StoreError> {
        // The committer may be faster with the same call, but never for long.
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.call(id).await? else { return Ok(false) };
            let before = stored.added.outcome_id;
            let (module, seen) = (stored.call.module_id, view(&stored.call));
            let mut counters = ReportCounters::default();
            counters.count(-1, module, &seen, before, None);
            counters.count(1, module, &seen, outcome, None);
            let mut tx = self.begin().await?;
            let sql =
                "update calls set outcome_id = $2, version = version + 1 where id = $1 and version = $3";
            let done = on!(tx.conn(), |db| {
                sqlx::query(sql)
                    .bind(id.0)
                    .bind(outcome.map(|outcome| outcome.0))
                    .bind(saved_version(stored.version))
                    .execute(db)
                    .await
                    .map(|done| done.rows_affected())
            })?;
            if done > 0 {
                report_counters::add(&mut tx, &counters).await?;
                tx.commit().await?;
                return Ok(true);
            }
        }
        Err(StoreError::Contention)
    }
}
