//! Updating a module to a newer version of its provider.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::ModuleId;
use hookswitch_store::ModulePatch;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::modules::{Module, active, module};
use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use hookswitch_core::modules::manifest::Setting;
use hookswitch_core::modules::{templates, update};

/// What an update would change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleUpdate {
    /// Whether there is a version that the module has not been updated to.
    available: bool,
    /// Whether the module's script was edited since its last update. An update keeps those edits only in the history.
    edited: bool,
    /// Identifies the newer version.
    hash: String,
    /// The script at the module's last update; `null` if unknown.
    taken_source: Option<String>,
    /// The module's current script.
    current_source: Option<String>,
    /// The script after the update.
    new_source: String,
    /// Changes to its settings. Values are kept.
    settings: SettingsDifference,
}

/// Differences between declared settings.
#[derive(Serialize, ToSchema)]
struct SettingsDifference {
    /// New settings.
    added: Vec<Setting>,
    /// Settings whose declaration changes.
    changed: Vec<ChangedSetting>,
    /// Removed settings.
    removed: Vec<Setting>,
}

/// A setting whose declaration changes.
#[derive(Serialize, ToSchema)]
struct ChangedSetting {
    /// The current declaration.
    before: Setting,
    /// The declaration after the update.
    after: Setting,
}

/// Returns the newest version of a module's provider and what updating to it would change.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/update",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = ModuleUpdate)),
)]
pub async fn get_module_update(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<ModuleUpdate>> {
    let active = active(&app, id)?;
    templates::refresh(&app.modules, false).await;
    let template = update::template(&app.modules, &active)?;
    let taken = active.taken.as_ref();
    let difference = update::difference(&active.settings, &template.manifest.settings);
    let changed = difference.changed.into_iter().map(|(before, after)| ChangedSetting { before, after });
    Ok(axum::Json(ModuleUpdate {
        available: taken.is_none_or(|taken| taken.hash != template.hash),
        edited: taken.is_some_and(|taken| taken.edited),
        hash: template.hash.clone(),
        taken_source: update::script_taken(&app.modules, &active).await?,
        current_source: app.store.script(id, None).await?.map(|script| script.source),
        new_source: template.source.clone().into_owned(),
        settings: SettingsDifference {
            added: difference.added,
            changed: changed.collect(),
            removed: difference.removed,
        },
    }))
}

/// The version to update to.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeModuleUpdate {
    /// The `hash` of the version that the user has seen. Returns 409 `changedMeanwhile` if it is no longer the newest.
    hash: Option<String>,
}

/// Updates a module's script and declared settings to the newest version of its provider. Values are kept.
#[utoipa::path(
    post,
    path = "/api/v1/modules/{id}/update",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    request_body = TakeModuleUpdate,
    responses((status = 200, body = Module)),
)]
pub async fn take_module_update(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
    Json(TakeModuleUpdate { hash }): Json<TakeModuleUpdate>,
) -> ApiResult<axum::Json<Module>> {
    templates::refresh(&app.modules, false).await;
    // Updates in the background must not interfere.
    let _taking = app.modules.templates.taking.lock().await;
    let active = active(&app, id)?;
    let template = update::template(&app.modules, &active)?;
    if hash.is_some_and(|hash| hash != template.hash) {
        let detail = "There is a newer version by now. Review it, then update to that one.";
        return Err(Error::conflict("changedMeanwhile", detail).into());
    }
    let active =
        update::take(&app.modules, &active, &template, ModulePatch::default(), Some(user.id)).await?;
    Ok(axum::Json(module(&app, &active, user.role).await?))
}
