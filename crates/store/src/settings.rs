//! Values of the modules' settings; secrets are encrypted.

use std::collections::{BTreeMap, BTreeSet};

use hookswitch_model::ModuleId;
use serde_json::Value;

use crate::db::{from_json, on, text, to_json};
use crate::error::StoreError;
use crate::modules;
use crate::open::Store;

/// A module's settings, by field name.
#[derive(Clone, Default, PartialEq)]
pub struct Settings {
    /// Settings that are not secret and may be shown.
    pub plain: BTreeMap<String, Value>,
    /// Secret settings, for the module's script only.
    pub secrets: BTreeMap<String, String>,
}

impl Settings {
    /// The names of the secrets that are set: all that may be shown of them.
    #[must_use]
    pub fn secrets_set(&self) -> BTreeSet<String> {
        self.secrets.keys().cloned().collect()
    }

    /// All settings, as seen by the module's script.
    #[must_use]
    pub fn for_script(&self) -> serde_json::Map<String, Value> {
        let plain = self.plain.iter().map(|(name, value)| (name.clone(), value.clone()));
        let secrets = self.secrets.iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        plain.chain(secrets).collect()
    }
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let secrets = self.secrets.keys();
        f.debug_struct("Settings").field("plain", &self.plain).field("secrets", &secrets).finish()
    }
}

/// A setting to change.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingChange {
    pub name: String,
    pub value: SettingValue,
}

/// A setting's new value.
#[derive(Clone, PartialEq)]
pub enum SettingValue {
    /// A value that is not secret.
    Plain(Value),
    Secret(String),
    /// Removes the setting.
    Unset,
}

impl std::fmt::Debug for SettingValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(value) => f.debug_tuple("Plain").field(value).finish(),
            Self::Secret(_) => f.write_str("Secret"),
            Self::Unset => f.write_str("Unset"),
        }
    }
}

type Row = (String, Option<String>, Option<Vec<u8>>);

impl Store {
    /// The module's settings; empty if it has none or does not exist.
    ///
    /// # Errors
    /// [`StoreError::Secret`] if a secret does not decrypt.
    pub async fn settings(&self, module: ModuleId) -> Result<Settings, StoreError> {
        let sql = "select name, value, secret from settings where module_id = $1";
        let rows: Vec<Row> = on!(self.read(), |db| sqlx::query_as(sql).bind(module.0).fetch_all(db).await)?;
        let mut settings = Settings::default();
        for (name, value, sealed) in rows {
            if let Some(value) = value {
                settings.plain.insert(name, from_json(&value)?);
            } else if let Some(sealed) = sealed {
                let what = secret_name(module, &name);
                let secret = self.inner.key.decrypt(&what, &sealed);
                let secret = secret.and_then(|secret| String::from_utf8(secret).ok());
                settings.secrets.insert(name, secret.ok_or(StoreError::Secret(what))?);
            }
        }
        Ok(settings)
    }

    /// Makes all the changes, or none.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`].
    pub async fn update_settings(
        &self,
        module: ModuleId,
        changes: &[SettingChange],
    ) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        modules::lock(&mut tx, module).await?;
        for change in changes {
            let name = text(&change.name);
            let (value, secret) = match &change.value {
                SettingValue::Plain(value) => (Some(to_json(value)?), None),
                SettingValue::Secret(secret) => {
                    (None, Some(self.inner.key.encrypt(&secret_name(module, &name), secret.as_bytes())))
                }
                SettingValue::Unset => {
                    let sql = "delete from settings where module_id = $1 and name = $2";
                    on!(tx.conn(), |db| sqlx::query(sql)
                        .bind(module.0)
                        .bind(name)
                        .execute(db)
                        .await
                        .map(drop))?;
                    continue;
                }
            };
            let sql = "insert into settings (module_id, name, value, secret) values ($1, $2, $3, $4) \
                       on conflict (module_id, name) do update set value = excluded.value, secret = excluded.secret";
            on!(tx.conn(), |db| {
                sqlx::query(sql)
                    .bind(module.0)
                    .bind(name)
                    .bind(value)
                    .bind(secret)
                    .execute(db)
                    .await
                    .map(drop)
            })?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn secret_name(module: ModuleId, name: &str) -> String {
    format!("setting {name} of module {module}")
}
