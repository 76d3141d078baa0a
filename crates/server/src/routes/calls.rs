//! Calls: list, one, comment, calling out.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::phone::shown;
use hookswitch_model::{CallId, CallState, ModuleId, UserId};
use hookswitch_script::Function;
use hookswitch_store::{CallCursor, CallFilter, CallPage, Role, StoredCall, User};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, ListQuery, Path};
use crate::page::{Page, PageQuery, cursor_of};
use crate::telephony::api_call::{ApiCall, Viewer, api_call};
use crate::telephony::controls::{find, run};
use crate::telephony::{functions, outgoing, tell_comment};

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListCalls {
    /// Where it stands.
    #[param(inline)]
    state: Option<CallState>,
    /// Whether it is over.
    ended: Option<bool>,
    /// Which way it goes.
    #[param(inline)]
    direction: Option<Direction>,
    /// How it came out.
    #[param(inline)]
    disposition: Option<Disposition>,
    /// An operator it rang at or who had it. Operators see their own calls only.
    operator_id: Option<UserId>,
    /// The module it came through.
    module_id: Option<ModuleId>,
    /// Started then or later.
    from: Option<DateTime<Utc>>,
    /// Started before then.
    to: Option<DateTime<Utc>>,
    /// The client's number, in any spelling; read in the modules' countries where it has no country code.
    phone: Option<String>,
    /// Whether it was missed.
    missed: Option<bool>,
}

impl ListCalls {
    /// The same for the store; none where a user asks for what is not theirs to see.
    pub fn for_user(self, app: &App, user: &User) -> Option<CallFilter> {
        let own = (user.role != Role::Admin).then_some(user.id);
        if own.is_some() && self.operator_id.is_some_and(|asked| Some(asked) != own) {
            return None;
        }
        Some(CallFilter {
            state: self.state,
            ended: self.ended,
            direction: self.direction,
            disposition: self.disposition,
            operator: own.or(self.operator_id),
            client_id: None,
            module_id: self.module_id,
            from: self.from,
            to: self.to,
            phones: self.phone.map(|phone| spellings(app, &phone)),
            missed: self.missed,
        })
    }
}

/// What a number that a person typed can stand for in the database: as it is, and as it would be dialled in each module.
fn spellings(app: &App, phone: &str) -> Vec<String> {
    let modules = app.modules.all();
    let countries = modules.iter().map(|active| active.country).chain([None]);
    let dialled = countries.filter_map(|country| outgoing::number(phone, country).ok());
    let spellings: BTreeSet<String> = dialled.chain([phone.trim().to_owned()]).collect();
    spellings.into_iter().collect()
}

/// Calls, latest start first.
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    tag = "calls",
    params(ListCalls, PageQuery),
    responses((status = 200, body = Page<ApiCall>)),
)]
pub async fn list_calls(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    ListQuery { filters, page }: ListQuery<ListCalls>,
) -> ApiResult<axum::Json<Page<ApiCall>>> {
    let Some(filter) = filters.for_user(&app, &user) else {
        return Ok(axum::Json(Page { items: Vec::new(), next_cursor: None }));
    };
    let calls = app.store.calls(&filter, after(&page)?, page.limit()?).await?;
    Ok(axum::Json(show_page(&app, &user, calls)?))
}

/// Where a page of calls goes on.
pub fn after(page: &PageQuery) -> ApiResult<Option<CallCursor>> {
    Ok(page.after::<(DateTime<Utc>, CallId)>()?.map(|(started_at, id)| CallCursor { started_at, id }))
}

/// A page of calls as that user sees them.
pub fn show_page(app: &App, user: &User, page: CallPage) -> ApiResult<Page<ApiCall>> {
    let next_cursor = page.next.map(|next| cursor_of(&(next.started_at, next.id))).transpose()?;
    Ok(Page { items: page.items.iter().map(|stored| show(app, user, stored)).collect(), next_cursor })
}

/// A call as that user sees it.
pub fn show(app: &App, user: &User, stored: &StoredCall) -> ApiCall {
    let module = app.modules.get(stored.call.module_id);
    let viewer = Viewer {
        user: user.id,
        admin: user.role == Role::Admin,
        functions: functions(module.as_deref()),
        name_of: &|user| app.directory.name_of(user),
    };
    api_call(&stored.call, stored.comment.clone(), &viewer)
}

/// One call.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, body = ApiCall)),
)]
pub async fn get_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
) -> ApiResult<axum::Json<ApiCall>> {
    let seen = find(&app, &user, id).await?;
    Ok(axum::Json(show(&app, &user, &seen.stored)))
}

/// Changes to a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateCall {
    /// What the operator notes; null or empty takes it away.
    comment: Option<String>,
}

/// Longest comment, in characters.
const MAX_COMMENT: usize = 10_000;

/// Notes something about a call.
#[utoipa::path(
    patch,
    path = "/api/v1/calls/{id}",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = UpdateCall,
    responses((status = 200, body = ApiCall)),
)]
pub async fn update_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Json(UpdateCall { comment }): Json<UpdateCall>,
) -> ApiResult<axum::Json<ApiCall>> {
    find(&app, &user, id).await?;
    if comment.as_ref().is_some_and(|comment| comment.chars().count() > MAX_COMMENT) {
        let detail = format!("A comment has at most {MAX_COMMENT} characters.");
        return Err(ApiError::invalid("comment", detail));
    }
    let comment = comment.as_deref().map(str::trim).filter(|comment| !comment.is_empty());
    app.store.set_comment(id, comment).await?;
    let seen = find(&app, &user, id).await?;
    let shown = show(&app, &user, &seen.stored);
    tell_comment(&app, seen.module.as_deref(), seen.stored);
    Ok(axum::Json(shown))
}

/// A call to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MakeCall {
    /// The number to call.
    phone: String,
    /// Through which module; the first that can, and that the caller has a number in, when left out.
    module_id: Option<ModuleId>,
}

/// A call being made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MakingCall {
    /// Through which module.
    module_id: ModuleId,
    /// The caller's internal number.
    extension: String,
    /// The number, as it was given to the module.
    phone: String,
    /// The same as people read it.
    phone_formatted: String,
}

/// Calls a number as the signed-in operator. The call itself appears when the provider reports it.
#[utoipa::path(
    post,
    path = "/api/v1/calls",
    tag = "calls",
    request_body = MakeCall,
    responses((status = 202, body = MakingCall)),
)]
pub async fn make_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Json(MakeCall { phone, module_id }): Json<MakeCall>,
) -> ApiResult<(StatusCode, axum::Json<MakingCall>)> {
    let (module, extension) = outgoing::route(&app, user.id, module_id)?;
    let phone = outgoing::number(&phone, module.country)?;
    let call = json!({
        "direction": "out",
        "operator": { "id": user.id, "name": user.name, "extension": extension },
    });
    let arguments = vec![Value::String(extension.clone()), Value::String(phone.clone()), call];
    run(&app, &module, Function::GenerateCall, arguments).await?;
    let phone_formatted = shown(&phone).formatted;
    let making = MakingCall { module_id: module.module.id, extension, phone, phone_formatted };
    Ok((StatusCode::ACCEPTED, axum::Json(making)))
}
