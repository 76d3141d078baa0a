//! Modules: connected provider accounts.

use chrono::{DateTime, Utc};
use hookswitch_model::phone::Written;
use hookswitch_model::{ClientKind, ModuleId, UserId};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{Tx, from_json, from_word, on, on_writer, text, time, to_json};
use crate::error::StoreError;
use crate::key::SecretKey;
use crate::open::Store;

#[derive(Clone, PartialEq)]
pub struct Module {
    pub id: ModuleId,
    pub name: String,
    pub icon: Option<String>,
    /// The code of the built-in module it was created from.
    pub provider: Option<String>,
    /// Whether it accepts webhooks.
    pub enabled: bool,
    /// For numbers without a country code; ISO 3166-1 alpha-2.
    pub default_country: Option<String>,
    /// How its provider writes numbers.
    pub numbers: Written,
    /// Whether its script can dial an extension after a number.
    pub dials_extensions: bool,
    /// The settings it declares, as encoded by the server.
    pub fields: Value,
    /// Its portable services, as encoded by the server.
    pub services: Value,
    /// The token in its webhook URL. Encrypted at rest.
    pub webhook_token: String,
    /// The kind of client to create for an unknown caller whose call was missed; `None` for no client.
    pub lead_kind: Option<ClientKind>,
    /// The user responsible for such a client.
    pub lead_responsible: Option<UserId>,
    /// Who should call back if a missed call rang at nobody.
    pub missed_responsible: Option<UserId>,
    /// Identifies the webhook URL last reported to its script; not the URL itself, which contains the token.
    pub public_url_notified: Option<String>,
    /// Identifies the version of the module, from the program or the server's folder, last adopted by this one; `None`
    /// if unknown.
    pub template_hash: Option<String>,
    /// The version of its script adopted with it.
    pub template_version: Option<i32>,
    /// Whether it adopts each change of its folder automatically.
    pub follows_folder: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Module").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A module to create.
#[derive(Clone)]
pub struct NewModule {
    pub id: ModuleId,
    pub name: String,
    pub icon: Option<String>,
    pub provider: Option<String>,
    pub enabled: bool,
    pub default_country: Option<String>,
    pub numbers: Written,
    pub dials_extensions: bool,
    pub fields: Value,
    pub services: Value,
    pub webhook_token: String,
    pub created_at: DateTime<Utc>,
}

/// Changes to a module; `None` keeps a field.
#[derive(Debug, Clone, Default)]
pub struct ModulePatch {
    pub name: Option<String>,
    /// See [`Module::icon`]; `Some(None)` clears it.
    pub icon: Option<Option<String>>,
    pub enabled: Option<bool>,
    /// See [`Module::default_country`]; `Some(None)` clears it.
    pub default_country: Option<Option<String>>,
    pub numbers: Option<Written>,
    pub dials_extensions: Option<bool>,
    pub fields: Option<Value>,
    pub services: Option<Value>,
    /// See [`Module::lead_kind`]; `Some(None)` creates no clients.
    pub lead_kind: Option<Option<ClientKind>>,
    /// See [`Module::lead_responsible`]; `Some(None)` clears it.
    pub lead_responsible: Option<Option<UserId>>,
    /// See [`Module::missed_responsible`]; `Some(None)` clears it.
    pub missed_responsible: Option<Option<UserId>>,
    pub follows_folder: Option<bool>,
}

#[derive(FromRow)]
pub(crate) struct Row {
    id: Uuid,
    name: String,
    icon: Option<String>,
    provider: Option<String>,
    enabled: bool,
    default_country: Option<String>,
    numbers: String,
    dials_extensions: bool,
    fields: String,
    services: String,
    webhook_token: Vec<u8>,
    public_url_notified: Option<String>,
    lead_kind: Option<String>,
    lead_responsible_id: Option<Uuid>,
    missed_responsible_id: Option<Uuid>,
    template_hash: Option<String>,
    template_version: Option<i32>,
    follows_folder: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn into_module(self, key: &SecretKey) -> Result<Module, StoreError> {
        let id = ModuleId(self.id);
        let what = token_name(id);
        let token = key.decrypt(&what, &self.webhook_token).and_then(|token| String::from_utf8(token).ok());
        Ok(Module {
            id,
            name: self.name,
            icon: self.icon,
            provider: self.provider,
            enabled: self.enabled,
            default_country: self.default_country,
            numbers: from_word(self.numbers)?,
            dials_extensions: self.dials_extensions,
            fields: from_json(&self.fields)?,
            services: from_json(&self.services)?,
            webhook_token: token.ok_or(StoreError::Secret(what))?,
            public_url_notified: self.public_url_notified,
            lead_kind: self.lead_kind.map(from_word).transpose()?,
            lead_responsible: self.lead_responsible_id.map(UserId),
            missed_responsible: self.missed_responsible_id.map(UserId),
            template_hash: self.template_hash,
            template_version: self.template_version,
            follows_folder: self.follows_folder,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

fn token_name(id: ModuleId) -> String {
    format!("webhook token of module {id}")
}

impl Store {
    pub async fn create_module(&self, module: &NewModule) -> Result<Module, StoreError> {
        let sql = "insert into modules (id, name, icon, provider, enabled, default_country, fields, services, \
                   webhook_token, created_at, updated_at, numbers, dials_extensions) \
                   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12) returning *";
        let (fields, services) = (to_json(&module.fields)?, to_json(&module.services)?);
        let token = self.inner.key.encrypt(&token_name(module.id), module.webhook_token.as_bytes());
        let row: Row = on_writer!(self, |db| {
            sqlx::query_as(sql)
                .bind(module.id.0)
                .bind(text(&module.name))
                .bind(module.icon.as_deref().map(text))
                .bind(module.provider.as_deref().map(text))
                .bind(module.enabled)
                .bind(module.default_country.as_deref().map(text))
                .bind(fields)
                .bind(services)
                .bind(token)
                .bind(time(module.created_at))
                .bind(module.numbers.as_str())
                .bind(module.dials_extensions)
                .fetch_one(db)
                .await
        })?;
        row.into_module(&self.inner.key)
    }

    /// The module with this id, unless it was deleted.
    ///
    /// # Errors
    /// [`StoreError::Secret`] if its token does not decrypt.
    pub async fn module(&self, id: ModuleId) -> Result<Option<Module>, StoreError> {
        let sql = "select * from modules where id = $1 and deleted_at is null";
        let row: Option<Row> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?;
        row.map(|row| row.into_module(&self.inner.key)).transpose()
    }

    /// All modules not deleted, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Secret`] if a token does not decrypt.
    pub async fn modules(&self) -> Result<Vec<Module>, StoreError> {
        let sql = "select * from modules where deleted_at is null order by id";
        let rows: Vec<Row> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        rows.into_iter().map(|row| row.into_module(&self.inner.key)).collect()
    }

    /// Ids and names of all modules, including deleted ones: calls outlive their module.
    pub async fn module_names(&self) -> Result<Vec<(ModuleId, String)>, StoreError> {
        let sql = "select id, name from modules order by id";
        let rows: Vec<(Uuid, String)> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        Ok(rows.into_iter().map(|(id, name)| (ModuleId(id), name)).collect())
    }

    /// Changes a module; returns `None` if it does not exist.
    pub async fn update_module(
        &self,
        id: ModuleId,
        patch: &ModulePatch,
        now: DateTime<Utc>,
    ) -> Result<Option<Module>, StoreError> {
        let mut tx = self.begin().await?;
        let row = change(&mut tx, id, patch, now).await?;
        tx.commit().await?;
        row.map(|row| row.into_module(&self.inner.key)).transpose()
    }

    /// Sets a new webhook token, not yet reported to the module's script; returns whether the module exists.
    pub async fn set_webhook_token(
        &self,
        id: ModuleId,
        token: &str,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "update modules set webhook_token = $2, public_url_notified = null, updated_at = $3 \
                   where id = $1 and deleted_at is null";
        let sealed = self.inner.key.encrypt(&token_name(id), token.as_bytes());
        let done = on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(sealed)
                .bind(time(now))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Records the webhook URL reported to the module's script; returns whether the module exists.
    pub async fn set_public_url_notified(&self, id: ModuleId, url: Option<&str>) -> Result<bool, StoreError> {
        let sql = "update modules set public_url_notified = $2 where id = $1 and deleted_at is null";
        let done = on_writer!(self, |db| {
            sqlx::query(sql).bind(id.0).bind(url.map(text)).execute(db).await.map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Deletes a module with its scripts, settings, bindings, storage and log. Its requests, possibly millions, are
    /// left to [`Store::purge_deleted_modules`]. Its calls stay, and its name with them. Returns whether the module
    /// existed.
    pub async fn delete_module(&self, id: ModuleId, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let mark = "update modules set deleted_at = $2, enabled = false, webhook_token = $3, \
                    public_url_notified = null \
                    where id = $1 and deleted_at is null";
        let done = on!(tx.conn(), |db| {
            sqlx::query(mark)
                .bind(id.0)
                .bind(time(now))
                .bind(Vec::<u8>::new())
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        if done == 0 {
            return Ok(false);
        }
        for sql in [
            "delete from scripts where module_id = $1",
            "delete from settings where module_id = $1",
            "delete from bindings where module_id = $1",
            "delete from module_storage where module_id = $1",
            "delete from module_log where module_id = $1",
        ] {
            on!(tx.conn(), |db| sqlx::query(sql).bind(id.0).execute(db).await.map(drop))?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes up to `limit` requests of deleted modules; returns the number. Call it again while it returns `limit`.
    pub async fn purge_deleted_modules(&self, limit: u32) -> Result<u64, StoreError> {
        let sql = "delete from requests where id in (select requests.id from modules \
                   join requests on requests.module_id = modules.id where modules.deleted_at is not null limit $1)";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(i64::from(limit)).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}

/// Changes a module; returns `None` if it does not exist.
pub(crate) async fn change(
    tx: &mut Tx,
    id: ModuleId,
    patch: &ModulePatch,
    now: DateTime<Utc>,
) -> Result<Option<Row>, StoreError> {
    let sql = "update modules set name = coalesce($2, name), icon = case when $3 then $4 else icon end, \
               enabled = coalesce($5, enabled), \
               default_country = case when $6 then $7 else default_country end, \
               fields = coalesce($8, fields), services = coalesce($9, services), updated_at = $10, \
               lead_kind = case when $11 then $12 else lead_kind end, \
               lead_responsible_id = case when $13 then $14 else lead_responsible_id end, \
               missed_responsible_id = case when $15 then $16 else missed_responsible_id end, \
               numbers = coalesce($17, numbers), dials_extensions = coalesce($18, dials_extensions), \
               follows_folder = coalesce($19, follows_folder) \
               where id = $1 and deleted_at is null returning *";
    let fields = patch.fields.as_ref().map(to_json).transpose()?;
    let services = patch.services.as_ref().map(to_json).transpose()?;
    Ok(on!(tx.conn(), |db| {
        sqlx::query_as(sql)
            .bind(id.0)
            .bind(patch.name.as_deref().map(text))
            .bind(patch.icon.is_some())
            .bind(patch.icon.clone().flatten().as_deref().map(text))
            .bind(patch.enabled)
            .bind(patch.default_country.is_some())
            .bind(patch.default_country.clone().flatten().as_deref().map(text))
            .bind(fields)
            .bind(services)
            .bind(time(now))
            .bind(patch.lead_kind.is_some())
            .bind(patch.lead_kind.flatten().map(ClientKind::as_str))
            .bind(patch.lead_responsible.is_some())
            .bind(patch.lead_responsible.flatten().map(|user| user.0))
            .bind(patch.missed_responsible.is_some())
            .bind(patch.missed_responsible.flatten().map(|user| user.0))
            .bind(patch.numbers.map(Written::as_str))
            .bind(patch.dials_extensions)
            .bind(patch.follows_folder)
            .fetch_optional(db)
            .await
    })?)
}

/// Serializes writers of a module's parts; fails if the module does not exist.
pub(crate) async fn lock(tx: &mut Tx, id: ModuleId) -> Result<(), StoreError> {
    let sql = "update modules set updated_at = updated_at where id = $1 and deleted_at is null";
    let found =
        on!(tx.conn(), |db| sqlx::query(sql).bind(id.0).execute(db).await.map(|done| done.rows_affected()))?;
    if found == 0 { Err(StoreError::UnknownModule) } else { Ok(()) }
}
