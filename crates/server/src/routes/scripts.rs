//! A module's script and its versions.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, UserId};
use hookswitch_store::{AuditAction, ModulePatch, ScriptInfo};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::modules::audit::changes;
use super::modules::{Module, active, module};
use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use crate::page::Page;
use hookswitch_core::audit::said;
use hookswitch_core::modules::create::{self, Whole, save_script as save};
use hookswitch_core::modules::manifest::Setting;
use hookswitch_core::modules::token::notify_if_changed;

/// A version of a script.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Script {
    /// Version number, counted from 1 without gaps.
    version: i32,
    /// When it was saved.
    created_at: DateTime<Utc>,
    /// Who saved it; `null` for the server itself.
    created_by: Option<UserId>,
    /// TypeScript source; omitted in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl Script {
    fn new(info: ScriptInfo, source: Option<String>) -> Self {
        Self { version: info.version, created_at: info.created_at, created_by: info.created_by, source }
    }
}

/// A script to save.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SaveScript {
    /// TypeScript source, at most 256 KiB.
    #[schema(min_length = 1, max_length = 262144)]
    source: String,
    /// Declarations of its settings, saved together with it; if omitted, they stay as they are. Values are kept.
    settings: Option<Vec<Setting>>,
}

/// Returns the newest version of a module's script.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/script",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = Script)),
)]
pub async fn get_script(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<Script>> {
    version(&app, id, None).await
}

/// Returns a version of a module's script.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/script/versions/{version}",
    tag = "modules",
    params(("id" = ModuleId, Path), ("version" = i32, Path)),
    responses((status = 200, body = Script)),
)]
pub async fn get_script_version(
    State(app): State<Arc<App>>,
    _: Admin,
    Path((id, number)): Path<(ModuleId, i32)>,
) -> ApiResult<axum::Json<Script>> {
    version(&app, id, Some(number)).await
}

async fn version(app: &App, id: ModuleId, number: Option<i32>) -> ApiResult<axum::Json<Script>> {
    active(app, id)?;
    let script = app.store.script(id, number).await?;
    let script = script.ok_or_else(|| Error::not_found("version of the script"))?;
    Ok(axum::Json(Script::new(script.info, Some(script.source))))
}

/// Saves a new version of a module's script, optionally with its settings' declarations.
#[utoipa::path(
    put,
    path = "/api/v1/modules/{id}/script",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    request_body = SaveScript,
    responses((status = 200, body = Module)),
)]
pub async fn save_script(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
    Json(script): Json<SaveScript>,
) -> ApiResult<axum::Json<Module>> {
    // Updates in the background must not interfere.
    let _taking = app.modules.templates.taking.lock().await;
    let before = active(&app, id)?;
    let saved = match &script.settings {
        None => save(&app.modules, id, &script.source, user.id).await?,
        Some(settings) => {
            create::must_not_follow(&before)?;
            let source = &script.source;
            let whole = Whole { source, settings, patch: ModulePatch::default(), template_hash: None };
            create::save_whole(&app.modules, &before, whole, Some(user.id)).await?
        }
    };
    notify_if_changed(&app.modules, &saved);
    let version = saved.script_version.map(|version| said("version", version.to_string()));
    let about = version.into_iter().chain(changes(&app, &before, &saved)).collect();
    let active = saved;
    app.audit.record_of(user.id, AuditAction::ScriptSaved, active.module.name.as_str(), about).await;
    Ok(axum::Json(module(&app, &active, user.role).await?))
}

/// Lists the versions of a module's script, newest first, without their source.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/script/versions",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = Page<Script>)),
)]
pub async fn list_script_versions(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<Page<Script>>> {
    active(&app, id)?;
    let versions = app.store.script_versions(id).await?;
    let items = versions.into_iter().map(|info| Script::new(info, None)).collect();
    Ok(axum::Json(Page::whole(items)))
}

/// Restores an older version by saving it again as the newest.
#[utoipa::path(
    post,
    path = "/api/v1/modules/{id}/script/versions/{version}/restore",
    tag = "modules",
    params(("id" = ModuleId, Path), ("version" = i32, Path)),
    responses((status = 200, body = Module)),
)]
pub async fn restore_script_version(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path((id, number)): Path<(ModuleId, i32)>,
) -> ApiResult<axum::Json<Module>> {
    active(&app, id)?;
    let script = app.store.script(id, Some(number)).await?;
    let script = script.ok_or_else(|| Error::not_found("version of the script"))?;
    let active = save(&app.modules, id, &script.source, user.id).await?;
    notify_if_changed(&app.modules, &active);
    let version =
        active.script_version.map(|version| said("version", format!("{version}, restored from {number}")));
    let about = version.into_iter().collect();
    app.audit.record_of(user.id, AuditAction::ScriptSaved, active.module.name.as_str(), about).await;
    Ok(axum::Json(module(&app, &active, user.role).await?))
}
