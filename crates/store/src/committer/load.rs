//! Loads the calls that a batch may concern.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hookswitch_model::matching::{LATE_EVENT, LATE_RECORD};
use hookswitch_model::{Call, CallId, CallKey, ModuleId, RequestId};
use sqlx::{ColumnIndex, Decode, FromRow, Row, Type};
use uuid::Uuid;

use super::types::{Apply, FactTarget};
use super::working::{Entry, Working, key_text};
use crate::added::AddedRow;
use crate::db::{Tx, far_future, far_past, from_json, on, time};
use crate::erase::{ErasedCall, Hashes};
use crate::error::StoreError;
use crate::rows::{Rows, chunks};

#[derive(FromRow)]
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
    #[sqlx(flatten)]
    added: AddedRow,
}

impl CallRow {
    fn into_entry(self) -> Result<(CallId, Entry), StoreError> {
        let (id, module_id) = (CallId(self.id), ModuleId(self.module_id));
        let call = Call { id, module_id, call_id: self.call_id, facts: from_json(&self.facts)? };
        let entry = Entry {
            call: Some(call.clone()),
            stored: Some(call),
            module_id,
            key: self.call_key,
            owns_key: self.owns_key,
            version: self.version,
            created_at: self.created_at,
            heard_at: self.heard_at,
            added: self.added.try_into()?,
            changes: 0,
            erased: false,
        };
        Ok((id, entry))
    }
}

/// A row of a statement that looks for a key both among calls and among erased ones.
struct KeyRow {
    call: Option<CallRow>,
    erased: Option<ErasedRow>,
}

#[derive(FromRow)]
struct ErasedRow {
    #[sqlx(rename = "of_module")]
    module_id: Uuid,
    #[sqlx(rename = "of_key")]
    key: String,
    #[sqlx(flatten)]
    erased: ErasedCall,
}

impl<'r, R: Row> FromRow<'r, R> for KeyRow
where
    CallRow: FromRow<'r, R>,
    ErasedRow: FromRow<'r, R>,
    &'static str: ColumnIndex<R>,
    Option<Uuid>: Decode<'r, R::Database> + Type<R::Database>,
    Option<Vec<u8>>: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let call = row.try_get::<Option<Uuid>, _>("id")?.map(|_| CallRow::from_row(row)).transpose()?;
        let erased =
            row.try_get::<Option<Vec<u8>>, _>("key_hash")?.map(|_| ErasedRow::from_row(row)).transpose()?;
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

/// Everything that the applies may change.
pub(super) async fn load(tx: &mut Tx, hashes: &Hashes, applies: &[&Apply]) -> Result<Working, StoreError> {
    let mut working = Working::default();
    let replayed: BTreeSet<RequestId> =
        applies.iter().filter(|apply| apply.replace).filter_map(|apply| apply.request).collect();
    let mut ids: BTreeSet<CallId> = BTreeSet::new();
    for (request, calls) in reported(tx, &replayed).await? {
        ids.extend(&calls);
        working.set_reported(request, calls);
    }
    let targets = applies.iter().flat_map(|apply| &apply.facts).map(|targeted| &targeted.target);
    ids.extend(targets.filter_map(|target| match target {
        FactTarget::Call(id) => Some(*id),
        FactTarget::Key(_) => None,
    }));
    by_id(tx, &ids, &mut working).await?;

    let mut late: HashMap<(ModuleId, String), Window> = HashMap::new();
    // A call found by its id may open again; then who owns its key matters.
    let mut keys: BTreeSet<(ModuleId, String)> =
        working.keys().map(|(module, key)| (module, key.to_owned())).collect();
    for apply in applies {
        for targeted in &apply.facts {
            let FactTarget::Key(key) = &targeted.target else { continue };
            let full_key = (apply.module_id, key_text(key));
            if let CallKey::Numbers(_) = key {
                let since = time(targeted.fact.at.min(apply.received_at) - LATE_RECORD);
                let until = time(apply.received_at + LATE_EVENT);
                let window =
                    late.entry(full_key.clone()).or_insert(Window { since: far_future(), until: far_past() });
                window.since = window.since.min(since);
                window.until = window.until.max(until);
            }
            keys.insert(full_key);
        }
    }
    by_key(tx, hashes, &keys.into_iter().collect::<Vec<_>>(), &mut working).await?;
    late_of_keys(tx, &late.into_iter().collect::<Vec<_>>(), &mut working).await?;
    Ok(working)
}

async fn reported(
    tx: &mut Tx,
    requests: &BTreeSet<RequestId>,
) -> Result<Vec<(RequestId, Vec<CallId>)>, StoreError> {
    let requests: Vec<_> = requests.iter().collect();
    let mut found = Vec::new();
    for chunk in chunks(&requests) {
        let conn = tx.conn();
        let (sql, filled) = REPORTED.fill(&conn, chunk);
        let rows: Vec<(Uuid, String)> = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for request in filled {
                query = query.bind(request.map(|request| request.0));
            }
            query.fetch_all(db).await
        })?;
        for (request, calls) in rows {
            found.push((RequestId(request), from_json(&calls)?));
        }
    }
    Ok(found)
}

async fn by_id(tx: &mut Tx, ids: &BTreeSet<CallId>, working: &mut Working) -> Result<(), StoreError> {
    let ids: Vec<_> = ids.iter().collect();
    for chunk in chunks(&ids) {
        let conn = tx.conn();
        let (sql, filled) = BY_ID.fill(&conn, chunk);
        let rows = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for id in filled {
                query = query.bind(id.map(|id| id.0));
            }
            query.fetch_all(db).await
        })?;
        add(working, rows)?;
    }
    Ok(())
}

/// The calls that own keys, and what is left of erased calls that had them.
async fn by_key(
    tx: &mut Tx,
    hashes: &Hashes,
    keys: &[(ModuleId, String)],
    working: &mut Working,
) -> Result<(), StoreError> {
    for chunk in chunks(keys) {
        let conn = tx.conn();
        let (sql, filled) = BY_KEY.fill(&conn, chunk);
        let rows: Vec<KeyRow> = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for row in filled {
                query = query
                    .bind(row.map(|(module, _)| module.0))
                    .bind(row.map(|(_, key)| key.clone()))
                    .bind(row.map(|(module, key)| hashes.of(*module, key)));
            }
            query.fetch_all(db).await
        })?;
        for KeyRow { call, erased } in rows {
            add(working, call.into_iter().collect())?;
            if let Some(ErasedRow { module_id, key, erased }) = erased {
                working.add_erased(ModuleId(module_id), key, &erased);
            }
        }
    }
    Ok(())
}

async fn late_of_keys(
    tx: &mut Tx,
    keys: &[((ModuleId, String), Window)],
    working: &mut Working,
) -> Result<(), StoreError> {
    for chunk in chunks(keys) {
        let conn = tx.conn();
        let (sql, filled) = LATE.fill(&conn, chunk);
        let rows = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for row in filled {
                query = query
                    .bind(row.map(|((module, _), _)| module.0))
                    .bind(row.map(|((_, key), _)| key.clone()))
                    .bind(row.map(|(_, window)| window.since))
                    .bind(row.map(|(_, window)| window.until));
            }
            query.fetch_all(db).await
        })?;
        add(working, rows)?;
    }
    Ok(())
}

fn add(working: &mut Working, rows: Vec<CallRow>) -> Result<(), StoreError> {
    for row in rows {
        let (id, entry) = row.into_entry()?;
        if !working.has(id) {
            working.add(id, entry);
        }
    }
    Ok(())
}
