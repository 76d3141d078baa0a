//! Calls: listing, reading and updating.

use hookswitch_core::Error;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::phone::{self, Written};
use hookswitch_model::{CallId, CallState, ClientId, ModuleId, OutcomeId, UserId};
use hookswitch_store::{AuditAction, CallCursor, CallFilter, Role, StoreError, User};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, ListQuery, Path, nullable};
use crate::page::{Page, PageQuery, cursor_of};
use hookswitch_core::calls::controls::{Seen, find, number_of};
use hookswitch_core::calls::log_on::log_on;
use hookswitch_core::calls::show::{show, show_all};
use hookswitch_core::calls::{outgoing, tell_stored};
use hookswitch_core::clients;
use hookswitch_core::views::call::ApiCall;

/// Filters for calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListCalls {
    /// Current state of the call.
    #[param(inline)]
    state: Option<CallState>,
    /// Whether the call has ended.
    ended: Option<bool>,
    /// Inbound, outbound or internal.
    #[param(inline)]
    direction: Option<Direction>,
    /// How the call came out.
    #[param(inline)]
    disposition: Option<Disposition>,
    /// An operator whom the call rang or who handled it. Operators see only their own calls.
    operator_id: Option<UserId>,
    /// The client the call is logged on. Operators see all calls of a client they may see.
    client_id: Option<ClientId>,
    /// The outcome chosen for the call.
    outcome_id: Option<OutcomeId>,
    /// The module that handled the call.
    module_id: Option<ModuleId>,
    /// Started at or after this time.
    from: Option<DateTime<Utc>>,
    /// Started before this time.
    to: Option<DateTime<Utc>>,
    /// The client's number in any format; without a country code, it is read in each module's default country.
    phone: Option<String>,
    /// Whether the call was missed.
    missed: Option<bool>,
}

impl ListCalls {
    /// Converts to a filter for the store. Returns `None` if the user asks for another operator's calls.
    ///
    /// # Errors
    /// Fails if the database does.
    pub async fn for_user(self, app: &App, user: &User) -> Result<Option<CallFilter>, StoreError> {
        let sees_all = user.role == Role::Admin || self.sees_client(app, user).await?;
        let own = (!sees_all).then_some(user.id);
        if own.is_some() && self.operator_id.is_some_and(|asked| Some(asked) != own) {
            return Ok(None);
        }
        Ok(Some(CallFilter {
            state: self.state,
            ended: self.ended,
            direction: self.direction,
            disposition: self.disposition,
            operator: own.or(self.operator_id),
            client_id: self.client_id,
            outcome_id: self.outcome_id,
            module_id: self.module_id,
            from: self.from,
            to: self.to,
            phones: self.phone.map(|phone| spellings(app, &phone)),
            missed: self.missed,
        }))
    }

    async fn sees_client(&self, app: &App, user: &User) -> Result<bool, StoreError> {
        let found = app.store.client_summaries(&self.client_id.into_iter().collect()).await?;
        Ok(found.values().any(|client| app.catalog.scope(user).has(client.responsible)))
    }
}

/// The forms that a typed number can have in the database: as typed, and as each module would read or dial it.
fn spellings(app: &App, typed: &str) -> Vec<String> {
    let modules = app.modules.all();
    let countries = modules.iter().map(|active| active.country).chain([None]);
    let read =
        countries.map(|country| phone::read(typed, country, Written::Both)).flat_map(|read| read.readings);
    let found = read.flat_map(|number| phone::spellings(&number).collect::<Vec<_>>());
    let dialled = outgoing::number(typed, None).ok().map(|dialled| dialled.number);
    let spellings: BTreeSet<String> = found.chain(dialled).chain([typed.trim().to_owned()]).collect();
    spellings.into_iter().collect()
}

/// Lists calls, most recently started first.
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
    let Some(filter) = filters.for_user(&app, &user).await? else {
        return Ok(axum::Json(Page::whole(Vec::new())));
    };
    let after = page.after::<(DateTime<Utc>, CallId)>()?;
    let after = after.map(|(started_at, id)| CallCursor { started_at, id });
    let calls = app.store.calls(&filter, after, page.limit()?).await?;
    let next_cursor = calls.next.map(|next| cursor_of(&(next.started_at, next.id))).transpose()?;
    Ok(axum::Json(Page {
        items: show_all(&app.calls, user.id, calls.items.iter()).await?,
        next_cursor,
        unreadable: calls.unreadable,
    }))
}

/// Returns a call.
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
    let seen = find(&app.calls, &user, id).await?;
    Ok(axum::Json(show(&app.calls, user.id, &seen.stored).await?))
}

/// Changes to a call; omitted fields stay as they are.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateCall {
    /// The operator's note; `null` or empty removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    comment: Option<Option<String>>,
    /// The client to log the call on; `null` for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ClientId>)]
    client_id: Option<Option<ClientId>>,
    /// Whether to add the call's number to that client.
    #[serde(default)]
    add_number: bool,
    /// An outcome from the list for the call's module; `null` removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<OutcomeId>)]
    outcome_id: Option<Option<OutcomeId>>,
}

/// Longest comment, in characters.
const MAX_COMMENT: usize = 10_000;

/// Updates a call's comment, its outcome, or the client it is logged on.
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
    Json(UpdateCall { comment, client_id, add_number, outcome_id }): Json<UpdateCall>,
) -> ApiResult<axum::Json<ApiCall>> {
    let seen = find(&app.calls, &user, id).await?;
    if comment.iter().flatten().any(|comment| comment.chars().count() > MAX_COMMENT) {
        let detail = format!("Shorten the comment to {MAX_COMMENT} characters.");
        return Err(Error::invalid("comment", detail).into());
    }
    let client_id = match client_id {
        // If the client was merged into another one, `find` returns that one.
        Some(Some(client)) => Some(Some(
            clients::find(&app.calls, &user, client).await.map_err(|error| error.at("clientId"))?.id,
        )),
        other => other,
    };
    if let Some(Some(outcome)) = outcome_id {
        let list = app.catalog.outcomes.for_module(seen.stored.call.module_id);
        if !list.is_some_and(|list| list.codes.iter().any(|code| code.id == outcome)) {
            return Err(Error::invalid(
                "outcomeId",
                "This outcome is not offered for this call. Choose one from its list.",
            )
            .into());
        }
    }
    if let Some(outcome) = outcome_id {
        app.store.set_outcome(id, outcome).await?;
    }
    if let Some(comment) = comment {
        let comment = comment.as_deref().map(str::trim).filter(|comment| !comment.is_empty());
        app.store.set_comment(id, comment).await?;
    }
    if let (Some(Some(client)), true) = (client_id, add_number) {
        add_number_of(&app, &user, &seen, client).await?;
    }
    let now = match client_id {
        Some(client) => log_on(&app.calls, &user, &seen.stored, client).await?,
        None => {
            let now = app.store.call(id).await?.ok_or_else(|| Error::not_found("call"))?;
            tell_stored(&app.calls, now.clone()).await?;
            now
        }
    };
    Ok(axum::Json(show(&app.calls, user.id, &now).await?))
}

/// Adds the call's number to the client, unless it is there already.
async fn add_number_of(app: &App, user: &User, seen: &Seen, client: ClientId) -> ApiResult<()> {
    let before = clients::find(&app.calls, user, client).await?;
    let Some(number) = number_of(seen) else {
        return Err(Error::invalid(
            "addNumber",
            "The caller withheld their number, so there is none to add.",
        )
        .into());
    };
    if before.fields.phones.iter().any(|phone| phone.key() == number.key()) {
        return Ok(());
    }
    let mut fields = before.fields.clone();
    fields.phones.push(number);
    let (archived, scope) = (before.archived_at.is_some(), app.catalog.scope(user));
    let after =
        app.store.update_client(before.id, before.version, &fields, archived, scope, app.clock.now()).await?;
    let after = after.ok_or_else(clients::changed_meanwhile)?;
    let changes = clients::audit::changes(&app.calls, &before, &after);
    app.audit.record(user.id, AuditAction::Changed, Some(after.id), None, changes).await;
    Ok(())
}
