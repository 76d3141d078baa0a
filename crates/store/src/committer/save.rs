//! Writes a batch, many rows per statement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{After, ChangedCall, Changes, KnownCall, Met, missed_key};
use hookswitch_model::view::has_closing_record;
use hookswitch_model::{Call, CallId, CallView, ClientId, ReduceError, RequestId, UserId};
use serde_json::value::RawValue;

use super::batch::{Applying, BatchError, Incoming, Note};
use super::types::Outcome;
use super::{encounters, report_counters};
use crate::clients::lead_creation;
use crate::db::{Db, text, time, to_json};
use crate::error::StoreError;
use crate::requests::RequestStatus;
use crate::rows::{Rows, Values, columns};

/// Writes all that the step changes.
pub(super) async fn changes(
    db: &mut impl Db,
    changes: &Changes<'_>,
    now: DateTime<Utc>,
) -> Result<(), BatchError> {
    let removed = lead_creation::remove(db, &changes.removed).await.map_err(BatchError::of_clients)?;
    all(removed, changes.removed.len())?;
    lead_creation::insert(db, &changes.made).await.map_err(BatchError::of_calls)?;
    calls(db, &changes.calls).await?;
    lead_creation::release(db, &changes.removed).await.map_err(BatchError::of_calls)?;
    lead_creation::adopt(db, &changes.made).await.map_err(BatchError::of_calls)?;
    encounters::close(db, &changes.reached, now).await?;
    report_counters::add(db, &changes.counters()).await
}

columns! {
    RequestKey of incoming: Incoming {
        id: incoming.request.id.0,
        module_id: incoming.request.module_id.0,
        received_at: time(incoming.request.received_at),
        method: text(&incoming.request.method),
        path: text(&incoming.request.path),
        query: incoming.request.query.get().to_owned(),
        headers: incoming.request.headers.get().to_owned(),
        body: incoming.request.body.clone(),
        remote_address: incoming.request.remote_address.as_deref().map(text),
        sealed: incoming.sealed.clone(),
    }
}
columns! {
    Unprocessed of _incoming: Incoming {
        status: RequestStatus::New.as_str(),
    }
}

static ACCEPT: Rows = Rows::named(
    &[RequestKey::NAMES, Unprocessed::NAMES],
    "insert into requests ({columns}) select * from v where id is not null",
);

/// Writes requests that are to be processed yet.
pub(super) async fn accepted(db: &mut impl Db, requests: &[Incoming]) -> Result<(), BatchError> {
    let add = |values: &mut Values, row: Option<&Incoming>| {
        RequestKey::add(values, row);
        Unprocessed::add(values, row);
    };
    ACCEPT.execute(db, requests, add).await?;
    Ok(())
}

/// The outcome of a request, ready to write.
struct OutcomeRow<'a> {
    request: RequestId,
    /// The request itself, where it is new.
    incoming: Option<&'a Incoming>,
    status: RequestStatus,
    processed_at: DateTime<Utc>,
    script_version: Option<i32>,
    response_status: i32,
    result: Option<&'a RawValue>,
    error: Option<String>,
    steps: &'a RawValue,
    /// `None` keeps the calls the request reported before: it reported nothing new.
    calls: Option<String>,
}

impl<'a> OutcomeRow<'a> {
    fn new(
        request: RequestId,
        outcome: &'a Outcome,
        applying: &'a Applying,
        met: &Met,
    ) -> Result<Self, StoreError> {
        let submission = &applying.submission;
        let said_something = submission.replace || !submission.facts.is_empty();
        Ok(Self {
            request,
            incoming: applying.incoming.as_ref(),
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

columns! {
    OutcomeKey of row: OutcomeRow<'_> {
        id: row.request.0,
        new_calls: row.calls.clone(),
    }
}
columns! {
    OutcomeColumns of row: OutcomeRow<'_> {
        status: row.status.as_str(),
        processed_at: row.processed_at,
        script_version: row.script_version,
        response_status: row.response_status,
        result: row.result.map(|result| result.get().to_owned()),
        error: row.error.clone(),
        steps: row.steps.get().to_owned(),
    }
}
columns! {
    TouchedCalls of row: OutcomeRow<'_> {
        calls: row.calls.clone(),
    }
}

static INSERT_REQUESTS: Rows = Rows::named(
    &[RequestKey::NAMES, OutcomeColumns::NAMES, TouchedCalls::NAMES],
    "insert into requests ({columns}) select * from v where id is not null",
);
static UPDATE_REQUESTS: Rows = Rows::named(
    &[OutcomeKey::NAMES, OutcomeColumns::NAMES],
    "update requests set {set}, delivery = null, calls = coalesce(v.new_calls, calls) from v where requests.id = v.id",
);

/// Writes the outcomes of the requests whose facts were applied, and those requests that are new.
pub(super) async fn outcomes(
    db: &mut impl Db,
    applies: &[Applying],
    met: &[Result<Met, ReduceError>],
) -> Result<(), BatchError> {
    let (mut new, mut known, mut erased) = (Vec::new(), Vec::new(), Vec::new());
    for (applying, met) in applies.iter().zip(met) {
        let (Some(request), Ok(met)) = (applying.submission.request, met) else { continue };
        if let Some(outcome) = &applying.outcome {
            let row = OutcomeRow::new(request, outcome, applying, met)?;
            if row.incoming.is_some() { &mut new } else { &mut known }.push(row);
        }
        if met.erased {
            erased.push(request);
        }
    }
    let add = |values: &mut Values, row: Option<&OutcomeRow<'_>>| {
        RequestKey::add(values, row.and_then(|row| row.incoming));
        OutcomeColumns::add(values, row);
        TouchedCalls::add(values, row);
    };
    INSERT_REQUESTS.execute(db, &new, add).await?;
    let add = |values: &mut Values, row: Option<&OutcomeRow<'_>>| {
        OutcomeKey::add(values, row);
        OutcomeColumns::add(values, row);
    };
    UPDATE_REQUESTS.execute(db, &known, add).await?;
    forget(db, &erased).await
}

static FORGET: Rows = Rows::new(
    "update requests set erased = true, path = '/', query = 'null', headers = '{}', body = v.column2, \
     remote_address = null, sealed = null, result = null, error = null from (values ",
    2,
    ") as v where requests.id = v.column1",
);

/// Erases everything that requests said: they were about erased calls.
async fn forget(db: &mut impl Db, requests: &[RequestId]) -> Result<(), BatchError> {
    let add = |values: &mut Values, row: Option<&RequestId>| {
        values.add(row.map(|request| request.0));
        values.add(row.map(|_| Vec::<u8>::new()));
    };
    FORGET.execute(db, requests, add).await?;
    Ok(())
}

static UPDATE_DELIVERY: Rows = Rows::new(
    "update requests set delivery = v.column2 from (values ",
    2,
    ") as v where requests.id = v.column1",
);

/// Writes the results of deliveries.
pub(super) async fn notes(db: &mut impl Db, notes: &[Note]) -> Result<(), BatchError> {
    // The last one of a request counts.
    let of_request: BTreeMap<_, _> = notes.iter().map(|note| (note.request, note)).collect();
    let notes: Vec<&Note> = of_request.into_values().collect();
    let add = |values: &mut Values, row: Option<&&Note>| {
        values.add(row.map(|note| note.request.0));
        values.add(row.map(|note| note.delivery.clone()));
    };
    UPDATE_DELIVERY.execute(db, &notes, add).await?;
    Ok(())
}

/// Writes changed calls; fails with [`BatchError::Conflict`] if another node changed one of them meanwhile.
async fn calls(db: &mut impl Db, changed: &[ChangedCall<'_>]) -> Result<(), BatchError> {
    let (mut gone, mut known, mut taking, mut new) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for changed in changed {
        match &changed.after {
            None => gone.push(changed),
            Some(_) if changed.known.stored.is_none() => new.push(CallRow::new(changed)?),
            Some(after) if after.owns_key && !changed.known.owns_key => taking.push(CallRow::new(changed)?),
            Some(_) => known.push(CallRow::new(changed)?),
        }
    }
    // Keys are unique at all times: a key must be free before another call takes it.
    let gone: Vec<_> = gone.into_iter().map(|gone: &ChangedCall<'_>| (gone.id, gone.known.version)).collect();
    delete_calls(db, &gone).await?;
    update_calls(db, &known).await?;
    update_calls(db, &taking).await?;
    insert_calls(db, &new).await?;

    let (mut joined, mut left) = (Vec::new(), Vec::new());
    for changed in changed {
        let before = changed.before.as_ref().map(CallView::users).unwrap_or_default();
        let after = changed.after.as_ref().map(|after| after.view.users()).unwrap_or_default();
        joined.extend(after.difference(&before).map(|user| (*user, changed.id)));
        left.extend(before.difference(&after).map(|user| (*user, changed.id)));
    }
    change_operators(db, &DELETE_OPERATORS, &left).await?;
    change_operators(db, &INSERT_OPERATORS, &joined).await
}

static DELETE_CALLS: Rows = Rows::new("delete from calls where (id, version) in (values ", 2, ")");

/// Deletes calls, each in the version read; fails with [`BatchError::Conflict`] if one was changed meanwhile.
pub(crate) async fn delete_calls(db: &mut impl Db, gone: &[(CallId, i32)]) -> Result<(), BatchError> {
    let add = |values: &mut Values, row: Option<&(CallId, i32)>| {
        values.add(row.map(|(id, _)| id.0));
        values.add(row.map(|(_, version)| *version));
    };
    all(DELETE_CALLS.execute(db, gone, add).await?, gone.len())
}

/// A call to write, with its facts as JSON.
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
            return Err(StoreError::Corrupt("a call to save no longer exists".to_owned()));
        };
        let facts = to_json(&call.facts)?;
        let (id, known) = (changed.id, changed.known);
        let (owns_key, late_until, client_id) = (*owns_key, time(*late_until), changed.client_id);
        Ok(Self { id, known, call, view, owns_key, late_until, facts, client_id })
    }
}

columns! {
    /// A call in the version read.
    ReadCall of row: CallRow<'_> {
        id: row.id.0,
        version: row.known.version,
    }
}
columns! {
    /// Columns that never change.
    NewCall of row: CallRow<'_> {
        id: row.id.0,
        module_id: row.known.module_id.0,
        call_id: row.call.call_id.clone(),
        call_key: row.known.key.clone(),
        version: 1,
        created_at: time(row.known.created_at),
    }
}
columns! {
    /// Columns that change during a call.
    ChangingCall of row: CallRow<'_> {
        owns_key: row.owns_key,
        late_until: row.late_until,
        facts: row.facts.clone(),
        heard_at: time(row.known.heard_at),
        direction: row.view.direction.map(|direction| direction.as_str()),
        state: row.view.state.as_str(),
        disposition: row.view.disposition.as_str(),
        client_e164: row.view.client_e164.as_deref().map(text),
        client_raw: row.view.client_raw.as_deref().map(text),
        started_at: time(row.view.started_at),
        answered_at: row.view.answered_at.map(time),
        ended_at: row.view.ended_at.map(time),
        talk_seconds: row.view.talk_seconds.and_then(|seconds| i32::try_from(seconds).ok()),
        missed: row.view.missed,
        rang_at_nobody: row.view.users().is_empty(),
        client_id: row.client_id.map(|client| client.0),
        client_chosen: row.known.added.client_chosen,
        missed_key: missed_key(row.id, row.view),
        recorded: has_closing_record(row.call),
    }
}

/// Columns that only people write (comment, outcome, resolution) are not written here. The exception: a call that turns
/// out not to be missed loses its resolution, since nobody has dealt with it if it is missed later.
static UPDATE_CALLS: Rows = Rows::named(
    &[ReadCall::NAMES, ChangingCall::NAMES],
    "update calls set version = calls.version + 1, {set}, \
     resolved_at = case when v.missed then resolved_at end, resolved_by = case when v.missed then resolved_by end, \
     resolved_how = case when v.missed then resolved_how end, \
     resolved_reason = case when v.missed then resolved_reason end, \
     resolved_call = case when v.missed then resolved_call end, \
     reached_seconds = case when v.missed then reached_seconds end \
     from v where calls.id = v.id and calls.version = v.version",
);

async fn update_calls(db: &mut impl Db, rows: &[CallRow<'_>]) -> Result<(), BatchError> {
    let add = |values: &mut Values, row: Option<&CallRow<'_>>| {
        ReadCall::add(values, row);
        ChangingCall::add(values, row);
    };
    let updated = UPDATE_CALLS.execute(db, rows, add).await.map_err(BatchError::of_calls)?;
    all(updated, rows.len())
}

static INSERT_CALLS: Rows = Rows::named(
    &[NewCall::NAMES, ChangingCall::NAMES],
    "insert into calls ({columns}) select * from v where id is not null",
);

async fn insert_calls(db: &mut impl Db, rows: &[CallRow<'_>]) -> Result<(), BatchError> {
    let add = |values: &mut Values, row: Option<&CallRow<'_>>| {
        NewCall::add(values, row);
        ChangingCall::add(values, row);
    };
    INSERT_CALLS.execute(db, rows, add).await.map_err(BatchError::of_calls)?;
    Ok(())
}

pub(crate) static DELETE_OPERATORS: Rows =
    Rows::new("delete from call_operators where (user_id, call_id) in (values ", 2, ")");
static INSERT_OPERATORS: Rows = Rows::new(
    "insert into call_operators (user_id, call_id) select * from (values ",
    2,
    ") as v where v.column1 is not null on conflict do nothing",
);

/// Adds or removes pairs of operator and call.
pub(crate) async fn change_operators(
    db: &mut impl Db,
    statement: &Rows,
    pairs: &[(UserId, CallId)],
) -> Result<(), BatchError> {
    let add = |values: &mut Values, row: Option<&(UserId, CallId)>| {
        values.add(row.map(|(user, _)| user.0));
        values.add(row.map(|(_, call)| call.0));
    };
    statement.execute(db, pairs, add).await?;
    Ok(())
}

/// Fewer rows than calls mean that another node was faster with one of them.
pub(super) fn all(written: u64, expected: usize) -> Result<(), BatchError> {
    if written == expected as u64 { Ok(()) } else { Err(BatchError::Conflict) }
}
