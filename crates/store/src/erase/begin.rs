//! The start of an erasure: records what it covers, and makes the client impossible to find.

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, ErasureId, UserId, view};
use uuid::Uuid;

use super::{Erasure, ErasureCounts, Mentions, Step, Work};
use crate::audit::AuditChange;
use crate::calls::StoredCall;
use crate::clients::{Client, ClientSource, remove_parts};
use crate::db::{Tx, from_json, on, time, to_json};
use crate::error::StoreError;
use crate::open::Store;

/// The result of starting an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginErasure {
    /// It has begun.
    Begun(Erasure),
    /// A call of the client has not ended. Its events would create a new call.
    CallGoesOn,
    /// The subject was changed meanwhile, or no longer exists.
    Changed,
}

/// What would be erased with a client or a call. Nothing is counted beyond `MOST`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ErasurePreview {
    /// Clients that were merged into it.
    pub merged: u64,
    pub calls: u64,
    pub comments: u64,
    /// Employees of the company. They stay, without a company.
    pub employees: u64,
    /// Whether a lead is erased with the call it was created for: nobody has touched it, and it has no other call.
    pub lead: bool,
}

impl ErasurePreview {
    /// Nothing is counted beyond this.
    pub const MOST: u64 = 10_000;
}

/// The result of the first step.
enum BeginResult {
    Work(Box<Work>),
    CallGoesOn,
    Changed,
}

/// Counts the rows of a statement with one parameter, up to [`ErasurePreview::MOST`].
macro_rules! count {
    ($tx:expr, $sql:literal, $value:expr) => {{
        let sql = concat!("select count(*) from (", $sql, " limit 10000) as counted");
        let counted: i64 = on!($tx.conn(), |db| sqlx::query_scalar(sql).bind($value).fetch_one(db).await)?;
        counted.unsigned_abs()
    }};
}

impl Store {
    /// Begins to erase a client, including the clients merged into it. Late events of its calls that have the
    /// provider's id are recognized until `until`.
    pub async fn erase_client(
        &self,
        client: &Client,
        by: UserId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<BeginErasure, StoreError> {
        let mut tx = self.begin().await?;
        let begun = begin_client(&mut tx, client.id, client.version, now, until).await?;
        let erasure = Erasure { client_id: Some(client.id), ..asked(by, now) };
        write_down(tx, begun, erasure).await
    }

    /// Begins to erase a call, including the lead created for it if that has nothing else.
    pub async fn erase_call(
        &self,
        call: &StoredCall,
        by: UserId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<BeginErasure, StoreError> {
        let id = call.call.id;
        let mut tx = self.begin().await?;
        let begun = match lead_of(&mut tx, call).await? {
            _ if view(&call.call).ended_at.is_none() => BeginResult::CallGoesOn,
            Some((lead, version)) => begin_client(&mut tx, lead, version, now, until).await?,
            None => BeginResult::Work(Box::new(Work {
                step: Step::Calls,
                clients: Vec::new(),
                call: Some(id.0),
                numbers: Vec::new(),
                mentions: Mentions::default(),
                until,
            })),
        };
        write_down(tx, begun, Erasure { call_id: Some(id), ..asked(by, now) }).await
    }

    /// What would be erased with a client.
    pub async fn would_erase_client(&self, client: ClientId) -> Result<ErasurePreview, StoreError> {
        let mut tx = self.inner.pools.begin_read().await?;
        let clients = with_merged(&mut tx, client).await?;
        let mut preview = ErasurePreview { merged: clients.len() as u64 - 1, ..ErasurePreview::default() };
        for client in &clients {
            preview.calls += count!(tx, "select 1 from calls where client_id = $1", *client);
            preview.comments += count!(tx, "select 1 from comments where client_id = $1", *client);
            preview.employees += count!(tx, "select 1 from clients where company_id = $1", *client);
        }
        for number in own_numbers(&mut tx, &clients).await?.into_iter().filter_map(|(_, e164)| e164) {
            preview.calls += count!(
                tx,
                "select 1 from calls where client_e164 = $1 and client_id is null",
                number.clone()
            );
        }
        preview.calls = preview.calls.min(ErasurePreview::MOST);
        preview.comments = preview.comments.min(ErasurePreview::MOST);
        preview.employees = preview.employees.min(ErasurePreview::MOST);
        Ok(preview)
    }

    /// What would be erased with a call.
    pub async fn would_erase_call(&self, call: &StoredCall) -> Result<ErasurePreview, StoreError> {
        let mut tx = self.inner.pools.begin_read().await?;
        let comments = count!(tx, "select 1 from comments where call_id = $1", call.call.id.0);
        let lead = lead_of(&mut tx, call).await?.is_some();
        Ok(ErasurePreview { calls: 1, comments, lead, ..ErasurePreview::default() })
    }
}

fn asked(by: UserId, now: DateTime<Utc>) -> Erasure {
    Erasure {
        id: ErasureId::new(now, rand::random()),
        client_id: None,
        call_id: None,
        asked_at: time(now),
        asked_by: by,
        done_at: None,
        counts: ErasureCounts::default(),
    }
}

async fn write_down(
    mut tx: Tx,
    begun: BeginResult,
    mut erasure: Erasure,
) -> Result<BeginErasure, StoreError> {
    let work = match begun {
        BeginResult::Work(work) => work,
        BeginResult::CallGoesOn => return Ok(BeginErasure::CallGoesOn),
        BeginResult::Changed => return Ok(BeginErasure::Changed),
    };
    erasure.counts.clients = work.clients.len() as u64;
    let sql = "insert into erasures (id, kind, client_id, call_id, asked_at, asked_by, work, counts) \
               values ($1, $2, $3, $4, $5, $6, $7, $8)";
    let (work, counts) = (to_json(&work)?, to_json(&erasure.counts)?);
    on!(tx.conn(), |db| {
        sqlx::query(sql)
            .bind(erasure.id.0)
            .bind(if erasure.client_id.is_some() { "client" } else { "call" })
            .bind(erasure.client_id.map(|client| client.0))
            .bind(erasure.call_id.map(|call| call.0))
            .bind(erasure.asked_at)
            .bind(erasure.asked_by.0)
            .bind(work)
            .bind(counts)
            .execute(db)
            .await
            .map(drop)
    })?;
    tx.commit().await?;
    Ok(BeginErasure::Begun(erasure))
}

/// Collects everything that identifies the client, and removes it: from here on nothing finds the client.
async fn begin_client(
    tx: &mut Tx,
    client: ClientId,
    version: i32,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<BeginResult, StoreError> {
    let clients = with_merged(tx, client).await?;
    let own = own_numbers(tx, &clients).await?;
    let mentions = mentions_of(tx, &clients, &own).await?;
    let numbers: Vec<String> = own.into_iter().filter_map(|(_, e164)| e164).collect();
    if calls_go_on(tx, &clients, &numbers).await? {
        return Ok(BeginResult::CallGoesOn);
    }
    let sql = "update clients set merged_into = $1, archived_at = coalesce(archived_at, $3), updated_at = $3, name = '', \
               name_key = '', notes = null, tags = '[]', company_id = null, responsible_id = null, \
               version = version + 1 where id = $1 and (version = $2 or $2 is null) and ($2 is null or merged_into is null)";
    for of in &clients {
        let version = (*of == client.0).then_some(version);
        let done = on!(tx.conn(), |db| {
            let query = sqlx::query(sql).bind(*of).bind(version).bind(time(now));
            query.execute(db).await.map(|done| done.rows_affected())
        })?;
        if done == 0 {
            return Ok(BeginResult::Changed);
        }
        remove_parts(tx, ClientId(*of)).await?;
        let sql = "delete from merges where into_id = $1 or from_id = $1";
        on!(tx.conn(), |db| sqlx::query(sql).bind(*of).execute(db).await.map(drop))?;
    }
    Ok(BeginResult::Work(Box::new(Work { step: Step::Calls, clients, call: None, numbers, mentions, until })))
}

/// The client and those merged into it.
async fn with_merged(tx: &mut Tx, client: ClientId) -> Result<Vec<Uuid>, StoreError> {
    let sql = "with recursive gone (id) as (select id from clients where id = $1 union \
               select clients.id from clients join gone on clients.merged_into = gone.id) select id from gone";
    let mut clients: Vec<Uuid> =
        on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(client.0).fetch_all(db).await)?;
    clients.retain(|id| *id != client.0);
    clients.insert(0, client.0);
    Ok(clients)
}

/// The numbers that only these clients have: as typed, and in E.164.
async fn own_numbers(tx: &mut Tx, clients: &[Uuid]) -> Result<Vec<(String, Option<String>)>, StoreError> {
    let mut own: Vec<(String, Option<String>)> = Vec::new();
    for client in clients {
        let sql = "select number, e164 from client_phones where client_id = $1";
        own.extend::<Vec<(String, Option<String>)>>(on!(tx.conn(), |db| {
            sqlx::query_as(sql).bind(*client).fetch_all(db).await
        })?);
    }
    let mut others = Vec::new();
    for (_, e164) in own.iter().filter(|(_, e164)| e164.is_some()) {
        let sql = "select client_id from client_phones where e164 = $1";
        let owners: Vec<Uuid> =
            on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(e164.clone()).fetch_all(db).await)?;
        if owners.iter().any(|owner| !clients.contains(owner)) {
            others.push(e164.clone());
        }
    }
    own.retain(|(_, e164)| !others.contains(e164));
    Ok(own)
}

/// What identifies these clients: numbers that are theirs alone, email addresses, names, former names.
async fn mentions_of(
    tx: &mut Tx,
    clients: &[Uuid],
    numbers: &[(String, Option<String>)],
) -> Result<Mentions, StoreError> {
    let mut mentions = Mentions::default();
    for (number, e164) in numbers {
        mentions.number(number, e164.as_deref());
    }
    for client in clients {
        let sql = "select name from clients where id = $1";
        let names: Vec<String> =
            on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(*client).fetch_all(db).await)?;
        names.iter().for_each(|name| mentions.name(name));
        let sql = "select address from client_emails where client_id = $1";
        let emails: Vec<String> =
            on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(*client).fetch_all(db).await)?;
        emails.iter().for_each(|address| mentions.email(address));
        let sql = "select detail from audit where client_id = $1 and action = 'changed' and detail is not null \
                   order by id desc limit 1000";
        let details: Vec<String> =
            on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(*client).fetch_all(db).await)?;
        for detail in details {
            let changes: Vec<AuditChange> = from_json(&detail)?;
            let names = changes.into_iter().filter(|change| change.field == "name");
            names.flat_map(|change| [change.from, change.to]).flatten().for_each(|name| mentions.name(&name));
        }
    }
    Ok(mentions)
}

async fn calls_go_on(tx: &mut Tx, clients: &[Uuid], numbers: &[String]) -> Result<bool, StoreError> {
    for client in clients {
        let sql = "select exists (select 1 from calls where client_id = $1 and state <> 'ended')";
        if on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(*client).fetch_one(db).await)? {
            return Ok(true);
        }
    }
    for number in numbers {
        let sql = "select exists (select 1 from calls where client_e164 = $1 and client_id is null \
                   and state <> 'ended')";
        if on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(number.clone()).fetch_one(db).await)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The lead created for a call and its version, if nobody has touched it and it has no other call.
async fn lead_of(tx: &mut Tx, call: &StoredCall) -> Result<Option<(ClientId, i32)>, StoreError> {
    let Some(client) = call.added.client_id else { return Ok(None) };
    let sql = "select version from clients where id = $1 and source = $2 and version = 1 and archived_at is null \
               and exists (select 1 from client_phones where client_id = $1 and made_by_call) \
               and not exists (select 1 from calls where client_id = $1 and id <> $3) \
               and not exists (select 1 from comments where client_id = $1 and (call_id is null or call_id <> $3))";
    let version: Option<i32> = on!(tx.conn(), |db| {
        sqlx::query_scalar(sql)
            .bind(client.0)
            .bind(ClientSource::MissedCall.as_str())
            .bind(call.call.id.0)
            .fetch_optional(db)
            .await
    })?;
    Ok(version.map(|version| (client, version)))
}
