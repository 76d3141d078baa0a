//! A module's provider account: connection test, members, bindings and webhook token.

use hookswitch_core::Error;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::State;
use hookswitch_model::contract::{self, Member};
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::{CallContext, Function, ScriptError};
use hookswitch_store::{self as store, AuditAction, AuditChange, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::modules::active;
use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use crate::page::Page;
use hookswitch_core::audit::change;
use hookswitch_core::modules::create::reload;
use hookswitch_core::modules::manifest;
use hookswitch_core::modules::registry::Active;
use hookswitch_core::modules::run::{broke_contract, log_failure, run};
use hookswitch_core::modules::token::rotate;

/// Result of a connection test.
#[derive(Serialize, ToSchema)]
pub struct TestedConnection {
    /// Whether the provider could be reached with the current settings.
    success: bool,
    /// A message for the user.
    message: Option<String>,
    /// Duration of the test.
    milliseconds: u64,
}

/// Tests whether the module can reach its provider.
#[utoipa::path(
    post,
    path = "/api/v1/modules/{id}/test-connection",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = TestedConnection)),
)]
pub async fn test_connection(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<TestedConnection>> {
    let module = active(&app, id)?;
    let missing = manifest::missing(&module.settings, &module.values);
    if let Some(setting) = missing.first() {
        return Err(Error::conflict(
            "settingMissing",
            format!("Set “{}” ({}) first.", setting.label, setting.name),
        )
        .into());
    }
    let started = Instant::now();
    let (success, message) = test(&app, &module).await?;
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(axum::Json(TestedConnection { success, message, milliseconds }))
}

/// Runs the test. A script that fails counts as a test that failed.
async fn test(app: &App, module: &Active) -> ApiResult<(bool, Option<String>)> {
    let function = Function::TestConnection;
    match module.call(function, Vec::new(), CallContext::default()).await {
        Ok(outcome) => match contract::test_connection_result(outcome.value) {
            Ok(result) => Ok((result.success, result.message)),
            Err(error) => {
                Ok((false, Some(format!("{function} returned something that breaks the contract: {error}."))))
            }
        },
        Err(ScriptError::NotImplemented { .. }) => {
            let detail =
                format!("The module cannot test its connection, because its script has no {function}.");
            Err(Error::conflict("notImplemented", detail).into())
        }
        Err(error) => {
            log_failure(&app.modules, module, function, &error);
            Ok((false, Some(error.to_string())))
        }
    }
}

/// Lists the provider's users, as the provider returns them now.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/members",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = Page<Member>)),
)]
pub async fn list_members(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<Page<Member>>> {
    let function = Function::GetMembers;
    let value = run(&app.modules, &*active(&app, id)?, function, Vec::new()).await?;
    let items = contract::members(value).map_err(|error| broke_contract(function, &error))?;
    Ok(axum::Json(Page::whole(items)))
}

/// A link between a provider's user and the system user who is the same person.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Binding {
    /// The member's number as it appears in events.
    #[schema(min_length = 1, max_length = 200)]
    member_id: String,
    /// The member's name at the provider.
    #[serde(default)]
    #[schema(max_length = 200)]
    member_name: String,
    /// The system user.
    user_id: UserId,
}

/// Lists a module's bindings.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/bindings",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = Vec<Binding>)),
)]
pub async fn list_bindings(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<Vec<Binding>>> {
    active(&app, id)?;
    bindings(&app, id).await
}

async fn bindings(app: &App, id: ModuleId) -> ApiResult<axum::Json<Vec<Binding>>> {
    let bindings = app.store.bindings(id).await?;
    let bindings = bindings.into_iter().map(|store::Binding { member_id, member_name, user_id }| Binding {
        member_id,
        member_name,
        user_id,
    });
    Ok(axum::Json(bindings.collect()))
}

/// Replaces all bindings of a module.
#[utoipa::path(
    put,
    path = "/api/v1/modules/{id}/bindings",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    request_body = Vec<Binding>,
    responses((status = 200, body = Vec<Binding>)),
)]
pub async fn replace_bindings(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
    Json(new): Json<Vec<Binding>>,
) -> ApiResult<axum::Json<Vec<Binding>>> {
    let before = active(&app, id)?;
    // Users created on the command line may not be known yet.
    app.catalog.directory.reload(&app.store).await?;
    let mut members = BTreeSet::new();
    for (index, binding) in new.iter().enumerate() {
        let wrong =
            |field: &str, detail: &str| Err(Error::invalid(format!("[{index}].{field}"), detail).into());
        if binding.member_id.trim().is_empty() || binding.member_id.len() > 200 {
            return wrong("memberId", "Enter the member's number as it appears in events, 1 to 200 bytes.");
        }
        if binding.member_name.len() > 200 {
            return wrong("memberName", "Shorten the name to 200 bytes.");
        }
        if !members.insert(binding.member_id.trim()) {
            return wrong("memberId", "This member is already bound. Bind each member to one user only.");
        }
        if app.catalog.directory.name_of(binding.user_id).is_none() {
            return wrong("userId", "There is no such user. Choose an existing one.");
        }
    }
    let new = new.into_iter().map(|binding| store::Binding {
        member_id: binding.member_id.trim().to_owned(),
        member_name: binding.member_name,
        user_id: binding.user_id,
    });
    app.store.replace_bindings(id, &new.collect::<Vec<_>>()).await.map_err(|error| match error {
        StoreError::UnknownUser => {
            Error::invalid("userId", "One of the users no longer exists. Choose again.")
        }
        error => error.into(),
    })?;
    let after = reload(&app.modules, id).await?;
    let changes = binding_changes(&app, &before, &after);
    if !changes.is_empty() {
        app.audit.record_of(user.id, AuditAction::BindingsChanged, after.module.name.as_str(), changes).await;
    }
    bindings(&app, id).await
}

/// Returns the changed bindings by member number, with the user before and after.
fn binding_changes(app: &App, before: &Active, after: &Active) -> Vec<AuditChange> {
    let numbers: BTreeSet<&String> = before.bindings.keys().chain(after.bindings.keys()).collect();
    let user = |active: &Active, number| {
        active.bindings.get(number).map(|user| app.catalog.directory.named(*user).name)
    };
    let changes = numbers.into_iter().map(|number| change(number, user(before, number), user(after, number)));
    changes.flatten().collect()
}

/// A new webhook address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RotatedToken {
    /// The webhook address for the provider.
    webhook_url: String,
    /// The webhook address with the token in the path.
    webhook_path_url: String,
    /// Whether the module has passed the new address to its provider.
    notified: bool,
    /// What remains to be done, or what failed.
    message: Option<String>,
}

/// Gives the module a new webhook token. The old one stops working at once.
#[utoipa::path(
    post,
    path = "/api/v1/modules/{id}/webhook-token",
    tag = "modules",
    params(("id" = ModuleId, Path)),
    responses((status = 200, body = RotatedToken)),
)]
pub async fn rotate_webhook_token(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ModuleId>,
) -> ApiResult<axum::Json<RotatedToken>> {
    let (module, told) = rotate(&app.modules, id).await?;
    let name = module.module.name.as_str();
    app.audit.record_of(user.id, AuditAction::WebhookTokenRotated, name, Vec::new()).await;
    Ok(axum::Json(RotatedToken {
        webhook_url: app.modules.webhook_url(&module.module),
        webhook_path_url: app.modules.webhook_path_url(&module.module),
        notified: told.notified,
        message: told.message,
    }))
}
