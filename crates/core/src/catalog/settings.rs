//! Settings of the whole installation that administrators change at run time.

use std::sync::{Arc, PoisonError, RwLock};

use hookswitch_store::{Role, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// Settings that administrators make for everybody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct AppSettings {
    /// Which clients operators see.
    pub client_visibility: ClientVisibility,
    /// Whether clients' numbers are hidden from operators, who can still call them.
    pub mask_numbers: bool,
    /// After how many hours an open missed call is closed; null for never.
    pub missed_close_after_hours: Option<u32>,
    /// How long a dialled call may take to appear, in seconds.
    pub dial_seconds: u32,
}

/// Which clients operators see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ClientVisibility {
    /// All clients.
    All,
    /// Clients they are responsible for, and those without a responsible user.
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
    /// Whether clients' numbers are hidden from users with this role.
    #[must_use]
    pub fn hides_numbers(&self, role: Role) -> bool {
        self.mask_numbers && role == Role::Operator
    }

    /// Whether users with this role see only clients that are theirs or unassigned.
    #[must_use]
    pub(crate) fn shows_only_own(&self, role: Role) -> bool {
        self.client_visibility == ClientVisibility::Own && role == Role::Operator
    }

    /// Loads the settings from the database, with defaults for missing ones.
    ///
    /// # Errors
    /// If the database fails or contains invalid settings.
    pub async fn load(store: &Store) -> Result<Self, StoreError> {
        let values = Value::Object(store.app_settings().await?);
        serde_json::from_value(values).map_err(|error| StoreError::Corrupt(error.to_string()))
    }
}

/// The current settings, in memory.
#[derive(Default)]
pub struct CurrentSettings(RwLock<Arc<AppSettings>>);

impl CurrentSettings {
    pub fn get(&self) -> Arc<AppSettings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reloads them from the database.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let settings = AppSettings::load(store).await?;
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
        Ok(())
    }

    /// Changes settings permanently.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn update(&self, store: &Store, changes: &Map<String, Value>) -> Result<(), StoreError> {
        store.update_app_settings(changes).await?;
        self.reload(store).await
    }
}
