//! Loads the missed calls and the talks that a batch's calls may have to do with, and closes missed calls.
//!
//! What these statements leave out cannot matter by `model::batch`'s rule of who reaches whom; that rule decides among the rest.

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{
    Encounters, EncountersAsked, LONGEST_RING, MissedCall, Question, Reached, Talk, missed_caller,
};
use hookswitch_model::{CallId, ClientId, ModuleId, ResolvedHow};
use sqlx::FromRow;
use uuid::Uuid;

use super::batch::BatchError;
use crate::db::{Tx, far_past, on, time};
use crate::rows::{Rows, chunks};

#[derive(FromRow)]
struct MissedRow {
    id: Uuid,
    module_id: Uuid,
    started_at: DateTime<Utc>,
    missed_key: Option<String>,
    client_id: Option<Uuid>,
}

impl From<MissedRow> for MissedCall {
    fn from(row: MissedRow) -> Self {
        Self {
            id: CallId(row.id),
            module_id: ModuleId(row.module_id),
            started_at: row.started_at,
            caller: row.missed_key,
            client: row.client_id.map(ClientId),
        }
    }
}

#[derive(FromRow)]
struct TalkRow {
    id: Uuid,
    client_e164: Option<String>,
    client_raw: Option<String>,
    client_id: Option<Uuid>,
    answered_at: DateTime<Utc>,
}

impl From<TalkRow> for Talk {
    fn from(row: TalkRow) -> Self {
        Self {
            id: CallId(row.id),
            caller: missed_caller(row.client_e164.as_deref(), row.client_raw.as_deref()),
            client: row.client_id.map(ClientId),
            answered_at: row.answered_at,
        }
    }
}

macro_rules! missed_of {
    ($caller:literal) => {
        concat!(
            "select calls.id, module_id, started_at, missed_key, client_id from v cross join calls \
             where missed and resolved_at is null and ",
            $caller,
            " and started_at <= v.column3"
        )
    };
}

/// With an index for each of the two ways in which a caller is the same.
static MISSED: Rows = Rows::new(
    "with v as (values ",
    3,
    concat!(
        ") ",
        missed_of!("missed_key = v.column1"),
        " union all ",
        missed_of!("client_id is not null and client_id = v.column2")
    ),
);

macro_rules! talks_of {
    ($caller:literal) => {
        concat!(
            "select id, client_e164, client_raw, client_id, answered_at from v cross join calls where ",
            $caller,
            " and started_at >= v.column4 and answered_at >= v.column3 and direction <> 'internal'"
        )
    };
}

static TALKS: Rows = Rows::new(
    "with v as (values ",
    4,
    concat!(
        ") ",
        talks_of!("(client_e164 = v.column1 or client_raw = v.column1)"),
        " union all ",
        talks_of!("client_id = v.column2")
    ),
);

/// Answers what a batch asks.
pub(super) async fn load(tx: &mut Tx, asked: EncountersAsked) -> Result<Encounters, BatchError> {
    let mut found = Encounters::default();
    for chunk in chunks(&asked.missed) {
        let conn = tx.conn();
        let (sql, filled) = MISSED.fill(&conn, chunk);
        let rows: Vec<MissedRow> = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for row in filled {
                query = query
                    .bind(row.and_then(|row| row.caller.clone()))
                    .bind(row.and_then(|row| row.client).map(|client| client.0))
                    .bind(row.map(|row| row.at));
            }
            query.fetch_all(db).await
        })?;
        found.missed.extend(rows.into_iter().map(MissedCall::from));
    }
    for chunk in chunks(&asked.talks) {
        let conn = tx.conn();
        let (sql, filled) = TALKS.fill(&conn, chunk);
        let rows: Vec<TalkRow> = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for row in filled {
                let since =
                    |row: &Question| row.at.checked_sub_signed(LONGEST_RING).map_or_else(far_past, time);
                query = query
                    .bind(row.and_then(|row| row.caller.clone()))
                    .bind(row.and_then(|row| row.client).map(|client| client.0))
                    .bind(row.map(|row| row.at))
                    .bind(row.map(since));
            }
            query.fetch_all(db).await
        })?;
        found.talks.extend(rows.into_iter().map(Talk::from));
    }
    Ok(found)
}

static CLOSE: Rows = Rows::new(
    "update calls set resolved_at = v.column2, resolved_how = v.column3, resolved_call = v.column4, \
     reached_seconds = v.column5, version = version + 1 from (values ",
    5,
    ") as v where calls.id = v.column1 and resolved_at is null",
);

/// Closes missed calls whose caller was reached; fails with [`BatchError::Conflict`] where somebody closed one meanwhile.
pub(super) async fn close(tx: &mut Tx, reached: &[Reached], now: DateTime<Utc>) -> Result<(), BatchError> {
    for chunk in chunks(reached) {
        let conn = tx.conn();
        let (sql, filled) = CLOSE.fill(&conn, chunk);
        let closed = on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = query
                    .bind(row.map(|row| row.missed.0))
                    .bind(row.map(|_| time(now)))
                    .bind(row.map(|_| ResolvedHow::Talk.as_str()))
                    .bind(row.map(|row| row.talk.0))
                    .bind(row.map(|row| row.seconds));
            }
            query.execute(db).await.map(|done| done.rows_affected())
        })?;
        super::save::all(closed, chunk.len())?;
    }
    Ok(())
}
