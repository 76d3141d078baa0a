//! Settings of the whole installation that administrators change while it runs.

use std::sync::{Arc, PoisonError, RwLock};

use hookswitch_store::{Role, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// What administrators set for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppSettings {
    /// Which clients operators see.
    pub client_visibility: ClientVisibility,
    /// Whether clients' numbers are hidden from operators, who can still call them.
    pub mask_numbers: bool,
    /// After how many hours a missed call that nobody dealt with is closed; never where null.
    pub missed_close_after_hours: Option<u32>,
    /// How long a call that was dialled may take to appear, in seconds.
    pub dial_seconds: u32,
}

/// Which clients operators see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientVisibility {
    /// Every client.
    All,
    /// Those they are responsible for, and those nobody is responsible for.
    Own,
}

impl Default for AppSettings {
    fn default() -> Self {
        Self {
            client_visibility: ClientVisibility::All,
            mask_numbers: false,
            missed_close_after_hours: Some(168),
            dial_seconds: 60,
        }
    }
}

impl AppSettings {
    /// Whether clients' numbers are hidden from users of that role.
    #[must_use]
    pub fn hides_numbers(&self, role: Role) -> bool {
        self.mask_numbers && role == Role::Operator
    }

    /// Whether users of that role see only the clients that are theirs or nobody's.
    #[must_use]
    pub fn shows_only_own(&self, role: Role) -> bool {
        self.client_visibility == ClientVisibility::Own && role == Role::Operator
    }

    /// The settings that the database has, the rest as they are at first.
    ///
    /// # Errors
    /// When the database fails, or holds something else.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let values = Value::Object(store.app_settings().await?);
        serde_json::from_value(values).map_err(|error| StoreError::Corrupt(error.to_string()))
    }
}

/// The settings as they are now, in memory.
#[derive(Default)]
pub struct CurrentSettings(RwLock<Arc<AppSettings>>);

impl CurrentSettings {
    /// As they are now.
    pub fn get(&self) -> Arc<AppSettings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads them from the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let settings = AppSettings::load(store).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }

    /// Changes some, for good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn update(&self, store: &Store, changes: &Map<String, Value>) -> Result<(), StoreError> {
        store.update_app_settings(changes).await?;
        self.reload(store).await
    }
}
