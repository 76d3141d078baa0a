//! A module as the API shows it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::phone::Written;
use hookswitch_model::{ClientKind, ModuleId, UserId};
use hookswitch_script::{Diagnostic, Function};
use hookswitch_store::{ModuleHealth, RequestStatus, Role};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::app::App;
use crate::error::ApiResult;
use hookswitch_core::modules::create::missing_functions;
use hookswitch_core::modules::manifest::Setting;
use hookswitch_core::modules::registry::Active;
use hookswitch_core::modules::update::{self, Standing};

/// A connected provider.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    pub id: ModuleId,
    /// Display name.
    name: String,
    /// Icon, if one was chosen.
    icon: Option<String>,
    /// Code of the provider it was created from.
    provider: Option<String>,
    /// Whether it accepts webhooks.
    enabled: bool,
    /// Country of numbers without a country code, as ISO 3166-1 alpha-2.
    default_country: Option<String>,
    /// How its provider writes numbers without a plus sign.
    numbers: Written,
    /// Whether its script can dial an extension after a number.
    dials_extensions: bool,
    /// Names of the functions it implements.
    #[schema(value_type = Vec<String>)]
    functions: BTreeSet<Function>,
    /// Names of the functions it does not implement.
    #[schema(value_type = Vec<String>)]
    missing_functions: Vec<Function>,
    /// Only for administrators.
    #[serde(flatten)]
    #[schema(value_type = AdminPart)]
    admin: Option<ModuleAdmin>,
}

/// The schema of [`ModuleAdmin`] with every field optional.
struct AdminPart;

impl PartialSchema for AdminPart {
    fn schema() -> RefOr<Schema> {
        let mut schema = ModuleAdmin::schema();
        if let RefOr::T(Schema::Object(object)) = &mut schema {
            object.required.clear();
        }
        schema
    }
}

impl ToSchema for AdminPart {
    fn name() -> Cow<'static, str> {
        ModuleAdmin::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        ModuleAdmin::schemas(schemas);
    }
}

/// What administrators see of a module.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModuleAdmin {
    /// The webhook address for the provider; `null` until the script implements every required function.
    webhook_url: Option<String>,
    /// The webhook address with the token in the path, for providers that append to the address or drop its query.
    webhook_path_url: Option<String>,
    /// Declared settings and their values.
    settings: Vec<SettingState>,
    /// Newest version of its script; `null` until one is saved.
    script_version: Option<i32>,
    /// Why its script cannot be loaded; `null` if it can.
    script_error: Option<String>,
    /// Warnings about its script: functions whose names are close to, but not, names in the contract.
    script_warnings: Vec<ScriptWarning>,
    /// Whether it updates itself when its provider's folder changes.
    follows_folder: bool,
    /// How it compares with its provider; `null` if that is not offered now.
    update: Option<UpdateState>,
    /// What to do with unknown callers whose call was missed.
    leads: Leads,
    /// Who calls back if a missed call rang nobody; `null` for everyone.
    missed_responsible_id: Option<UserId>,
    /// When it was created.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// Recent webhook activity.
    health: Health,
}

/// How a module compares with its provider.
#[derive(Serialize, ToSchema)]
struct UpdateState {
    /// Whether there is a version of its script or settings that it has not been updated to.
    available: bool,
    /// Whether its script was edited since its last update.
    edited: bool,
    /// Its provider's folder in `modules_dir`; `null` for a built-in provider.
    folder: Option<String>,
    /// Why it cannot be updated to the available version.
    problem: Option<String>,
}

impl From<Standing> for UpdateState {
    fn from(Standing { available, edited, folder, problem }: Standing) -> Self {
        Self { available, edited, folder, problem }
    }
}

/// A warning about a place in a script.
#[derive(Serialize, ToSchema)]
struct ScriptWarning {
    /// Line in the TypeScript source, counted from 1.
    line: u32,
    /// Column in the TypeScript source, counted from 1.
    column: u32,
    /// What is suspicious.
    message: String,
}

impl From<Diagnostic> for ScriptWarning {
    fn from(Diagnostic { line, column, message }: Diagnostic) -> Self {
        Self { line, column, message }
    }
}

/// What to do with unknown callers whose call was missed.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Leads {
    /// The kind of client to create for them; `null` for none.
    pub kind: Option<ClientKind>,
    /// The user responsible for such a client.
    pub responsible_id: Option<UserId>,
}

/// A module's recent webhook activity.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Health {
    /// When its last webhook request arrived.
    last_request_at: Option<DateTime<Utc>>,
    /// How the newest request was processed.
    last_request_status: Option<RequestStatus>,
    /// Requests in the last 24 hours that failed and have not been replayed since; 1000 means that many or more.
    failed_last_day: u32,
}

impl From<ModuleHealth> for Health {
    fn from(health: ModuleHealth) -> Self {
        let (last_request_at, last_request_status) = health.last.unzip();
        Self { last_request_at, last_request_status, failed_last_day: health.failures }
    }
}

/// A setting and its value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SettingState {
    #[serde(flatten)]
    setting: Setting,
    /// Whether it has a value other than its default.
    is_set: bool,
    /// Whether the value in use was given as a secret. Such a value is never shown, even if the setting is no longer
    /// declared secret.
    is_sealed: bool,
    /// The value in use; omitted for secrets.
    value: Option<Value>,
}

/// Returns every module as that role sees it, oldest first.
pub async fn modules(app: &App, role: Role) -> ApiResult<Vec<Module>> {
    let mut health = health(app, None, role).await?;
    let of_module = |active: Arc<Active>| {
        let at = health.iter().position(|health| health.module_id == active.module.id);
        show(app, &active, role, at.map(|at| health.swap_remove(at)))
    };
    Ok(app.modules.all().into_iter().map(of_module).collect())
}

/// Returns a module as that role sees it.
pub async fn module(app: &App, active: &Active, role: Role) -> ApiResult<Module> {
    let health = health(app, Some(active.module.id), role).await?.pop();
    Ok(show(app, active, role, health))
}

async fn health(app: &App, module: Option<ModuleId>, role: Role) -> ApiResult<Vec<ModuleHealth>> {
    match role {
        Role::Admin => Ok(app.store.health(module, app.clock.now() - TimeDelta::days(1)).await?),
        Role::Operator => Ok(Vec::new()),
    }
}

fn show(app: &App, active: &Active, role: Role, health: Option<ModuleHealth>) -> Module {
    let of = &active.module;
    Module {
        id: of.id,
        name: of.name.clone(),
        icon: of.icon.clone(),
        provider: of.provider.clone(),
        enabled: of.enabled,
        default_country: of.default_country.clone(),
        numbers: of.numbers,
        dials_extensions: of.dials_extensions,
        functions: active.functions.clone(),
        missing_functions: missing_functions(active),
        admin: (role == Role::Admin).then(|| ModuleAdmin {
            webhook_url: active.is_complete().then(|| app.modules.webhook_url(&active.module)),
            webhook_path_url: active.is_complete().then(|| app.modules.webhook_path_url(&active.module)),
            settings: active.settings.iter().map(|setting| setting_state(active, setting)).collect(),
            script_version: active.script_version,
            script_error: active.script_version.and(active.load_error()).map(ToString::to_string),
            script_warnings: active.script_warnings().into_iter().map(Into::into).collect(),
            follows_folder: of.follows_folder,
            update: update::standing(&app.modules, active).map(Into::into),
            leads: Leads { kind: of.lead_kind, responsible_id: of.lead_responsible },
            missed_responsible_id: of.missed_responsible,
            created_at: of.created_at,
            updated_at: of.updated_at,
            health: health.map(Into::into).unwrap_or_default(),
        }),
    }
}

fn setting_state(active: &Active, setting: &Setting) -> SettingState {
    let value = active.values.get(&setting.name).filter(|value| !value.is_null());
    SettingState {
        setting: setting.clone(),
        is_set: active.set.contains(&setting.name),
        is_sealed: active.sealed.contains(&setting.name),
        value: value.filter(|_| !active.is_secret(&setting.name)).cloned(),
    }
}
