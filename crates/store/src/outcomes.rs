//! Outcome codes: the result of a call, in the administrator's words.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, OutcomeId, OutcomeListId};
use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{from_json, on, text, time, to_json};
use crate::error::StoreError;
use crate::open::Store;

/// A list of outcome codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OutcomeList {
    /// The list's id.
    pub id: OutcomeListId,
    /// The list's name.
    pub name: String,
    /// Whether answered calls should get a code.
    pub required: bool,
    /// The modules whose calls it is for; empty for every module not named by another list.
    pub module_ids: Vec<ModuleId>,
    /// The codes to choose from, in order.
    pub codes: Vec<OutcomeCode>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomeCode {
    /// The code's id.
    pub id: OutcomeId,
    /// The code's label.
    pub label: String,
}

#[derive(FromRow)]
struct ListRow {
    id: Uuid,
    name: String,
    required: bool,
    module_ids: String,
}

#[derive(FromRow)]
struct CodeRow {
    id: Uuid,
    list_id: Uuid,
    label: String,
}

impl Store {
    /// The current lists, oldest first, with their current codes.
    pub async fn outcome_lists(&self) -> Result<Vec<OutcomeList>, StoreError> {
        let sql = "select id, name, required, module_ids from outcome_lists where archived_at is null \
                   order by created_at, id";
        let lists: Vec<ListRow> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        let sql = "select id, list_id, label from outcome_codes where archived_at is null order by position";
        let codes: Vec<CodeRow> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        let mut of_list: HashMap<Uuid, Vec<OutcomeCode>> = HashMap::new();
        for CodeRow { id, list_id, label } in codes {
            of_list.entry(list_id).or_default().push(OutcomeCode { id: OutcomeId(id), label });
        }
        let list = |row: ListRow| {
            Ok(OutcomeList {
                id: OutcomeListId(row.id),
                name: row.name,
                required: row.required,
                module_ids: from_json(&row.module_ids)?,
                codes: of_list.remove(&row.id).unwrap_or_default(),
            })
        };
        lists.into_iter().map(list).collect()
    }

    /// The labels of all codes, including archived ones: calls may have them.
    pub async fn outcome_labels(&self) -> Result<HashMap<OutcomeId, String>, StoreError> {
        let sql = "select id, label from outcome_codes";
        let rows: Vec<(Uuid, String)> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, label)| (OutcomeId(id), label)).collect())
    }

    /// Creates a list, or replaces the one with its id. A code that is no longer in it is not offered any more, but
    /// stays on calls. Returns `false`, and changes nothing, if the list was archived.
    pub async fn save_outcome_list(
        &self,
        list: &OutcomeList,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "insert into outcome_lists (id, name, required, module_ids, created_at) \
                   values ($1, $2, $3, $4, $5) on conflict (id) do update set name = excluded.name, \
                   required = excluded.required, module_ids = excluded.module_ids \
                   where outcome_lists.archived_at is null";
        let module_ids = to_json(&list.module_ids)?;
        let saved = on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(list.id.0)
                .bind(text(&list.name))
                .bind(list.required)
                .bind(module_ids)
                .bind(time(now))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        if saved == 0 {
            return Ok(false);
        }
        let sql = "update outcome_codes set archived_at = $2 where list_id = $1 and archived_at is null";
        on!(tx.conn(), |db| sqlx::query(sql).bind(list.id.0).bind(time(now)).execute(db).await.map(drop))?;
        let sql = "insert into outcome_codes (id, list_id, label, position) values ($1, $2, $3, $4) \
                   on conflict (id) do update set label = excluded.label, position = excluded.position, \
                   archived_at = null where outcome_codes.list_id = excluded.list_id";
        for (position, code) in (0_i32..).zip(&list.codes) {
            on!(tx.conn(), |db| {
                sqlx::query(sql)
                    .bind(code.id.0)
                    .bind(list.id.0)
                    .bind(text(&code.label))
                    .bind(position)
                    .execute(db)
                    .await
                    .map(drop)
            })?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Archives a list and its codes; calls keep them. Returns whether it was current.
    pub async fn archive_outcome_list(
        &self,
        id: OutcomeListId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let mut archived = 0;
        for sql in [
            "update outcome_codes set archived_at = $2 where list_id = $1 and archived_at is null",
            "update outcome_lists set archived_at = $2 where id = $1 and archived_at is null",
        ] {
            archived = on!(tx.conn(), |db| {
                sqlx::query(sql).bind(id.0).bind(time(now)).execute(db).await.map(|done| done.rows_affected())
            })?;
        }
        tx.commit().await?;
        Ok(archived > 0)
    }
}
