//! Settings for the whole installation.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_store::{AuditAction, AuditChange, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, nullable};
use hookswitch_core::FieldError;
use hookswitch_core::audit::change;
use hookswitch_core::catalog::settings::{AppSettings, ClientVisibility};

/// Longest time before missed calls are closed, in hours: a leap year.
const MAX_CLOSE_HOURS: u32 = 8784;

/// Changes to the settings; omitted fields stay as they are.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateSettings {
    /// Which clients operators see.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_visibility: Option<ClientVisibility>,
    /// Whether to hide clients' numbers from operators, who can still call them.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask_numbers: Option<bool>,
    /// Hours after which an unresolved missed call is closed, 1 to 8784; `null` for never.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 8784)]
    missed_close_after_hours: Option<Option<u32>>,
    /// How long a dialled call may take to appear, in seconds, 10 to 300.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 10, maximum = 300)]
    dial_seconds: Option<u32>,
}

/// Returns the settings.
#[utoipa::path(get, path = "/api/v1/settings", tag = "settings", responses((status = 200, body = AppSettings)))]
pub async fn get_settings(State(app): State<Arc<App>>, _: Admin) -> axum::Json<AppSettings> {
    axum::Json(AppSettings::clone(&app.catalog.settings.get()))
}

/// Updates the settings.
#[utoipa::path(patch, path = "/api/v1/settings", tag = "settings", request_body = UpdateSettings, responses(
    (status = 200, body = AppSettings),
))]
pub async fn update_settings(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Json(body): Json<UpdateSettings>,
) -> ApiResult<axum::Json<AppSettings>> {
    Error::check(problems(&body))?;
    let before = app.catalog.settings.get();
    if let Value::Object(changes) = serde_json::to_value(&body).map_err(Error::internal)? {
        app.catalog.settings.update(&app.store, &changes).await?;
    }
    let after = app.catalog.settings.get();
    let changes = differences(&before, &after)?;
    if !changes.is_empty() {
        app.audit.record_of(user.id, AuditAction::SettingsChanged, "", changes).await;
    }
    let view = |settings: &AppSettings| (settings.client_visibility, settings.mask_numbers);
    if view(&before) != view(&after) {
        // Operators' pages may show what is now hidden from them, so they have to reconnect and reload.
        let is_operator = |user: &_| app.catalog.directory.role_of(*user) == Some(Role::Operator);
        app.live
            .hub
            .connected()
            .into_iter()
            .filter(is_operator)
            .for_each(|user| app.live.hub.disconnect(user));
    }
    Ok(axum::Json(AppSettings::clone(&after)))
}

/// Returns the settings that differ, by their names in the API, for the audit trail.
fn differences(before: &AppSettings, after: &AppSettings) -> ApiResult<Vec<AuditChange>> {
    let values = |settings: &AppSettings| serde_json::to_value(settings).map_err(Error::internal);
    let (before, after) = (values(before)?, values(after)?);
    let text = |values: &Value, name: &str| match values.get(name) {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
    };
    let names = after.as_object().into_iter().flat_map(|values| values.keys());
    Ok(names.filter_map(|name| change(name, text(&before, name), text(&after, name))).collect())
}

fn problems(body: &UpdateSettings) -> Vec<FieldError> {
    let within = |path: &str, value: Option<u32>, least: u32, most: u32, unit: &str| {
        let wrong = value.is_some_and(|value| !(least..=most).contains(&value));
        wrong.then(|| FieldError {
            path: path.to_owned(),
            detail: format!("Enter a number of {unit} from {least} to {most}."),
        })
    };
    let hours = body.missed_close_after_hours.flatten();
    [
        within("missedCloseAfterHours", hours, 1, MAX_CLOSE_HOURS, "hours"),
        within("dialSeconds", body.dial_seconds, 10, 300, "seconds"),
    ]
    .into_iter()
    .flatten()
    .collect()
}
