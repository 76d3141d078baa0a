//! Versions of the modules' scripts.

use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{Tx, on, text, time};
use crate::error::StoreError;
use crate::modules::{self, ModulePatch};
use crate::open::Store;

/// A version of a script, with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptVersion {
    pub info: ScriptInfo,
    pub source: String,
}

/// A script to save with its accompanying changes; `None` keeps a field.
#[derive(Debug, Clone, Copy, Default)]
pub struct NewScript<'a> {
    pub source: &'a str,
    /// Other changes to the module.
    pub patch: Option<&'a ModulePatch>,
    /// The template it was taken from; see [`Module::template_hash`](crate::Module::template_hash).
    pub template_hash: Option<&'a str>,
}

/// A version of a script, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptInfo {
    /// From 1, without gaps.
    pub version: i32,
    pub created_at: DateTime<Utc>,
    /// The author; `None` if saved by the server.
    pub created_by: Option<UserId>,
}

#[derive(FromRow)]
struct InfoRow {
    version: i32,
    created_at: DateTime<Utc>,
    created_by: Option<Uuid>,
}

impl From<InfoRow> for ScriptInfo {
    fn from(row: InfoRow) -> Self {
        Self { version: row.version, created_at: row.created_at, created_by: row.created_by.map(UserId) }
    }
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    info: InfoRow,
    source: String,
}

impl From<Row> for ScriptVersion {
    fn from(row: Row) -> Self {
        Self { info: row.info.into(), source: row.source }
    }
}

impl Store {
    /// Saves a script as the module's next version.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`].
    pub async fn save_script(
        &self,
        module: ModuleId,
        source: &str,
        by: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Result<ScriptVersion, StoreError> {
        let mut tx = self.begin().await?;
        modules::lock(&mut tx, module).await?;
        let saved = insert(&mut tx, module, source, by, now).await?;
        tx.commit().await?;
        Ok(saved)
    }

    /// Saves a script and its accompanying changes, or none of it. The module gets a new version unless its newest is
    /// identical.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`].
    pub async fn save_script_with(
        &self,
        module: ModuleId,
        script: NewScript<'_>,
        by: Option<UserId>,
        now: DateTime<Utc>,
    ) -> Result<ScriptVersion, StoreError> {
        let mut tx = self.begin().await?;
        modules::lock(&mut tx, module).await?;
        let sql = "select version, source, created_at, created_by from scripts \
                   where module_id = $1 order by version desc limit 1";
        let newest: Option<Row> =
            on!(tx.conn(), |db| sqlx::query_as(sql).bind(module.0).fetch_optional(db).await)?;
        let saved =
            match newest.map(ScriptVersion::from).filter(|newest| newest.source == text(script.source)) {
                Some(newest) => newest,
                None => insert(&mut tx, module, script.source, by, now).await?,
            };
        let sql = "update modules set \
                   template_version = case when $2 is null then template_version else $3 end, \
                   template_hash = coalesce($2, template_hash), updated_at = $4 where id = $1";
        on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(module.0)
                .bind(script.template_hash)
                .bind(saved.info.version)
                .bind(time(now))
                .execute(db)
                .await
                .map(drop)
        })?;
        if let Some(patch) = script.patch {
            modules::change(&mut tx, module, patch, now).await?;
        }
        tx.commit().await?;
        Ok(saved)
    }

    /// The versions of a module's script, newest first.
    pub async fn script_versions(&self, module: ModuleId) -> Result<Vec<ScriptInfo>, StoreError> {
        let sql =
            "select version, created_at, created_by from scripts where module_id = $1 order by version desc";
        let rows: Vec<InfoRow> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(module.0).fetch_all(db).await)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// A version of a module's script, or the newest one.
    pub async fn script(
        &self,
        module: ModuleId,
        version: Option<i32>,
    ) -> Result<Option<ScriptVersion>, StoreError> {
        let sql = "select version, source, created_at, created_by from scripts \
                   where module_id = $1 and ($2 is null or version = $2) order by version desc limit 1";
        let row: Option<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql).bind(module.0).bind(version).fetch_optional(db).await
        })?;
        Ok(row.map(Into::into))
    }
}

async fn insert(
    tx: &mut Tx,
    module: ModuleId,
    source: &str,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<ScriptVersion, StoreError> {
    let sql = "insert into scripts (module_id, version, source, created_at, created_by) \
               select $1, coalesce(max(version), 0) + 1, $2, $3, $4 from scripts where module_id = $1 \
               returning version, source, created_at, created_by";
    let row: Row = on!(tx.conn(), |db| {
        sqlx::query_as(sql)
            .bind(module.0)
            .bind(text(source))
            .bind(time(now))
            .bind(by.map(|user| user.0))
            .fetch_one(db)
            .await
    })?;
    Ok(row.into())
}
