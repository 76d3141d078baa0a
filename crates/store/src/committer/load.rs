//! Loads what the step needs to know about a batch.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{
    Calls, ChangedCall, Changes, ClientsAsked, FactTarget, KnownClients, LoadedCall, Submission,
};
use hookswitch_model::matching::{LATE_EVENT, LATE_RECORD};
use hookswitch_model::{Call, CallId, CallKey, ClientId, ModuleId, RequestId};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use super::batch::BatchError;
use crate::call_annotations::AnnotationsRow;
use crate::clients::number_owners::owners;
use crate::clients::summary::summaries;
use crate::clients::{ClientSummary, lead_creation};
use crate::db::{Db, far_future, far_past, from_json, time};
use crate::erase::{ErasedRow, Hashes};
use crate::error::StoreError;
use crate::rows::{Found, Rows, Values, found};

found! {
    struct CallRow {
        id: Uuid,
        module_id: Uuid,
        call_id: Option<String>,
        call_key: String,
        owns_key: bool,
        version: i32,
        facts: String,
        created_at: DateTime<Utc>,
        heard_at: DateTime<Utc>,
        ..added: AnnotationsRow,
    }
}

impl CallRow {
    fn load(self) -> Result<LoadedCall, StoreError> {
        let call = Call {
            id: CallId(self.id),
            module_id: ModuleId(self.module_id),
            call_id: self.call_id,
            facts: from_json(&self.facts)?,
        };
        Ok(LoadedCall {
            call,
            key: self.call_key,
            owns_key: self.owns_key,
            version: self.version,
            created_at: self.created_at,
            heard_at: self.heard_at,
            added: self.added.try_into()?,
        })
    }
}

/// A row from a search for a key among both calls and erased calls.
struct KeyRow {
    call: Option<CallRow>,
    erased: Option<ErasedKeyRow>,
}

found! {
    struct ErasedKeyRow {
        of_module: Uuid,
        of_key: String,
        ..erased: ErasedRow,
    }
}

impl<'r, R: Row> FromRow<'r, R> for KeyRow
where
    CallRow: FromRow<'r, R>,
    ErasedKeyRow: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    Option<Vec<u8>>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let call = row.try_get::<Option<Uuid>, _>("id")?.map(|_| CallRow::from_row(row)).transpose()?;
        let erased = row
            .try_get::<Option<Vec<u8>>, _>("key_hash")?
            .map(|_| ErasedKeyRow::from_row(row))
            .transpose()?;
        Ok(Self { call, erased })
    }
}

impl Found for KeyRow {
    fn found(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let call = row.get::<_, Option<Uuid>>("id")?.map(|_| CallRow::found(row)).transpose()?;
        let erased =
            row.get::<_, Option<Vec<u8>>>("key_hash")?.map(|_| ErasedKeyRow::found(row)).transpose()?;
        Ok(Self { call, erased })
    }
}

/// Calls of a key that ended after `since` and began before `until` may concern the batch.
#[derive(Clone, Copy)]
struct Window {
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "calls.id, module_id, call_id, call_key, owns_key, version, facts, created_at, heard_at, comment, client_id, \
         client_chosen, outcome_id, resolved_at, resolved_by, resolved_how, resolved_reason, resolved_call, \
         reached_seconds"
    };
}
macro_rules! select {
    ($from:literal) => {
        concat!("select ", columns!(), " from ", $from)
    };
}

static REPORTED: Rows =
    Rows::new("select id, calls from requests where calls is not null and id in (values ", 1, ")");
static BY_ID: Rows = Rows::new(select!("calls where id in (values "), 1, ")");
static BY_KEY: Rows = Rows::new(
    concat!(
        "select v.column1 as of_module, v.column2 as of_key, key_hash, erased_calls.started_at as erased_started_at, ",
        "erased_calls.answered_at as erased_answered_at, erased_calls.ended_at as erased_ended_at, erased_calls.recorded as erased_recorded, ",
        columns!(),
        " from (values "
    ),
    3,
    ") as v left join calls on module_id = v.column1 and call_key = v.column2 and owns_key \
     left join erased_calls on key_hash = v.column3 where calls.id is not null or key_hash is not null",
);
static LATE: Rows = Rows::new(
    select!("(values "),
    4,
    ") as v cross join calls where module_id = v.column1 and call_key = v.column2 and not owns_key \
     and late_until >= v.column3 and created_at <= v.column4",
);

/// The calls the submissions may concern.
pub(super) async fn calls(
    db: &mut impl Db,
    hashes: &Hashes,
    submissions: &[&Submission],
) -> Result<Calls, StoreError> {
    let mut calls = Calls::new(rand::random);
    let replayed: BTreeSet<RequestId> =
        submissions.iter().filter(|one| one.replace).filter_map(|one| one.request).collect();
    let mut ids: BTreeSet<CallId> = BTreeSet::new();
    for (request, reported) in reported(db, &replayed).await? {
        ids.extend(&reported);
        calls.set_reported(request, reported);
    }
    let targets = submissions.iter().flat_map(|one| &one.facts).map(|targeted| &targeted.target);
    ids.extend(targets.filter_map(|target| match target {
        FactTarget::Call(id) => Some(*id),
        FactTarget::Key(_) => None,
    }));
    by_id(db, &ids, &mut calls).await?;

    let mut late: HashMap<(ModuleId, String), Window> = HashMap::new();
    // A call found by its id may reopen; it matters then which call owns its key.
    let mut keys: BTreeSet<(ModuleId, String)> =
        calls.keys().map(|(module, key)| (module, key.to_owned())).collect();
    for submission in submissions {
        for targeted in &submission.facts {
            let FactTarget::Key(key) = &targeted.target else { continue };
            let full_key = (submission.module_id, key.to_text());
            if let CallKey::Numbers(_) = key {
                let since = time(targeted.fact.at.min(submission.received_at) - LATE_RECORD);
                let until = time(submission.received_at + LATE_EVENT);
                let window =
                    late.entry(full_key.clone()).or_insert(Window { since: far_future(), until: far_past() });
                window.since = window.since.min(since);
                window.until = window.until.max(until);
            }
            keys.insert(full_key);
        }
    }
    by_key(db, hashes, &keys.into_iter().collect::<Vec<_>>(), &mut calls).await?;
    late_of_keys(db, &late.into_iter().collect::<Vec<_>>(), &mut calls).await?;
    Ok(calls)
}

async fn reported(
    db: &mut impl Db,
    requests: &BTreeSet<RequestId>,
) -> Result<Vec<(RequestId, Vec<CallId>)>, StoreError> {
    let requests: Vec<_> = requests.iter().copied().collect();
    let found = REPORTED.fetch(db, &requests, |values, request| values.add(request.map(|request| request.0)));
    let found: Vec<(Uuid, String)> = found.await?;
    found.into_iter().map(|(request, calls)| Ok((RequestId(request), from_json(&calls)?))).collect()
}

async fn by_id(db: &mut impl Db, ids: &BTreeSet<CallId>, calls: &mut Calls) -> Result<(), StoreError> {
    let ids: Vec<_> = ids.iter().copied().collect();
    let rows = BY_ID.fetch(db, &ids, |values, id| values.add(id.map(|id| id.0))).await?;
    add(calls, rows)
}

/// The calls that own keys, and the remains of erased calls that owned them.
async fn by_key(
    db: &mut impl Db,
    hashes: &Hashes,
    keys: &[(ModuleId, String)],
    calls: &mut Calls,
) -> Result<(), StoreError> {
    let add_key = |values: &mut Values, row: Option<&(ModuleId, String)>| {
        values.add(row.map(|(module, _)| module.0));
        values.add(row.map(|(_, key)| key.clone()));
        values.add(row.map(|(module, key)| hashes.of(*module, key)));
    };
    let rows: Vec<KeyRow> = BY_KEY.fetch(db, keys, add_key).await?;
    for KeyRow { call, erased } in rows {
        add(calls, call.into_iter().collect())?;
        if let Some(ErasedKeyRow { of_module, of_key, erased }) = erased {
            calls.add_erased(ModuleId(of_module), of_key, &erased.into());
        }
    }
    Ok(())
}

async fn late_of_keys(
    db: &mut impl Db,
    keys: &[((ModuleId, String), Window)],
    calls: &mut Calls,
) -> Result<(), StoreError> {
    let add_window = |values: &mut Values, row: Option<&((ModuleId, String), Window)>| {
        values.add(row.map(|((module, _), _)| module.0));
        values.add(row.map(|((_, key), _)| key.clone()));
        values.add(row.map(|(_, window)| window.since));
        values.add(row.map(|(_, window)| window.until));
    };
    let rows = LATE.fetch(db, keys, add_window).await?;
    add(calls, rows)
}

fn add(calls: &mut Calls, rows: Vec<CallRow>) -> Result<(), StoreError> {
    for row in rows {
        calls.add(row.load()?);
    }
    Ok(())
}

/// Loads the clients a batch asks for.
pub(super) async fn clients(db: &mut impl Db, asked: &ClientsAsked) -> Result<KnownClients, BatchError> {
    Ok(KnownClients {
        owners: owners(db, &asked.numbers).await?,
        leads: lead_creation::leads(db, &asked.leads).await?,
    })
}

/// The clients that screens show with the changed calls.
pub(super) async fn shown_clients(
    db: &mut impl Db,
    changes: &Changes<'_>,
) -> Result<HashMap<ClientId, ClientSummary>, StoreError> {
    let of_call = |call: &ChangedCall<'_>| call.client_id.into_iter().chain(call.candidates.clone());
    summaries(db, &changes.calls.iter().flat_map(of_call).collect()).await
}
