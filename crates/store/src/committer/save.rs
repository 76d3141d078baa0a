//! Writes a batch, many rows a statement.

use chrono::{DateTime, Utc};
use hookswitch_model::{Call, CallId, CallView, RequestId, UserId};

use super::batch::{BatchError, Incoming};
use super::types::{Apply, Outcome};
use super::working::{After, Changed, Entry, operators};
use crate::db::{Tx, on, text, time, to_json};
use crate::error::StoreError;
use crate::requests::RequestStatus;
use crate::rows::Rows;

static INSERT_REQUESTS: Rows = Rows::new(
    "insert into requests (id, module_id, received_at, method, path, query, headers, body, remote_address, status) \
     values ",
    10,
    "",
);

/// Writes new requests.
pub(super) async fn requests(tx: &mut Tx, requests: &[Incoming]) -> Result<(), BatchError> {
    for chunk in INSERT_REQUESTS.chunks(requests) {
        let sql = INSERT_REQUESTS.sql(chunk.len());
        on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for incoming in chunk {
                let request = &incoming.request;
                query = query
                    .bind(request.id.0)
                    .bind(request.module_id.0)
                    .bind(time(request.received_at))
                    .bind(request.method.clone())
                    .bind(request.path.clone())
                    .bind(incoming.query.clone())
                    .bind(incoming.headers.clone())
                    .bind(request.body.clone())
                    .bind(request.remote_address.clone())
                    .bind(RequestStatus::New.as_str());
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// What became of a request, ready to be written.
pub(super) struct OutcomeRow {
    request: RequestId,
    status: RequestStatus,
    processed_at: DateTime<Utc>,
    script_version: Option<i32>,
    response_status: i32,
    result: Option<String>,
    error: Option<String>,
    steps: String,
    /// None leaves what the request touched before: it reported nothing new.
    calls: Option<String>,
}

impl OutcomeRow {
    pub(super) fn new(
        request: RequestId,
        outcome: &Outcome,
        apply: &Apply,
        touched: &[CallId],
    ) -> Result<Self, StoreError> {
        let said_something = apply.replace || !apply.facts.is_empty();
        Ok(Self {
            request,
            status: outcome.status.into(),
            processed_at: time(apply.now),
            script_version: outcome.script_version,
            response_status: i32::from(outcome.response_status),
            result: outcome.result.as_ref().map(to_json).transpose()?,
            error: outcome.error.as_ref().map(to_json).transpose()?,
            steps: to_json(&outcome.steps)?,
            calls: said_something.then(|| to_json(&touched)).transpose()?,
        })
    }
}

static UPDATE_REQUESTS: Rows = Rows::new(
    "update requests set status = v.column2, processed_at = v.column3, script_version = v.column4, \
     response_status = v.column5, result = v.column6, error = v.column7, steps = v.column8, \
     calls = coalesce(v.column9, calls) from (values ",
    9,
    ") as v where requests.id = v.column1",
);

/// Writes what became of requests.
pub(super) async fn outcomes(tx: &mut Tx, outcomes: &[OutcomeRow]) -> Result<(), BatchError> {
    for chunk in UPDATE_REQUESTS.chunks(outcomes) {
        let sql = UPDATE_REQUESTS.sql(chunk.len());
        on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for outcome in chunk {
                query = query
                    .bind(outcome.request.0)
                    .bind(outcome.status.as_str())
                    .bind(outcome.processed_at)
                    .bind(outcome.script_version)
                    .bind(outcome.response_status)
                    .bind(outcome.result.clone())
                    .bind(outcome.error.clone())
                    .bind(outcome.steps.clone())
                    .bind(outcome.calls.clone());
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

static UPDATE_DELIVERY: Rows = Rows::new(
    "update requests set delivery = v.column2 from (values ",
    2,
    ") as v where requests.id = v.column1",
);

/// Writes how long deliveries took.
pub(super) async fn notes(tx: &mut Tx, notes: &[(RequestId, String)]) -> Result<(), BatchError> {
    for chunk in UPDATE_DELIVERY.chunks(notes) {
        let sql = UPDATE_DELIVERY.sql(chunk.len());
        on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for (request, steps) in chunk {
                query = query.bind(request.0).bind(steps.clone());
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// Writes changed calls; fails with [`BatchError::Conflict`] where another node changed one of them meanwhile.
pub(super) async fn calls(tx: &mut Tx, changed: &[Changed<'_>]) -> Result<(), BatchError> {
    let (mut gone, mut known, mut taking, mut new) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for changed in changed {
        match &changed.after {
            None => gone.push(changed),
            Some(_) if changed.entry.stored.is_none() => new.push(CallRow::new(changed)?),
            Some(after) if after.owns_key && !changed.entry.owns_key => taking.push(CallRow::new(changed)?),
            Some(_) => known.push(CallRow::new(changed)?),
        }
    }
    // A key is unique at every moment: it has to be free before another call takes it.
    delete_calls(tx, &gone).await?;
    update_calls(tx, &known).await?;
    update_calls(tx, &taking).await?;
    insert_calls(tx, &new).await?;

    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for changed in changed {
        let before = &changed.operators_before;
        let after = changed.after.as_ref().map(|after| operators(&after.view)).unwrap_or_default();
        joined.extend(after.difference(before).map(|user| (*user, changed.id)));
        left.extend(before.difference(&after).map(|user| (*user, changed.id)));
    }
    change_operators(tx, &DELETE_OPERATORS, &left).await?;
    change_operators(tx, &INSERT_OPERATORS, &joined).await
}

static DELETE_CALLS: Rows = Rows::new("delete from calls where (id, version) in (values ", 2, ")");

async fn delete_calls(tx: &mut Tx, gone: &[&Changed<'_>]) -> Result<(), BatchError> {
    for chunk in DELETE_CALLS.chunks(gone) {
        let sql = DELETE_CALLS.sql(chunk.len());
        let deleted = on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for changed in chunk {
                query = query.bind(changed.id.0).bind(changed.entry.version);
            }
            query.execute(db).await.map(|done| done.rows_affected())
        })?;
        all(deleted, chunk.len())?;
    }
    Ok(())
}

/// A call to be written and its facts as JSON.
struct CallRow<'a> {
    id: CallId,
    entry: &'a Entry,
    call: &'a Call,
    view: &'a CallView,
    owns_key: bool,
    late_until: DateTime<Utc>,
    facts: String,
}

impl<'a> CallRow<'a> {
    fn new(changed: &'a Changed<'a>) -> Result<Self, StoreError> {
        let Some(After { call, view, owns_key, late_until }) = &changed.after else {
            return Err(StoreError::Corrupt("a call to be written is gone".to_owned()));
        };
        let facts = to_json(&call.facts)?;
        let (id, entry) = (changed.id, changed.entry);
        Ok(Self { id, entry, call, view, owns_key: *owns_key, late_until: time(*late_until), facts })
    }
}

/// Binds what changes in a call's life.
macro_rules! bind_changing {
    ($query:expr, $row:expr) => {
        $query
            .bind($row.owns_key)
            .bind($row.late_until)
            .bind($row.facts.clone())
            .bind(time($row.entry.heard_at))
            .bind($row.view.direction.map(|direction| direction.as_str()))
            .bind($row.view.state.as_str())
            .bind($row.view.disposition.as_str())
            .bind($row.view.client_e164.as_deref().map(text))
            .bind($row.view.client_raw.as_deref().map(text))
            .bind(time($row.view.started_at))
            .bind($row.view.answered_at.map(time))
            .bind($row.view.ended_at.map(time))
            .bind($row.view.talk_seconds.and_then(|seconds| i32::try_from(seconds).ok()))
            .bind($row.view.missed)
            .bind(operators($row.view).is_empty())
    };
}

/// What people add to a call (comment, client, resolution) is not among the columns written here.
static UPDATE_CALLS: Rows = Rows::new(
    "update calls set version = version + 1, owns_key = v.column3, late_until = v.column4, facts = v.column5, \
     heard_at = v.column6, direction = v.column7, state = v.column8, disposition = v.column9, \
     client_e164 = v.column10, client_raw = v.column11, started_at = v.column12, answered_at = v.column13, \
     ended_at = v.column14, talk_seconds = v.column15, missed = v.column16, rang_at_nobody = v.column17 \
     from (values ",
    17,
    ") as v where calls.id = v.column1 and calls.version = v.column2",
);

async fn update_calls(tx: &mut Tx, rows: &[CallRow<'_>]) -> Result<(), BatchError> {
    for chunk in UPDATE_CALLS.chunks(rows) {
        let sql = UPDATE_CALLS.sql(chunk.len());
        let updated = on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for row in chunk {
                query = bind_changing!(query.bind(row.id.0).bind(row.entry.version), row);
            }
            query.execute(db).await.map(|done| done.rows_affected())
        })
        .map_err(BatchError::of_calls)?;
        all(updated, chunk.len())?;
    }
    Ok(())
}

static INSERT_CALLS: Rows = Rows::new(
    "insert into calls (id, module_id, call_id, call_key, version, created_at, owns_key, late_until, facts, heard_at, \
     direction, state, disposition, client_e164, client_raw, started_at, answered_at, ended_at, talk_seconds, missed, \
     rang_at_nobody) values ",
    21,
    "",
);

async fn insert_calls(tx: &mut Tx, rows: &[CallRow<'_>]) -> Result<(), BatchError> {
    for chunk in INSERT_CALLS.chunks(rows) {
        let sql = INSERT_CALLS.sql(chunk.len());
        on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for row in chunk {
                query = query
                    .bind(row.id.0)
                    .bind(row.entry.module_id.0)
                    .bind(row.call.call_id.clone())
                    .bind(row.entry.key.clone())
                    .bind(1)
                    .bind(time(row.entry.created_at));
                query = bind_changing!(query, row);
            }
            query.execute(db).await.map(drop)
        })
        .map_err(BatchError::of_calls)?;
    }
    Ok(())
}

static DELETE_OPERATORS: Rows =
    Rows::new("delete from call_operators where (user_id, call_id) in (values ", 2, ")");
static INSERT_OPERATORS: Rows =
    Rows::new("insert into call_operators (user_id, call_id) values ", 2, " on conflict do nothing");

async fn change_operators(tx: &mut Tx, rows: &Rows, pairs: &[(UserId, CallId)]) -> Result<(), BatchError> {
    for chunk in rows.chunks(pairs) {
        let sql = rows.sql(chunk.len());
        on!(tx.conn(), |db| {
            let mut query = sqlx::query(sql);
            for (user, call) in chunk {
                query = query.bind(user.0).bind(call.0);
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// Fewer rows than calls: another node was faster with one of them.
fn all(written: u64, expected: usize) -> Result<(), BatchError> {
    if written == expected as u64 { Ok(()) } else { Err(BatchError::Conflict) }
}
