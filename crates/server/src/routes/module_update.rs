//! The newer version of what a module was made from.

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

/// What taking the newer version changes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleUpdate {
    /// Whether there is a version that the module has not taken.
    available: bool,
    /// Whether the module's own script was changed since it took one. Those changes stay in its history alone.
    edited: bool,
    /// Identifies the newer version.
    hash: String,
    /// The script that the module took last; null where that is not known.
    taken_source: Option<String>,
    /// The module's script as it is.
    current_source: Option<String>,
    /// The script it would take.
    new_source: String,
    /// What becomes of its settings. Values are kept.
    settings: SettingsDifference,
}

/// Settings that differ.
#[derive(Serialize, ToSchema)]
struct SettingsDifference {
    /// Those that are new.
    added: Vec<Setting>,
    /// Those declared otherwise.
    changed: Vec<ChangedSetting>,
    /// Those that are gone.
    removed: Vec<Setting>,
}

/// A setting declared otherwise.
#[derive(Serialize, ToSchema)]
struct ChangedSetting {
    /// As the module has it.
    before: Setting,
    /// As it would be.
    after: Setting,
}

/// What a module was made from, as it is now, and what taking it changes.
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

/// Which version to take.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TakeModuleUpdate {
    /// The `hash` of the version that was looked at. Where that is not the newest any more, nothing is taken.
    hash: Option<String>,
}

/// Gives a module the newer script, as a new version, with its settings. Values are kept.
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
    let active = active(&app, id)?;
    templates::refresh(&app.modules, false).await;
    let template = update::template(&app.modules, &active)?;
    if hash.is_some_and(|hash| hash != template.hash) {
        let detail = "There is another version by now. Look at it, and take that.";
        return Err(Error::conflict("changedMeanwhile", detail).into());
    }
    let active =
        update::take(&app.modules, &active, &template, ModulePatch::default(), Some(user.id)).await?;
    Ok(axum::Json(module(&app, &active, user.role).await?))
}
