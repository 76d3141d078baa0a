//! Merges two clients, and undoes that.

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, MergeId, UserId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use super::merged_fields::{union, without};
use super::write::{Change, adopt, parts, remove_parts, update};
use super::{Client, ClientFields, ClientScope};
use crate::db::{Tx, from_json, on, on_writer, time, to_json};
use crate::error::StoreError;
use crate::open::Store;

/// A merge that can still be undone.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Merge {
    #[sqlx(try_from = "Uuid")]
    pub id: MergeId,
    /// The remaining client.
    #[sqlx(rename = "into_id", try_from = "Uuid")]
    pub into: ClientId,
    /// The client merged into it.
    #[sqlx(rename = "from_id", try_from = "Uuid")]
    pub from: ClientId,
    /// The name of the merged client.
    pub name: String,
    pub made_at: DateTime<Utc>,
    made_by: Option<Uuid>,
    responsible_id: Option<Uuid>,
}

impl Merge {
    #[must_use]
    pub fn made_by(&self) -> Option<UserId> {
        self.made_by.map(UserId)
    }

    /// The user responsible for the merged client.
    #[must_use]
    pub fn responsible(&self) -> Option<UserId> {
        self.responsible_id.map(UserId)
    }
}

/// Both clients before the merge.
#[derive(Serialize, Deserialize)]
struct Before {
    into: ClientFields,
    from: ClientFields,
    from_archived_at: Option<DateTime<Utc>>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select merges.id, into_id, from_id, clients.name, made_at, made_by, clients.responsible_id from merges \
             join clients on clients.id = from_id ",
            $rest
        )
    };
}

impl Store {
    /// Merges a client into another: numbers, email addresses, tags, notes, calls, comments and employees move there,
    /// and the client can no longer be found. Returns `None` if either was changed meanwhile.
    pub async fn merge_clients(
        &self,
        id: MergeId,
        into: &Client,
        from: &Client,
        by: UserId,
        scope: ClientScope,
        now: DateTime<Utc>,
    ) -> Result<Option<Client>, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "update clients set merged_into = $3, archived_at = coalesce(archived_at, $4), version = version + 1 \
                   where id = $1 and version = $2 and merged_into is null";
        let gone = on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(from.id.0)
                .bind(from.version)
                .bind(into.id.0)
                .bind(time(now))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        // Before its numbers move to the other: a number must be unique while calls are adopted.
        remove_parts(&mut tx, from.id).await?;
        let fields = union(into, from);
        let archived = into.archived_at.is_some();
        let change = Change { id: into.id, version: into.version, fields: &fields, archived, scope, now };
        if gone == 0 || !update(&mut tx, &change).await? {
            return Ok(None);
        }
        let before = Before {
            into: into.fields.clone(),
            from: from.fields.clone(),
            from_archived_at: from.archived_at,
        };
        let sql = "insert into merges (id, into_id, from_id, before, made_at, made_by) values ($1, $2, $3, $4, $5, $6)";
        let before = to_json(&before)?;
        on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(into.id.0)
                .bind(from.id.0)
                .bind(before)
                .bind(time(now))
                .bind(by.0)
                .execute(db)
                .await
                .map(drop)
        })?;
        for item in &ITEMS {
            on!(tx.conn(), |db| sqlx::query(item.keep)
                .bind(id.0)
                .bind(from.id.0)
                .execute(db)
                .await
                .map(drop))?;
            on!(tx.conn(), |db| {
                sqlx::query(item.give).bind(into.id.0).bind(from.id.0).execute(db).await.map(drop)
            })?;
        }
        let numbers = fields.phones.iter().filter_map(|phone| phone.e164.as_deref());
        adopt(&mut tx, into.id, numbers, scope).await?;
        self.finish(tx, into.id).await.map(Some)
    }

    /// A merge that can still be undone.
    pub async fn merge(&self, id: MergeId) -> Result<Option<Merge>, StoreError> {
        let sql = select!("where merges.id = $1");
        Ok(on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?)
    }

    /// The merges into a client since then, latest first.
    pub async fn merges_into(&self, id: ClientId, since: DateTime<Utc>) -> Result<Vec<Merge>, StoreError> {
        let sql = select!("where into_id = $1 and made_at >= $2 order by made_at desc, merges.id desc");
        Ok(on!(self.read(), |db| { sqlx::query_as(sql).bind(id.0).bind(time(since)).fetch_all(db).await })?)
    }

    /// Undoes a merge: what moved to `into` moves back, later changes stay. Returns the restored client; `None` if
    /// `into` was changed meanwhile.
    pub async fn undo_merge(
        &self,
        merge: &Merge,
        into: &Client,
        now: DateTime<Utc>,
    ) -> Result<Option<Client>, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "select before from merges where id = $1";
        let before: Option<String> =
            on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(merge.id.0).fetch_optional(db).await)?;
        let Some(before) = before else { return Ok(None) };
        let before: Before = from_json(&before)?;
        let fields = without(into, &before.into, &before.from, merge.from);
        let archived = into.archived_at.is_some();
        let scope = ClientScope::All;
        let change = Change { id: into.id, version: into.version, fields: &fields, archived, scope, now };
        if !update(&mut tx, &change).await? {
            return Ok(None);
        }
        let sql = "update clients set merged_into = null, archived_at = $2, updated_at = $3, version = version + 1 \
                   where id = $1";
        on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(merge.from.0)
                .bind(before.from_archived_at.map(time))
                .bind(time(now))
                .execute(db)
                .await
                .map(drop)
        })?;
        parts(&mut tx, &[(merge.from, &before.from)]).await?;
        give_back(&mut tx, merge, &fields, &before.from).await?;
        self.finish(tx, merge.from).await.map(Some)
    }

    /// Deletes the undo data of merges made before then; returns the number of merges.
    pub async fn purge_merges(&self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "delete from merges where made_at < $1";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(time(before)).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}

/// Items that belong to a client and move with it.
struct Item {
    /// Records which ones the client ($2) had, for the merge $1.
    keep: &'static str,
    /// Moves those of $2 to $1.
    give: &'static str,
    /// Moves those of the merge $3 that $2 still has back to $1.
    back: &'static str,
}

macro_rules! item {
    ($kind:literal, $table:literal, $column:literal $(, $also:literal)?) => {
        Item {
            keep: concat!(
                "insert into merged_items (merge_id, kind, item_id) select $1, '", $kind, "', id from ", $table,
                " where ", $column, " = $2"
            ),
            give: concat!("update ", $table, " set ", $column, " = $1" $(, $also)?, " where ", $column, " = $2"),
            back: concat!(
                "update ", $table, " set ", $column, " = $1" $(, $also)?, " where ", $column, " = $2 and id in ",
                "(select item_id from merged_items where merge_id = $3 and kind = '", $kind, "')"
            ),
        }
    };
}

static ITEMS: [Item; 3] = [
    item!("call", "calls", "client_id", ", version = version + 1"),
    item!("comment", "comments", "client_id"),
    item!("employee", "clients", "company_id", ", version = version + 1"),
];

async fn give_back(
    tx: &mut Tx,
    merge: &Merge,
    kept: &ClientFields,
    from: &ClientFields,
) -> Result<(), StoreError> {
    for item in &ITEMS {
        on!(tx.conn(), |db| {
            sqlx::query(item.back)
                .bind(merge.from.0)
                .bind(merge.into.0)
                .bind(merge.id.0)
                .execute(db)
                .await
                .map(drop)
        })?;
    }
    // Also the calls since then, from numbers that only the restored client has.
    let calls = "update calls set client_id = $1, version = version + 1 where client_id = $2 and not client_chosen \
                 and started_at >= $3 and client_e164 = $4";
    let numbers = from.phones.iter().filter_map(|phone| phone.e164.as_deref());
    for number in numbers.filter(|number| !kept.phones.iter().any(|of| of.e164.as_deref() == Some(number))) {
        on!(tx.conn(), |db| {
            sqlx::query(calls)
                .bind(merge.from.0)
                .bind(merge.into.0)
                .bind(time(merge.made_at))
                .bind(number)
                .execute(db)
                .await
                .map(drop)
        })?;
    }
    let comments = "update comments set client_id = $1 where client_id = $2 and call_id is not null and exists \
                    (select 1 from calls where calls.id = comments.call_id and calls.client_id = $1)";
    on!(tx.conn(), |db| {
        sqlx::query(comments).bind(merge.from.0).bind(merge.into.0).execute(db).await.map(drop)
    })?;
    let sql = "delete from merges where id = $1";
    on!(tx.conn(), |db| sqlx::query(sql).bind(merge.id.0).execute(db).await.map(drop))?;
    Ok(())
}
