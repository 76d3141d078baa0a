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

/// A module.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// Id.
    pub id: ModuleId,
    /// What people call it.
    name: String,
    /// Its icon.
    icon: Option<String>,
    /// The code of the module it was made from.
    provider: Option<String>,
    /// Whether it takes webhooks.
    enabled: bool,
    /// ISO 3166-1 alpha-2: the country of numbers written without one.
    default_country: Option<String>,
    /// How its provider writes numbers that have no plus.
    numbers: Written,
    /// Whether its script dials the extension behind a number.
    dials_extensions: bool,
    /// The functions it implements, by name.
    #[schema(value_type = Vec<String>)]
    functions: BTreeSet<Function>,
    /// The functions it does not implement, by name.
    #[schema(value_type = Vec<String>)]
    missing_functions: Vec<Function>,
    /// For administrators.
    #[serde(flatten)]
    #[schema(value_type = AdminPart)]
    admin: Option<ModuleAdmin>,
}

/// [`ModuleAdmin`] as it is described: none of it need be there.
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
    /// The address for the provider; none before the script implements every required function.
    webhook_url: Option<String>,
    /// The same with the token in the path, for providers that append to the address or drop its query.
    webhook_path_url: Option<String>,
    /// The settings it declares and their values.
    settings: Vec<SettingState>,
    /// The newest version of its script; none before one was saved.
    script_version: Option<i32>,
    /// Why its script cannot be loaded.
    script_error: Option<String>,
    /// What is odd in its script without keeping it from being used: functions whose names are nearly those of the contract.
    script_warnings: Vec<ScriptWarning>,
    /// Whether it takes each change of the folder that it was made from, by itself.
    follows_folder: bool,
    /// How it compares with what it was made from; null where it was made from nothing that is offered now.
    update: Option<UpdateState>,
    /// What becomes of unknown callers whose call was missed.
    leads: Leads,
    /// Who calls back where a missed call rang at nobody.
    missed_responsible_id: Option<UserId>,
    /// Since when.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    updated_at: DateTime<Utc>,
    /// How it is doing.
    health: Health,
}

/// How a module compares with what it was made from.
#[derive(Serialize, ToSchema)]
struct UpdateState {
    /// Whether there is a version of its script or settings that it has not taken.
    available: bool,
    /// Whether its script was changed since it took one.
    edited: bool,
    /// The folder in `modules_dir` that it was made from; null for a module that comes with the program.
    folder: Option<String>,
    /// Why it cannot take what there is.
    problem: Option<String>,
}

impl From<Standing> for UpdateState {
    fn from(Standing { available, edited, folder, problem }: Standing) -> Self {
        Self { available, edited, folder, problem }
    }
}

/// Something odd at a place of a script.
#[derive(Serialize, ToSchema)]
struct ScriptWarning {
    /// TypeScript line, from 1.
    line: u32,
    /// TypeScript column, from 1.
    column: u32,
    /// In words.
    message: String,
}

impl From<Diagnostic> for ScriptWarning {
    fn from(Diagnostic { line, column, message }: Diagnostic) -> Self {
        Self { line, column, message }
    }
}

/// What becomes of unknown callers whose call was missed.
#[derive(Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Leads {
    /// What kind of client is made of them; null: no client.
    pub kind: Option<ClientKind>,
    /// Whose such a client is.
    pub responsible_id: Option<UserId>,
}

/// How a module is doing.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Health {
    /// When its last webhook request arrived.
    last_request_at: Option<DateTime<Utc>>,
    /// What became of that.
    last_request_status: Option<RequestStatus>,
    /// Requests of the last 24 hours that failed and were not replayed since; 1000 stands for that many or more.
    failed_last_day: u32,
}

impl From<ModuleHealth> for Health {
    fn from(health: ModuleHealth) -> Self {
        let (last_request_at, last_request_status) = health.last.unzip();
        Self { last_request_at, last_request_status, failed_last_day: health.failures }
    }
}

/// A setting and what it is set to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SettingState {
    #[serde(flatten)]
    setting: Setting,
    /// Whether it has a value, its default aside.
    is_set: bool,
    /// Whether the value in use was given as that of a secret. It is not shown, whatever the setting is declared as now; a new
    /// value takes its place.
    is_sealed: bool,
    /// The value in use; never that of a secret.
    value: Option<Value>,
}

/// Every module, oldest first, as that role sees it.
pub async fn modules(app: &App, role: Role) -> ApiResult<Vec<Module>> {
    let mut health = health(app, None, role).await?;
    let of_module = |active: Arc<Active>| {
        let at = health.iter().position(|health| health.module_id == active.module.id);
        show(app, &active, role, at.map(|at| health.swap_remove(at)))
    };
    Ok(app.modules.all().into_iter().map(of_module).collect())
}

/// A module as that role sees it.
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
