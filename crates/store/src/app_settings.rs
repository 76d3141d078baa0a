//! Settings of the whole installation: JSON values by name, interpreted by the server.

use serde_json::{Map, Value};

use crate::db::{from_json, on, text, to_json};
use crate::error::StoreError;
use crate::open::Store;

impl Store {
    /// The settings that were ever changed.
    pub async fn app_settings(&self) -> Result<Map<String, Value>, StoreError> {
        let sql = "select name, value from app_settings";
        let rows: Vec<(String, String)> = on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        rows.into_iter().map(|(name, value)| Ok((name, from_json(&value)?))).collect()
    }

    /// Sets these values, all or none; other settings stay.
    pub async fn update_app_settings(&self, changes: &Map<String, Value>) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        let sql = "insert into app_settings (name, value) values ($1, $2) \
                   on conflict (name) do update set value = excluded.value";
        for (name, value) in changes {
            let value = to_json(value)?;
            on!(tx.conn(), |db| {
                sqlx::query(sql).bind(text(name)).bind(value).execute(db).await.map(drop)
            })?;
        }
        tx.commit().await?;
        Ok(())
    }
}
