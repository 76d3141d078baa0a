//! A step of an erasure: deletes what was collected, in one transaction that also records the progress.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hookswitch_model::batch::saved_version;
use hookswitch_model::erased_call::ErasedCall;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, ErasureId, FactKind, UserId, view};
use sqlx::FromRow;
use uuid::Uuid;

use super::erased_calls::{self, ErasedKey};
use super::gather::{Gathered, gather};
use super::{Erasure, Row, Work};
use crate::audit::{self, AuditAction, AuditChange, AuditEntry};
use crate::calls::StoredCall;
use crate::committer::{DELETE_OPERATORS, change_operators, delete_calls};
use crate::db::{Tx, from_json, is_missing_reference, on, time, to_json};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, chunks};

/// What a step of an erasure did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErasureStep {
    pub done: bool,
    pub calls: Vec<GoneCall>,
    /// Calls that left the client: they began after the erasure was requested.
    pub unlinked: Vec<CallId>,
    /// Clients that lost their company or comments.
    pub clients: Vec<ClientId>,
}

/// A deleted call, and the users whose screens may have shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GoneCall {
    pub id: CallId,
    /// The operators it rang at or who had it.
    pub operators: BTreeSet<UserId>,
}

#[derive(FromRow)]
struct Going {
    #[sqlx(flatten)]
    erasure: Row,
    work: Option<String>,
}

impl Store {
    /// Continues an erasure by one step, a short transaction. Returns that it is done if it does not exist or is
    /// finished.
    ///
    /// # Errors
    /// [`StoreError::Contention`] if the rows of the step were changed meanwhile: call it again.
    pub async fn erase_further(&self, id: ErasureId, now: DateTime<Utc>) -> Result<ErasureStep, StoreError> {
        let sql = "select id, client_id, call_id, asked_at, asked_by, done_at, counts, work from erasures where id = $1";
        let going: Option<Going> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?;
        let Some((erasure, before)) = going.and_then(|going| Some((going.erasure, going.work?))) else {
            return Ok(ErasureStep { done: true, ..ErasureStep::default() });
        };
        let (mut erasure, mut work) = (Erasure::try_from(erasure)?, from_json::<Work>(&before)?);
        let gathered = gather(self, &erasure, &work).await?;
        let mut tx = self.begin().await?;
        let calls = remove(self, &mut tx, &mut erasure, &work, &gathered).await?;
        let done = gathered.next.is_none();
        match gathered.next {
            Some(next) => work.step = next,
            None => finish(&mut tx, &mut erasure, now).await?,
        }
        let after = (!done).then(|| to_json(&work)).transpose()?;
        write_down(&mut tx, &erasure, &before, after).await?;
        tx.commit().await?;
        Ok(ErasureStep {
            done,
            calls,
            unlinked: gathered.unlinked.into_iter().map(CallId).collect(),
            clients: gathered.employees.into_iter().map(ClientId).collect(),
        })
    }
}

async fn write_down(
    tx: &mut Tx,
    erasure: &Erasure,
    before: &str,
    after: Option<String>,
) -> Result<(), StoreError> {
    // Only from where this step began: another server may be working on the same erasure.
    let sql = "update erasures set work = $3, counts = $4, done_at = $5 where id = $1 and work = $2";
    let counts = to_json(&erasure.counts)?;
    let written = on!(tx.conn(), |db| {
        sqlx::query(sql)
            .bind(erasure.id.0)
            .bind(before.to_owned())
            .bind(after)
            .bind(counts)
            .bind(erasure.done_at)
            .execute(db)
            .await
            .map(|done| done.rows_affected())
    })?;
    if written == 0 { Err(StoreError::Contention) } else { Ok(()) }
}

static COMMENTS: Rows = Rows::new("delete from comments where id in (values ", 1, ")");
static OF_CALLS: Rows = Rows::new("delete from comments where call_id in (values ", 1, ")");
static EMPLOYEES: Rows =
    Rows::new("update clients set company_id = null, version = version + 1 where id in (values ", 1, ")");
static UNLINK: Rows = Rows::new(
    "update calls set client_id = null, client_chosen = false, version = version + 1 where id in (values ",
    1,
    ")",
);
static REQUESTS: Rows = Rows::new("delete from requests where status <> 'new' and id in (values ", 1, ")");
static CLIENTS: Rows = Rows::new("delete from clients where id in (values ", 1, ")");
static LINES: Rows = Rows::new("delete from module_log where id in (values ", 1, ")");
static STORED: Rows = Rows::new("delete from module_storage where (module_id, key) in (values ", 2, ")");
static AUDIT: Rows =
    Rows::new("update audit set detail = v.column2 from (values ", 2, ") as v where audit.id = v.column1");
static ITEMS: Rows = Rows::new(
    "insert into erased_items (erasure_id, item_id) select * from (values ",
    2,
    ") as v where v.column1 is not null on conflict do nothing",
);
static ITEMS_DONE: Rows =
    Rows::new("delete from erased_items where (erasure_id, item_id) in (values ", 2, ")");
static TALKS: Rows = Rows::new(
    "update calls set resolved_call = null, version = version + 1 from (values ",
    2,
    ") as v where client_e164 = v.column1 and resolved_call = v.column2",
);

/// Runs a statement for many items; returns the number of affected rows.
macro_rules! each {
    ($tx:expr, $statement:expr, $things:expr, $($value:expr),+) => {{
        let mut rows = 0;
        for chunk in chunks($things) {
            let conn = $tx.conn();
            let (sql, filled) = $statement.fill(&conn, chunk);
            rows += on!(conn, |db| {
                let mut query = sqlx::query(sql);
                for row in filled {
                    query = query$(.bind(row.map($value)))+;
                }
                query.execute(db).await.map(|done| done.rows_affected())
            })?;
        }
        rows
    }};
}

async fn remove(
    store: &Store,
    tx: &mut Tx,
    erasure: &mut Erasure,
    work: &Work,
    gathered: &Gathered,
) -> Result<Vec<GoneCall>, StoreError> {
    let gone = erase_calls(store, tx, erasure, work, &gathered.calls).await?;
    let id = erasure.id.0;
    let counts = &mut erasure.counts;
    counts.comments += each!(tx, COMMENTS, &gathered.comments, |id| *id);
    each!(tx, EMPLOYEES, &gathered.employees, |id| *id);
    each!(tx, UNLINK, &gathered.unlinked, |id| *id);
    counts.requests += each!(tx, REQUESTS, &gathered.requests, |id| *id);
    each!(tx, ITEMS, &gathered.requests, |_| id, |item| *item);
    counts.log_lines += each!(tx, LINES, &gathered.log_lines, |id| *id);
    counts.stored_values +=
        each!(tx, STORED, &gathered.stored_values, |(module, _)| *module, |(_, key)| key.clone());
    counts.audit_entries +=
        each!(tx, AUDIT, &gathered.audit_entries, |(id, _)| *id, |(_, detail)| detail.clone());
    if gathered.clients_go {
        remove_clients(tx, &work.clients).await?;
    }
    each!(tx, ITEMS_DONE, &gathered.items, |_| id, |item| *item);
    Ok(gone)
}

/// Deletes calls with their comments and the requests that reported them, and keeps what identifies their late events.
async fn erase_calls(
    store: &Store,
    tx: &mut Tx,
    erasure: &mut Erasure,
    work: &Work,
    calls: &[StoredCall],
) -> Result<Vec<GoneCall>, StoreError> {
    let keys = call_keys(tx, calls).await?;
    let gone = remove_calls(tx, calls).await?;
    let ids: Vec<Uuid> = gone.iter().map(|call| call.id.0).collect();
    let facts = || calls.iter().flat_map(|stored| &stored.call.facts);
    let sources: BTreeSet<Uuid> = facts().filter_map(|fact| Some(fact.source?.0)).collect();
    let sources: Vec<Uuid> = sources.into_iter().collect();
    let id = erasure.id.0;
    let counts = &mut erasure.counts;
    counts.calls += calls.len() as u64;
    counts.comments += each!(tx, OF_CALLS, &ids, |id| *id);
    counts.requests += each!(tx, REQUESTS, &sources, |id| *id);
    each!(tx, ITEMS, &ids, |_| id, |item| *item);
    each!(tx, ITEMS, &sources, |_| id, |item| *item);
    let talks: Vec<(String, Uuid)> = calls
        .iter()
        .filter(|stored| stored.call.facts.iter().any(|fact| fact.kind == FactKind::Answer))
        .filter_map(|stored| Some((view(&stored.call).client_e164?, stored.call.id.0)))
        .collect();
    each!(tx, TALKS, &talks, |(number, _)| number.clone(), |(_, call)| *call);
    let left = calls.iter().filter_map(|stored| {
        let erased = ErasedCall::new(&stored.call, &view(&stored.call));
        let until = erased.late_until(&stored.call, work.until);
        let hash = store.inner.hashes.of(stored.call.module_id, keys.get(&stored.call.id.0)?);
        Some(ErasedKey { hash, erased, until })
    });
    erased_calls::insert(tx, &left.collect::<Vec<_>>()).await?;
    Ok(gone)
}

static KEYS: Rows = Rows::new("select id, call_key from calls where id in (values ", 1, ")");

async fn call_keys(tx: &mut Tx, calls: &[StoredCall]) -> Result<HashMap<Uuid, String>, StoreError> {
    let keys = KEYS.fetch(tx, calls, |values, stored| values.add(stored.map(|stored| stored.call.id.0)));
    let keys: Vec<(Uuid, String)> = keys.await?;
    Ok(keys.into_iter().collect())
}

/// Deletes calls, but nothing that refers to them. The report counters stay.
pub(crate) async fn remove_calls(tx: &mut Tx, calls: &[StoredCall]) -> Result<Vec<GoneCall>, StoreError> {
    let gone: Vec<GoneCall> = calls
        .iter()
        .map(|stored| GoneCall { id: stored.call.id, operators: view(&stored.call).users() })
        .collect();
    let pairs: Vec<_> =
        gone.iter().flat_map(|call| call.operators.iter().map(|user| (*user, call.id))).collect();
    change_operators(tx, &DELETE_OPERATORS, &pairs).await?;
    let versions: Vec<_> =
        calls.iter().map(|stored| (stored.call.id, saved_version(stored.version))).collect();
    delete_calls(tx, &versions).await?;
    Ok(gone)
}

/// Deletes the clients themselves.
async fn remove_clients(tx: &mut Tx, clients: &[Uuid]) -> Result<(), StoreError> {
    for chunk in chunks(clients) {
        let conn = tx.conn();
        let (sql, filled) = CLIENTS.fill(&conn, chunk);
        let done = on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = query.bind(row.copied());
            }
            query.execute(db).await.map(drop)
        });
        // A comment was just added; the next try deletes it.
        done.map_err(|error| match is_missing_reference(&error) {
            true => StoreError::Contention,
            false => error.into(),
        })?;
    }
    Ok(())
}

/// Records that the erasure is finished, and adds its result to the audit trail.
async fn finish(tx: &mut Tx, erasure: &mut Erasure, now: DateTime<Utc>) -> Result<(), StoreError> {
    erasure.done_at = Some(time(now));
    let counted = erasure.counts.named().into_iter().filter(|(_, count)| *count > 0);
    let changes = counted.map(|(field, count)| AuditChange {
        field: field.to_owned(),
        from: None,
        to: Some(count.to_string()),
    });
    let entry = AuditEntry {
        id: uuid_v7(now, rand::random()),
        at: now,
        user_id: erasure.asked_by,
        action: AuditAction::Erased,
        client_id: erasure.client_id,
        call_id: erasure.call_id,
        subject: None,
        changes: changes.collect(),
    };
    audit::insert(tx, &entry).await
}
