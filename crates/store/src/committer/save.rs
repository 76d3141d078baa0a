//! Writes a batch, many rows a statement.

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{After, ChangedCall, Changes, KnownCall, Met, Submission, missed_key};
use hookswitch_model::view::has_closing_record;
use hookswitch_model::{Call, CallId, CallView, ClientId, ReduceError, RequestId, UserId};
use serde_json::value::RawValue;

use super::batch::{BatchError, Incoming, Note};
use super::types::{Apply, Outcome};
use super::{encounters, report_counters};
use crate::clients::lead_creation;
use crate::db::{Tx, on, text, time, to_json};
use crate::error::StoreError;
use crate::requests::RequestStatus;
use crate::rows::{Rows, chunks};

static INSERT_REQUESTS: Rows = Rows::new(
    "insert into requests (id, module_id, received_at, method, path, query, headers, body, remote_address, sealed, \
     status) select v.*, 'new' from (values ",
    10,
    ") as v where v.column1 is not null",
);

/// Writes new requests.
pub(super) async fn requests(tx: &mut Tx, requests: &[Incoming]) -> Result<(), BatchError> {
    for chunk in chunks(requests) {
        let conn = tx.conn();
        let (sql, rows) = INSERT_REQUESTS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for incoming in rows {
                let request = incoming.map(|incoming| &incoming.request);
                query = query
                    .bind(request.map(|request| request.id.0))
                    .bind(request.map(|request| request.module_id.0))
                    .bind(request.map(|request| time(request.received_at)))
                    .bind(request.map(|request| request.method.clone()))
                    .bind(request.map(|request| request.path.clone()))
                    .bind(request.map(|request| request.query.get().to_owned()))
                    .bind(request.map(|request| request.headers.get().to_owned()))
                    .bind(request.map(|request| request.body.clone()))
                    .bind(request.and_then(|request| request.remote_address.clone()))
                    .bind(incoming.and_then(|incoming| incoming.sealed.clone()));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// Writes all that the step changes.
pub(super) async fn changes(
    tx: &mut Tx,
    changes: &Changes<'_>,
    now: DateTime<Utc>,
) -> Result<(), BatchError> {
    lead_creation::remove(tx, &changes.removed).await.map_err(BatchError::of_clients)?;
    lead_creation::insert(tx, &changes.made).await.map_err(BatchError::of_calls)?;
    calls(tx, &changes.calls).await?;
    lead_creation::release(tx, &changes.removed).await.map_err(BatchError::of_calls)?;
    lead_creation::adopt(tx, &changes.made).await.map_err(BatchError::of_calls)?;
    encounters::close(tx, &changes.reached, now).await?;
    report_counters::add(tx, &changes.counters()).await
}

/// What became of a request, ready to be written.
struct OutcomeRow<'a> {
    request: RequestId,
    status: RequestStatus,
    processed_at: DateTime<Utc>,
    script_version: Option<i32>,
    response_status: i32,
    result: Option<&'a RawValue>,
    error: Option<String>,
    steps: &'a RawValue,
    /// None leaves what the request touched before: it reported nothing new.
    calls: Option<String>,
}

impl<'a> OutcomeRow<'a> {
    fn new(
        request: RequestId,
        outcome: &'a Outcome,
        submission: &Submission,
        met: &Met,
    ) -> Result<Self, StoreError> {
        let said_something = submission.replace || !submission.facts.is_empty();
        Ok(Self {
            request,
            status: outcome.status.into(),
            processed_at: time(submission.now),
            script_version: outcome.script_version,
            response_status: i32::from(outcome.response_status),
            result: outcome.result.as_deref(),
            error: outcome.error.as_ref().map(to_json).transpose()?,
            steps: &outcome.steps,
            calls: said_something.then(|| to_json(&met.touched)).transpose()?,
        })
    }
}

static UPDATE_REQUESTS: Rows = Rows::new(
    "update requests set status = v.column2, processed_at = v.column3, script_version = v.column4, \
     response_status = v.column5, result = v.column6, error = v.column7, steps = v.column8, delivery = null, \
     calls = coalesce(v.column9, calls) from (values ",
    9,
    ") as v where requests.id = v.column1",
);

/// Writes what became of the requests whose facts met their calls.
pub(super) async fn outcomes(
    tx: &mut Tx,
    applies: &[Apply],
    met: &[Result<Met, ReduceError>],
) -> Result<(), BatchError> {
    let (mut outcomes, mut erased) = (Vec::with_capacity(applies.len()), Vec::new());
    for (Apply { submission, outcome }, met) in applies.iter().zip(met) {
        let (Some(request), Ok(met)) = (submission.request, met) else { continue };
        if let Some(outcome) = outcome {
            outcomes.push(OutcomeRow::new(request, outcome, submission, met)?);
        }
        if met.erased {
            erased.push(request);
        }
    }
    for chunk in chunks(&outcomes) {
        let conn = tx.conn();
        let (sql, rows) = UPDATE_REQUESTS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query
                    .bind(row.map(|row| row.request.0))
                    .bind(row.map(|row| row.status.as_str()))
                    .bind(row.map(|row| row.processed_at))
                    .bind(row.and_then(|row| row.script_version))
                    .bind(row.map(|row| row.response_status))
                    .bind(row.and_then(|row| row.result).map(|result| result.get().to_owned()))
                    .bind(row.and_then(|row| row.error.clone()))
                    .bind(row.map(|row| row.steps.get().to_owned()))
                    .bind(row.and_then(|row| row.calls.clone()));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    forget(tx, &erased).await
}

static FORGET: Rows = Rows::new(
    "update requests set erased = true, path = '/', query = 'null', headers = '{}', body = v.column2, \
     remote_address = null, result = null, error = null from (values ",
    2,
    ") as v where requests.id = v.column1",
);

/// Takes out of requests everything that they said: they were about calls that were erased.
async fn forget(tx: &mut Tx, requests: &[RequestId]) -> Result<(), BatchError> {
    for chunk in chunks(requests) {
        let conn = tx.conn();
        let (sql, rows) = FORGET.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query.bind(row.map(|request| request.0)).bind(row.map(|_| Vec::<u8>::new()));
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

/// Writes what came of deliveries.
pub(super) async fn notes(tx: &mut Tx, notes: &[Note]) -> Result<(), BatchError> {
    for chunk in chunks(notes) {
        let conn = tx.conn();
        let (sql, rows) = UPDATE_DELIVERY.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query =
                    query.bind(row.map(|note| note.request.0)).bind(row.map(|note| note.delivery.clone()));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// Writes changed calls; fails with [`BatchError::Conflict`] where another node changed one of them meanwhile.
async fn calls(tx: &mut Tx, changed: &[ChangedCall<'_>]) -> Result<(), BatchError> {
    let (mut gone, mut known, mut taking, mut new) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for changed in changed {
        match &changed.after {
            None => gone.push(changed),
            Some(_) if changed.known.stored.is_none() => new.push(CallRow::new(changed)?),
            Some(after) if after.owns_key && !changed.known.owns_key => taking.push(CallRow::new(changed)?),
            Some(_) => known.push(CallRow::new(changed)?),
        }
    }
    // A key is unique at every moment: it has to be free before another call takes it.
    let gone: Vec<_> = gone.into_iter().map(|gone: &ChangedCall<'_>| (gone.id, gone.known.version)).collect();
    delete_calls(tx, &gone).await?;
    update_calls(tx, &known).await?;
    update_calls(tx, &taking).await?;
    insert_calls(tx, &new).await?;

    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for changed in changed {
        let before = changed.before.as_ref().map(CallView::users).unwrap_or_default();
        let after = changed.after.as_ref().map(|after| after.view.users()).unwrap_or_default();
        joined.extend(after.difference(&before).map(|user| (*user, changed.id)));
        left.extend(before.difference(&after).map(|user| (*user, changed.id)));
    }
    change_operators(tx, &DELETE_OPERATORS, &left).await?;
    change_operators(tx, &INSERT_OPERATORS, &joined).await
}

static DELETE_CALLS: Rows = Rows::new("delete from calls where (id, version) in (values ", 2, ")");

/// Deletes calls, each of the version it was read in; fails with [`BatchError::Conflict`] where one was changed meanwhile.
pub(crate) async fn delete_calls(tx: &mut Tx, gone: &[(CallId, i32)]) -> Result<(), BatchError> {
    for chunk in chunks(gone) {
        let conn = tx.conn();
        let (sql, rows) = DELETE_CALLS.fill(&conn, chunk);
        let deleted = on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query.bind(row.map(|(id, _)| id.0)).bind(row.map(|(_, version)| *version));
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
    known: &'a KnownCall,
    call: &'a Call,
    view: &'a CallView,
    owns_key: bool,
    late_until: DateTime<Utc>,
    facts: String,
    client_id: Option<ClientId>,
}

impl<'a> CallRow<'a> {
    fn new(changed: &'a ChangedCall<'a>) -> Result<Self, StoreError> {
        let Some(After { call, view, owns_key, late_until }) = &changed.after else {
            return Err(StoreError::Corrupt("a call to be written is gone".to_owned()));
        };
        let facts = to_json(&call.facts)?;
        let (id, known) = (changed.id, changed.known);
        let (owns_key, late_until, client_id) = (*owns_key, time(*late_until), changed.client_id);
        Ok(Self { id, known, call, view, owns_key, late_until, facts, client_id })
    }
}

/// Binds what changes in a call's life.
macro_rules! bind_changing {
    ($query:expr, $row:expr) => {{
        let view = $row.map(|row| row.view);
        $query
            .bind($row.map(|row| row.owns_key))
            .bind($row.map(|row| row.late_until))
            .bind($row.map(|row| row.facts.clone()))
            .bind($row.map(|row| time(row.known.heard_at)))
            .bind(view.and_then(|view| view.direction).map(|direction| direction.as_str()))
            .bind(view.map(|view| view.state.as_str()))
            .bind(view.map(|view| view.disposition.as_str()))
            .bind(view.and_then(|view| view.client_e164.as_deref()).map(text))
            .bind(view.and_then(|view| view.client_raw.as_deref()).map(text))
            .bind(view.map(|view| time(view.started_at)))
            .bind(view.and_then(|view| view.answered_at).map(time))
            .bind(view.and_then(|view| view.ended_at).map(time))
            .bind(view.and_then(|view| i32::try_from(view.talk_seconds?).ok()))
            .bind(view.map(|view| view.missed))
            .bind(view.map(|view| view.users().is_empty()))
            .bind($row.and_then(|row| row.client_id).map(|client| client.0))
            .bind($row.map(|row| row.known.added.client_chosen))
            .bind($row.and_then(|row| missed_key(row.id, row.view)))
            .bind($row.map(|row| has_closing_record(row.call)))
    }};
}

/// What only people add to a call (comment, outcome, resolution) is not among the columns written here. But a call that
/// turns out not to be missed needs no resolution: should it be missed later, nobody has dealt with that yet.
static UPDATE_CALLS: Rows = Rows::new(
    "update calls set version = version + 1, owns_key = v.column3, late_until = v.column4, facts = v.column5, \
     heard_at = v.column6, direction = v.column7, state = v.column8, disposition = v.column9, \
     client_e164 = v.column10, client_raw = v.column11, started_at = v.column12, answered_at = v.column13, \
     ended_at = v.column14, talk_seconds = v.column15, missed = v.column16, rang_at_nobody = v.column17, \
     client_id = v.column18, client_chosen = v.column19, missed_key = v.column20, recorded = v.column21, \
     resolved_at = case when v.column16 then resolved_at end, resolved_by = case when v.column16 then resolved_by end, \
     resolved_how = case when v.column16 then resolved_how end, \
     resolved_reason = case when v.column16 then resolved_reason end, \
     resolved_call = case when v.column16 then resolved_call end, \
     reached_seconds = case when v.column16 then reached_seconds end from (values ",
    21,
    ") as v where calls.id = v.column1 and calls.version = v.column2",
);

async fn update_calls(tx: &mut Tx, rows: &[CallRow<'_>]) -> Result<(), BatchError> {
    for chunk in chunks(rows) {
        let conn = tx.conn();
        let (sql, rows) = UPDATE_CALLS.fill(&conn, chunk);
        let updated = on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query.bind(row.map(|row| row.id.0)).bind(row.map(|row| row.known.version));
                query = bind_changing!(query, row);
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
     rang_at_nobody, client_id, client_chosen, missed_key, recorded) select * from (values ",
    25,
    ") as v where v.column1 is not null",
);

async fn insert_calls(tx: &mut Tx, rows: &[CallRow<'_>]) -> Result<(), BatchError> {
    for chunk in chunks(rows) {
        let conn = tx.conn();
        let (sql, rows) = INSERT_CALLS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query
                    .bind(row.map(|row| row.id.0))
                    .bind(row.map(|row| row.known.module_id.0))
                    .bind(row.and_then(|row| row.call.call_id.clone()))
                    .bind(row.map(|row| row.known.key.clone()))
                    .bind(row.map(|_| 1))
                    .bind(row.map(|row| time(row.known.created_at)));
                query = bind_changing!(query, row);
            }
            query.execute(db).await.map(drop)
        })
        .map_err(BatchError::of_calls)?;
    }
    Ok(())
}

pub(crate) static DELETE_OPERATORS: Rows =
    Rows::new("delete from call_operators where (user_id, call_id) in (values ", 2, ")");
static INSERT_OPERATORS: Rows = Rows::new(
    "insert into call_operators (user_id, call_id) select * from (values ",
    2,
    ") as v where v.column1 is not null on conflict do nothing",
);

/// Adds such pairs, or takes them away.
pub(crate) async fn change_operators(
    tx: &mut Tx,
    statement: &Rows,
    pairs: &[(UserId, CallId)],
) -> Result<(), BatchError> {
    for chunk in chunks(pairs) {
        let conn = tx.conn();
        let (sql, rows) = statement.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in rows {
                query = query.bind(row.map(|(user, _)| user.0)).bind(row.map(|(_, call)| call.0));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// Fewer rows than calls: another node was faster with one of them.
pub(super) fn all(written: u64, expected: usize) -> Result<(), BatchError> {
    if written == expected as u64 { Ok(()) } else { Err(BatchError::Conflict) }
}
