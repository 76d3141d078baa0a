//! Collects what the next step of an erasure removes. Only reads, a bounded part at a time, so that no webhook waits
//! for it.

use std::collections::HashSet;

use hookswitch_model::{CallId, RequestId};
use uuid::Uuid;

use super::{Erasure, Step, Work};
use crate::audit::AuditChange;
use crate::calls::{self, StoredCall};
use crate::db::{from_json, on, to_json};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, chunks};

/// Calls removed per transaction, each with its comments and requests.
const CALLS: i64 = 50;
/// Rows of other kinds removed per transaction.
const ROWS: i64 = 200;
/// Rows read at once; requests are large.
const LOOK: i64 = 500;
const LOOK_REQUESTS: i64 = 100;
/// Reads without a match before progress is recorded.
const READS: usize = 10;

const CALLS_LEFT: &str = "select id from calls where client_id = $1 limit $2";
const COMMENTS: &str = "select id from comments where client_id = $1 limit $2";
const EMPLOYEES: &str = "select id from clients where company_id = $1 limit $2";

/// What a step removes, and the next step.
#[derive(Default)]
pub(super) struct Gathered {
    pub calls: Vec<StoredCall>,
    pub comments: Vec<Uuid>,
    pub employees: Vec<Uuid>,
    pub requests: Vec<Uuid>,
    pub log_lines: Vec<i64>,
    pub stored_values: Vec<(Uuid, String)>,
    /// Entries of the audit trail with what is left of their text.
    pub audit_entries: Vec<(Uuid, String)>,
    /// Calls that began since then, which leave the client.
    pub unlinked: Vec<Uuid>,
    /// Whether nothing refers to the clients any more, so that they can be deleted.
    pub clients_go: bool,
    pub items: Vec<Uuid>,
    /// `None` once everything is done.
    pub next: Option<Step>,
}

/// Collects what the erasure removes next.
pub(super) async fn gather(store: &Store, erasure: &Erasure, work: &Work) -> Result<Gathered, StoreError> {
    match &work.step {
        Step::Calls => of_calls(store, erasure, work).await,
        Step::Comments => of_comments(store, work).await,
        Step::Employees => of_employees(store, work).await,
        Step::Requests(after) => of_requests(store, erasure, work, *after).await,
        Step::Log(after) => of_log(store, erasure, work, *after).await,
        Step::Stored(module, key) => of_storage(store, work, *module, key).await,
        Step::Audit(after) => of_audit(store, erasure, work, *after).await,
        Step::Clients => of_clients(store, work).await,
        Step::Items => of_items(store, erasure).await,
    }
}

async fn of_calls(store: &Store, erasure: &Erasure, work: &Work) -> Result<Gathered, StoreError> {
    let mut found = Vec::new();
    for client in &work.clients {
        if found.is_empty() {
            let sql = calls::select!(
                "where client_id = $1 and state = 'ended' and created_at <= $2 order by started_at, id limit $3"
            );
            found = on!(store.read(), |db| {
                let query = sqlx::query_as(sql).bind(*client).bind(erasure.asked_at).bind(CALLS);
                query.fetch_all(db).await
            })?;
        }
    }
    for number in &work.numbers {
        if found.is_empty() {
            let sql = calls::select!(
                "where client_e164 = $1 and client_id is null and state = 'ended' and created_at <= $2 \
                 order by started_at, id limit $3"
            );
            found = on!(store.read(), |db| {
                let query = sqlx::query_as(sql).bind(number.clone()).bind(erasure.asked_at).bind(CALLS);
                query.fetch_all(db).await
            })?;
        }
    }
    let mut found: Vec<StoredCall> =
        found.into_iter().map(|row: calls::Row| row.try_into()).collect::<Result<_, _>>()?;
    if let (true, Some(call)) = (found.is_empty(), work.call) {
        found.extend(store.call(CallId(call)).await?);
    }
    let next = if found.is_empty() { Step::Comments } else { Step::Calls };
    Ok(Gathered { calls: found, next: Some(next), ..Gathered::default() })
}

async fn of_comments(store: &Store, work: &Work) -> Result<Gathered, StoreError> {
    let comments = some_of(store, work, COMMENTS).await?;
    let next = if comments.is_empty() { Step::Employees } else { Step::Comments };
    Ok(Gathered { comments, next: Some(next), ..Gathered::default() })
}

async fn of_employees(store: &Store, work: &Work) -> Result<Gathered, StoreError> {
    let employees = some_of(store, work, EMPLOYEES).await?;
    let next = if employees.is_empty() { Step::Requests(Uuid::nil()) } else { Step::Employees };
    Ok(Gathered { employees, next: Some(next), ..Gathered::default() })
}

/// Some of the rows a statement finds for the clients.
async fn some_of(store: &Store, work: &Work, sql: &'static str) -> Result<Vec<Uuid>, StoreError> {
    for client in &work.clients {
        let found: Vec<Uuid> =
            on!(store.read(), |db| sqlx::query_scalar(sql).bind(*client).bind(ROWS).fetch_all(db).await)?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

type RequestRow = (Uuid, String, String, Vec<u8>, Option<String>, Option<String>, Option<String>);

/// Requests that repeated reports about the calls, and requests that failed, or meant nothing to the script, and
/// contain one of the numbers.
async fn of_requests(
    store: &Store,
    erasure: &Erasure,
    work: &Work,
    mut after: Uuid,
) -> Result<Gathered, StoreError> {
    let sql = "select id, path, query, body, result, error, calls from requests \
               where id > $1 and id < $2 and status <> 'new' order by id limit $3";
    let end = RequestId::new(erasure.asked_at, [0; 10]).0;
    for _ in 0..READS {
        let rows: Vec<RequestRow> = on!(store.read(), |db| {
            sqlx::query_as(sql).bind(after).bind(end).bind(LOOK_REQUESTS).fetch_all(db).await
        })?;
        let Some(last) = rows.last() else {
            return Ok(Gathered { next: Some(Step::Log(0)), ..Gathered::default() });
        };
        after = last.0;
        // A damaged list of calls names none; the numbers are searched for anyway.
        let about = |row: &RequestRow| -> Vec<Uuid> {
            row.6.as_deref().and_then(|calls| from_json(calls).ok()).unwrap_or_default()
        };
        let named: Vec<Uuid> = rows.iter().flat_map(about).collect();
        let gone = erased_items(store, erasure, &named).await?;
        let mut requests = Vec::new();
        for row in &rows {
            let (id, path, query, body, result, error, _) = row;
            let texts = [Some(path), Some(query), result.as_ref(), error.as_ref()];
            let mentioned = texts.into_iter().flatten().any(|text| work.mentions.in_text(text))
                || work.mentions.in_text(&String::from_utf8_lossy(body));
            if mentioned || about(row).iter().any(|call| gone.contains(call)) {
                requests.push(*id);
            }
        }
        if !requests.is_empty() {
            return Ok(Gathered { requests, next: Some(Step::Requests(after)), ..Gathered::default() });
        }
    }
    Ok(Gathered { next: Some(Step::Requests(after)), ..Gathered::default() })
}

async fn of_log(store: &Store, erasure: &Erasure, work: &Work, after: i64) -> Result<Gathered, StoreError> {
    let sql = "select id, message, request_id from module_log where id > $1 order by id limit $2";
    let rows: Vec<(i64, String, Option<Uuid>)> =
        on!(store.read(), |db| sqlx::query_as(sql).bind(after).bind(LOOK).fetch_all(db).await)?;
    let Some((last, ..)) = rows.last() else {
        return Ok(Gathered { next: Some(Step::Stored(Uuid::nil(), String::new())), ..Gathered::default() });
    };
    let next = Some(Step::Log(*last));
    let named: Vec<Uuid> = rows.iter().filter_map(|(_, _, request)| *request).collect();
    let gone = erased_items(store, erasure, &named).await?;
    let of = |request: &Option<Uuid>| request.is_some_and(|request| gone.contains(&request));
    let lines = rows.iter().filter(|(_, message, request)| of(request) || work.mentions.in_text(message));
    Ok(Gathered { log_lines: lines.map(|(id, ..)| *id).collect(), next, ..Gathered::default() })
}

async fn of_storage(store: &Store, work: &Work, module: Uuid, key: &str) -> Result<Gathered, StoreError> {
    let sql = "select module_id, key, value from module_storage where (module_id, key) > ($1, $2) \
               order by module_id, key limit $3";
    let rows: Vec<(Uuid, String, String)> = on!(store.read(), |db| {
        sqlx::query_as(sql).bind(module).bind(key.to_owned()).bind(LOOK).fetch_all(db).await
    })?;
    let Some((module, key, _)) = rows.last() else {
        return Ok(Gathered { next: Some(Step::Audit(Uuid::nil())), ..Gathered::default() });
    };
    let next = Some(Step::Stored(*module, key.clone()));
    let values =
        rows.iter().filter(|(_, key, value)| work.mentions.in_text(key) || work.mentions.in_text(value));
    let stored_values = values.map(|(module, key, _)| (*module, key.clone())).collect();
    Ok(Gathered { stored_values, next, ..Gathered::default() })
}

/// Entries of the audit trail stay, without what they say about the client or the call.
async fn of_audit(
    store: &Store,
    erasure: &Erasure,
    work: &Work,
    after: Uuid,
) -> Result<Gathered, StoreError> {
    let sql = "select id, client_id, call_id, detail from audit where id > $1 and detail is not null \
               order by id limit $2";
    let rows: Vec<(Uuid, Option<Uuid>, Option<Uuid>, String)> =
        on!(store.read(), |db| sqlx::query_as(sql).bind(after).bind(LOOK).fetch_all(db).await)?;
    let Some((last, ..)) = rows.last() else {
        return Ok(Gathered { next: Some(Step::Clients), ..Gathered::default() });
    };
    let next = Some(Step::Audit(*last));
    let named: Vec<Uuid> = rows.iter().filter_map(|(_, _, call, _)| *call).collect();
    let gone = erased_items(store, erasure, &named).await?;
    let mut audit_entries = Vec::new();
    for (id, client, call, detail) in &rows {
        let of_erased = client.is_some_and(|client| work.clients.contains(&client))
            || call.is_some_and(|call| gone.contains(&call));
        let Ok(before) = from_json::<Vec<AuditChange>>(detail) else {
            if of_erased || work.mentions.in_text(detail) {
                audit_entries.push((*id, "[]".to_owned()));
            }
            continue;
        };
        let mut after = before.clone();
        for text in after.iter_mut().flat_map(|change| [&mut change.from, &mut change.to]) {
            text.take_if(|text| of_erased || work.mentions.in_words(text));
        }
        if after != before {
            audit_entries.push((*id, to_json(&after)?));
        }
    }
    Ok(Gathered { audit_entries, next, ..Gathered::default() })
}

/// What was added to the client meanwhile. A later call by its number's owner stays, without a client.
async fn of_clients(store: &Store, work: &Work) -> Result<Gathered, StoreError> {
    let unlinked = some_of(store, work, CALLS_LEFT).await?;
    let comments = some_of(store, work, COMMENTS).await?;
    let employees = some_of(store, work, EMPLOYEES).await?;
    let clients_go = unlinked.is_empty() && comments.is_empty() && employees.is_empty();
    let next = Some(if clients_go { Step::Items } else { Step::Clients });
    Ok(Gathered { unlinked, comments, employees, clients_go, next, ..Gathered::default() })
}

async fn of_items(store: &Store, erasure: &Erasure) -> Result<Gathered, StoreError> {
    let sql = "select item_id from erased_items where erasure_id = $1 limit $2";
    let items: Vec<Uuid> =
        on!(store.read(), |db| sqlx::query_scalar(sql).bind(erasure.id.0).bind(LOOK).fetch_all(db).await)?;
    let next = (!items.is_empty()).then_some(Step::Items);
    Ok(Gathered { items, next, ..Gathered::default() })
}

static ERASED: Rows = Rows::new(
    "select item_id from (values ",
    2,
    ") as v join erased_items on erasure_id = v.column1 and item_id = v.column2",
);

/// Those of the calls or requests that this erasure has deleted.
async fn erased_items(store: &Store, erasure: &Erasure, items: &[Uuid]) -> Result<HashSet<Uuid>, StoreError> {
    let mut found = HashSet::new();
    for chunk in chunks(items) {
        let pool = store.read();
        let (sql, filled) = ERASED.fill(&pool, chunk);
        let some: Vec<Uuid> = on!(pool, |db| {
            let mut query = sqlx::query_scalar(sql);
            for item in filled {
                query = query.bind(item.map(|_| erasure.id.0)).bind(item.copied());
            }
            query.fetch_all(db).await
        })?;
        found.extend(some);
    }
    Ok(found)
}
