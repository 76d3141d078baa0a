//! Retention of data; administrators only.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, nullable};
use hookswitch_core::FieldError;
use hookswitch_core::retention::{KINDS, LastPurge, MAX_DAYS, Purged, Removed, Retention, name_of};
use hookswitch_store::{AuditAction, AuditChange};

/// Retention periods and the last purge.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionState {
    /// Retention periods.
    keep: Retention,
    /// When the last purge ran; `null` if never.
    ran_at: Option<DateTime<Utc>>,
    /// What the last purge that deleted anything deleted.
    last_removed: Option<LastPurge>,
}

/// Changes to retention periods, each 1 to 36,500 days, or `null` to keep forever; omitted fields stay as they are.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateRetention {
    /// Ended calls and everything attached to them.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    calls_days: Option<Option<u32>>,
    /// Links to recordings.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    recordings_days: Option<Option<u32>>,
    /// Comments on clients and calls.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    comments_days: Option<Option<u32>>,
    /// Module log lines.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    module_log_days: Option<Option<u32>>,
    /// Webhook requests as received.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    requests_days: Option<Option<u32>>,
    /// Audit trail entries.
    #[serde(default, deserialize_with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    audit_days: Option<Option<u32>>,
}

impl UpdateRetention {
    /// Returns the changes by name, or 422.
    fn changes(&self) -> ApiResult<Map<String, Value>> {
        let Value::Object(changes) = serde_json::to_value(self).map_err(Error::internal)? else {
            return Ok(Map::new());
        };
        let wrong =
            |days: &Value| days.as_u64().is_some_and(|days| !(1..=u64::from(MAX_DAYS)).contains(&days));
        let problems = changes.iter().filter(|(_, days)| wrong(days)).map(|(name, _)| FieldError {
            path: name.clone(),
            detail: format!("Enter 1 to {MAX_DAYS} days, or null to keep these forever."),
        });
        Error::check(problems.collect())?;
        Ok(changes)
    }
}

/// Returns the retention periods and the last purge.
#[utoipa::path(get, path = "/api/v1/retention", tag = "settings", responses((status = 200, body = RetentionState)))]
pub async fn get_retention(State(app): State<Arc<App>>, _: Admin) -> ApiResult<axum::Json<RetentionState>> {
    state(&app).await
}

async fn state(app: &App) -> ApiResult<axum::Json<RetentionState>> {
    let (keep, purged) =
        (Retention::load(&app.store, app.config.webhooks.keep_days).await?, Purged::load(&app.store).await?);
    Ok(axum::Json(RetentionState { keep, ran_at: purged.ran_at, last_removed: purged.last }))
}

/// Changes retention periods. Data older than the new periods is deleted within ten minutes.
#[utoipa::path(
    patch,
    path = "/api/v1/retention",
    tag = "settings",
    request_body = UpdateRetention,
    responses((status = 200, body = RetentionState)),
)]
pub async fn update_retention(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Json(body): Json<UpdateRetention>,
) -> ApiResult<axum::Json<RetentionState>> {
    let changes = body.changes()?;
    let before = Retention::load(&app.store, app.config.webhooks.keep_days).await?;
    Retention::change(&app.store, changes).await?;
    let after = Retention::load(&app.store, app.config.webhooks.keep_days).await?;
    let days =
        |days: Option<u32>| Some(days.map_or_else(|| "for ever".to_owned(), |days| format!("{days} days")));
    let changed = KINDS.into_iter().filter(|kept| before.of(*kept) != after.of(*kept));
    let changed: Vec<AuditChange> = changed
        .map(|kept| AuditChange {
            field: name_of(kept).to_owned(),
            from: days(before.of(kept)),
            to: days(after.of(kept)),
        })
        .collect();
    if !changed.is_empty() {
        app.audit.record_of(user.id, AuditAction::SettingsChanged, "", changed).await;
    }
    state(&app).await
}

/// Previews what the next purge would delete with these changes. Counts stop at 10,000.
#[utoipa::path(
    post,
    path = "/api/v1/retention/preview",
    tag = "settings",
    request_body = UpdateRetention,
    responses((status = 200, body = Removed)),
)]
pub async fn preview_retention(
    State(app): State<Arc<App>>,
    _: Admin,
    Json(body): Json<UpdateRetention>,
) -> ApiResult<axum::Json<Removed>> {
    let (now, purged) = (app.clock.now(), Purged::load(&app.store).await?);
    let retention =
        Retention::load(&app.store, app.config.webhooks.keep_days).await?.changed(&body.changes()?);
    let mut due = Removed::default();
    for kept in KINDS {
        if let Some(before) = retention.before(kept, now) {
            let since = purged.looked_until.get(name_of(kept)).copied();
            *due.of(kept) = app.store.due(kept, before, since).await?;
        }
    }
    Ok(axum::Json(due))
}
