//! The key-value storage of the modules' scripts.

use chrono::{DateTime, Utc};
use hookswitch_model::ModuleId;
use hookswitch_model::contract::MAX_STORAGE_KEY_BYTES;
use serde_json::{Map, Value};

use crate::db::{Tx, from_json, on, on_writer, text, time, to_json};
use crate::error::StoreError;
use crate::modules;
use crate::open::Store;

/// Maximum size of a value as JSON, in bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 64 * 1024;
/// Maximum number of keys per module.
pub const MAX_KEYS: i64 = 1000;

const GET: &str = "select value from module_storage \
                   where module_id = $1 and key = $2 and (expires_at is null or expires_at > $3)";
const DELETE: &str = "delete from module_storage where module_id = $1 and key = $2";

/// The value as JSON, if neither it nor its key is too long.
fn bounded(key: &str, value: &Value) -> Result<String, StoreError> {
    let value = to_json(value)?;
    if key.len() > MAX_STORAGE_KEY_BYTES {
        return Err(StoreError::StorageKeyTooLong);
    }
    if value.len() > MAX_VALUE_BYTES {
        return Err(StoreError::StorageValueTooLong);
    }
    Ok(value)
}

/// Writes a value of a module whose row is locked.
async fn keep(
    tx: &mut Tx,
    module: ModuleId,
    (key, value): (&str, String),
    expires_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let purge = "delete from module_storage where module_id = $1 and expires_at <= $2";
    on!(tx.conn(), |db| sqlx::query(purge).bind(module.0).bind(time(now)).execute(db).await.map(drop))?;
    let insert = "insert into module_storage (module_id, key, value, expires_at) values ($1, $2, $3, $4) \
                  on conflict (module_id, key) \
                  do update set value = excluded.value, expires_at = excluded.expires_at";
    on!(tx.conn(), |db| {
        sqlx::query(insert)
            .bind(module.0)
            .bind(text(key))
            .bind(value)
            .bind(expires_at.map(time))
            .execute(db)
            .await
            .map(drop)
    })?;
    let count = "select count(*) from module_storage where module_id = $1";
    let keys: i64 = on!(tx.conn(), |db| sqlx::query_scalar(count).bind(module.0).fetch_one(db).await)?;
    if keys > MAX_KEYS {
        return Err(StoreError::StorageFull);
    }
    Ok(())
}

impl Store {
    /// Everything a module has stored.
    pub async fn storage_all(
        &self,
        module: ModuleId,
        now: DateTime<Utc>,
    ) -> Result<Map<String, Value>, StoreError> {
        let sql = "select key, value from module_storage \
                   where module_id = $1 and (expires_at is null or expires_at > $2)";
        let rows: Vec<(String, String)> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(module.0).bind(time(now)).fetch_all(db).await)?;
        rows.into_iter().map(|(key, value)| Ok((key, from_json(&value)?))).collect()
    }

    /// The value under the key, unless it has expired.
    pub async fn storage_get(
        &self,
        module: ModuleId,
        key: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Value>, StoreError> {
        let value: Option<String> = on!(self.read(), |db| {
            sqlx::query_scalar(GET).bind(module.0).bind(text(key)).bind(time(now)).fetch_optional(db).await
        })?;
        value.as_deref().map(from_json).transpose()
    }

    /// Stores a value under the key, forever or until `expires_at`.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`], [`StoreError::StorageKeyTooLong`], [`StoreError::StorageValueTooLong`],
    /// [`StoreError::StorageFull`].
    pub async fn storage_set(
        &self,
        module: ModuleId,
        key: &str,
        value: &Value,
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let value = bounded(key, value)?;
        let mut tx = self.begin().await?;
        modules::lock(&mut tx, module).await?;
        keep(&mut tx, module, (key, value), expires_at, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Stores `after` under the key (`None` deletes the key) if its value is still `before`, the JSON text from
    /// [`Store::storage_get`]. Returns whether it was.
    ///
    /// # Errors
    /// As for [`Store::storage_set`].
    pub async fn storage_replace(
        &self,
        module: ModuleId,
        key: &str,
        (before, after): (Option<&str>, Option<&Value>),
        expires_at: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let after = after.map(|value| bounded(key, value)).transpose()?;
        let mut tx = self.begin().await?;
        modules::lock(&mut tx, module).await?;
        let current: Option<String> = on!(tx.conn(), |db| {
            sqlx::query_scalar(GET).bind(module.0).bind(text(key)).bind(time(now)).fetch_optional(db).await
        })?;
        let current = current.map(|value| from_json::<Value>(&value)).transpose()?;
        if current.map(|value| value.to_string()).as_deref() != before {
            return Ok(false);
        }
        match after {
            Some(value) => keep(&mut tx, module, (key, value), expires_at, now).await?,
            None => on!(tx.conn(), |db| {
                sqlx::query(DELETE).bind(module.0).bind(text(key)).execute(db).await.map(drop)
            })?,
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Deletes the key; returns whether it existed.
    pub async fn storage_delete(&self, module: ModuleId, key: &str) -> Result<bool, StoreError> {
        let gone = on_writer!(self, |db| {
            sqlx::query(DELETE)
                .bind(module.0)
                .bind(text(key))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(gone > 0)
    }

    /// Deletes expired values of all modules; returns the number.
    pub async fn purge_storage(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "delete from module_storage where expires_at <= $1";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(time(now)).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}
