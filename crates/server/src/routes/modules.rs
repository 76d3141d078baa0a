//! Modules: `/api/v1/modules`.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_model::phone::Written;
use hookswitch_model::{ModuleId, UserId};
use hookswitch_store::{AuditAction, ModulePatch};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use crate::page::Page;
use hookswitch_core::audit::said;
use hookswitch_core::error::sentence;
use hookswitch_core::modules::create::{self, Recipe, check_country};
use hookswitch_core::modules::manifest::{self, Setting};
use hookswitch_core::modules::registry::{self, Active};
use hookswitch_core::modules::templates;
use hookswitch_core::modules::token::notify_if_changed;
use hookswitch_core::modules::update;
use hookswitch_core::retention::purge;

pub mod audit;
mod show;

use show::{Leads, modules};
pub use show::{Module, module};

/// Lists all modules, oldest first.
#[utoipa::path(get, path = "/api/v1/modules", tag = "modules", responses((status = 200, body = Page<Module>)))]
pub async fn list_modules(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
) -> ApiResult<axum::Json<Page<Module>>> {
    Ok(axum::Json(Page::whole(modules(&app, user.role).await?)))
}

/// A module to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateModule {
    /// Display name, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// Code of the provider to start from; its script and settings are copied.
    provider: Option<String>,
    /// Whether the module updates itself when its provider's folder changes. Only for providers in `modules_dir`.
    #[serde(default)]
    follows_folder: bool,
    /// TypeScript source, for a module written from scratch.
    script: Option<String>,
    /// Settings: declarations, or values by name. In a module written from scratch, values also declare their settings.
    settings: Option<SettingsOrValues>,
    /// Country of numbers without a country code, as ISO 3166-1 alpha-2.
    #[schema(pattern = "^[A-Za-z]{2}$")]
    default_country: Option<String>,
    /// How the provider writes numbers without a plus sign; defaults to `both`.
    numbers: Option<Written>,
    /// Whether the script can dial an extension after a number (`call.dstExtension` in `VoipGenerateCall`).
    dials_extensions: Option<bool>,
}

/// Declarations of settings, or their values.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
enum SettingsOrValues {
    /// Declarations.
    Settings(Vec<Setting>),
    /// Values by name.
    Values(Map<String, Value>),
}

/// Creates a module, enabled.
#[utoipa::path(
    post,
    path = "/api/v1/modules",
    tag = "modules",
    request_body = CreateModule,
    responses((status = 201, body = Module)),
)]
pub async fn create_module(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Json(new): Json<CreateModule>,
) -> ApiResult<(StatusCode, axum::Json<Module>)> {
    let (fields, values) = match new.settings {
        None => (None, Map::new()),
        Some(SettingsOrValues::Settings(fields)) => (Some(fields), Map::new()),
        Some(SettingsOrValues::Values(values)) => (None, values),
    };
    let recipe = Recipe {
        name: name(&new.name)?,
        provider: new.provider,
        follows_folder: new.follows_folder,
        script: new.script,
        fields,
        values,
        default_country: new.default_country,
        numbers: new.numbers,
        dials_extensions: new.dials_extensions,
    };
    let active = create::create(&app.modules, recipe, Some(user.id)).await?;
    notify_if_changed(&app.modules, &active);
    let provider = active.module.provider.as_deref().map(|provider| said("provider", provider));
    let about = provider.into_iter().collect();
    app.audit.record_of(user.id, AuditAction::ModuleCreated, active.module.name.as_str(), about).await;
    Ok((StatusCode::CREATED, axum::Json(module(&app, &active, user.role).await?)))
}

/// Returns a module.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = Module)),
)]
pub async fn get_module(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<Module>> {
    Ok(axum::Json(module(&app, &*active(&app, id)?, user.role).await?))
}

/// Changes to a module; omitted fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateModule {
    /// Display name, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Icon; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    icon: Option<Option<String>>,
    /// Whether the module accepts webhooks.
    enabled: Option<bool>,
    /// Country of numbers without a country code, as ISO 3166-1 alpha-2; `null` removes it.
    #[serde(default, deserialize_with = "present")]
    #[schema(pattern = "^[A-Za-z]{2}$")]
    default_country: Option<Option<String>>,
    /// How the provider writes numbers without a plus sign.
    numbers: Option<Written>,
    /// Whether the script can dial an extension after a number.
    dials_extensions: Option<bool>,
    /// Whether the module updates itself when its provider's folder changes. Setting this to `true` updates it at once.
    follows_folder: Option<bool>,
    /// Declarations of its settings; replaces all of them.
    settings: Option<Vec<Setting>>,
    /// What to do with unknown callers whose call was missed.
    leads: Option<Leads>,
    /// Who calls back if a missed call rang nobody; `null` for everyone.
    #[serde(default, deserialize_with = "present")]
    missed_responsible_id: Option<Option<UserId>>,
}

/// Distinguishes `null` from an omitted field.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Updates a module.
#[utoipa::path(
    patch,
    path = "/api/v1/modules/{id}",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    request_body = UpdateModule,
    responses((status = 200, body = Module)),
)]
pub async fn update_module(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
    Json(wanted): Json<UpdateModule>,
) -> ApiResult<axum::Json<Module>> {
    let _taking = match wanted.follows_folder {
        // Updates in the background must not interfere.
        Some(_) => Some(app.modules.templates.taking.lock().await),
        None => None,
    };
    let before = active(&app, id)?;
    check_country(wanted.default_country.as_ref().and_then(|country| country.as_deref()))?;
    if let Some(settings) = &wanted.settings {
        match wanted.follows_folder {
            Some(follows) => create::must_come_from_folder("settings", follows)?,
            None => create::must_not_follow(&before)?,
        }
        manifest::check_settings(settings)
            .map_err(|problem| Error::invalid("settings", sentence(&problem)))?;
    }
    check_user(&app, "leads.responsibleId", wanted.leads.and_then(|leads| leads.responsible_id)).await?;
    check_user(&app, "missedResponsibleId", wanted.missed_responsible_id.flatten()).await?;
    let patch = ModulePatch {
        name: wanted.name.as_deref().map(name).transpose()?,
        icon: wanted.icon,
        enabled: wanted.enabled,
        default_country: wanted.default_country,
        numbers: wanted.numbers,
        dials_extensions: wanted.dials_extensions,
        fields: wanted.settings.map(serde_json::to_value).transpose().map_err(Error::internal)?,
        services: None,
        lead_kind: wanted.leads.map(|leads| leads.kind),
        lead_responsible: wanted.leads.map(|leads| leads.responsible_id),
        missed_responsible: wanted.missed_responsible_id,
        follows_folder: wanted.follows_folder,
    };
    let active = if wanted.follows_folder == Some(true) {
        templates::refresh(&app.modules, false).await;
        let template = before.module.provider.as_deref().and_then(|code| app.modules.templates.find(code));
        let template = create::folder_of(template)?;
        update::take(&app.modules, &before, &template, patch, Some(user.id)).await?
    } else {
        let updated = app.store.update_module(id, &patch, app.clock.now()).await?;
        updated.ok_or_else(|| Error::not_found("module"))?;
        create::seal_new_secrets(&app.modules, id).await?;
        create::reload(&app.modules, id).await?
    };
    notify_if_changed(&app.modules, &active);
    let changes = audit::changes(&app, &before, &active);
    if !changes.is_empty() {
        app.audit.record_of(user.id, AuditAction::ModuleChanged, active.module.name.as_str(), changes).await;
    }
    Ok(axum::Json(module(&app, &active, user.role).await?))
}

async fn check_user(app: &App, field: &str, id: Option<UserId>) -> ApiResult<()> {
    let Some(id) = id else { return Ok(()) };
    match app.store.user(id).await? {
        Some(user) if user.active => Ok(()),
        _ => Err(Error::invalid(field, "Choose an active user.").into()),
    }
}

/// Deletes a module with its script, settings, bindings, log and requests. Its calls are kept.
#[utoipa::path(
    delete,
    path = "/api/v1/modules/{id}",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 204)),
)]
pub async fn delete_module(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<StatusCode> {
    let before = active(&app, id)?;
    let deleted = app.store.delete_module(id, app.clock.now()).await?;
    registry::reload(&app.modules, id).await?;
    if !deleted {
        return Err(Error::not_found("module").into());
    }
    let (store, tasks) = (app.store.clone(), app.tasks.clone());
    app.tasks.spawn(async move {
        if let Err(error) = purge::deleted_modules(&store, &tasks).await {
            tracing::error!(%error, "could not delete all requests of a deleted module; the next purge retries");
        }
    });
    app.audit.record_of(user.id, AuditAction::ModuleDeleted, before.module.name.as_str(), Vec::new()).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Sets values of a module's settings; `null` clears one. Secret values are never returned.
#[utoipa::path(
    patch,
    path = "/api/v1/modules/{id}/settings",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    request_body(content = Object, description = "Values by name"),
    responses((status = 200, body = Module)),
)]
pub async fn update_module_settings(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
    Json(values): Json<Map<String, Value>>,
) -> ApiResult<axum::Json<Module>> {
    let changes = create::changes(&active(&app, id)?.settings, &values)?;
    app.store.update_settings(id, &changes).await?;
    let active = create::reload(&app.modules, id).await?;
    notify_if_changed(&app.modules, &active);
    let about = audit::settings(&changes);
    app.audit
        .record_of(user.id, AuditAction::ModuleSettingsChanged, active.module.name.as_str(), about)
        .await;
    Ok(axum::Json(module(&app, &active, user.role).await?))
}

/// Returns the module, or 404.
pub fn active(app: &App, id: ModuleId) -> ApiResult<Arc<Active>> {
    Ok(app.modules.get(id).ok_or_else(|| Error::not_found("module"))?)
}

fn name(name: &str) -> ApiResult<String> {
    let name = name.trim();
    if (1..=100).contains(&name.chars().count()) {
        Ok(name.to_owned())
    } else {
        Err(Error::invalid("name", "Give the module a name of 1 to 100 characters.").into())
    }
}
