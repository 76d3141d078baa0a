//! Calls: list, one, comment, calling out.

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
    /// The client it is logged on. Operators see all calls of a client that they may see.
    client_id: Option<ClientId>,
    /// What it came to.
    outcome_id: Option<OutcomeId>,
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
    ///
    /// # Errors
    /// When the database fails.
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

/// What a number that a person typed can stand for in the database: as it is, and as it would be dialled in each module.
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
    let seen = find(&app.calls, &user, id).await?;
    Ok(axum::Json(show(&app.calls, user.id, &seen.stored).await?))
}

/// Changes to a call; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateCall {
    /// What the operator notes; null or empty takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    comment: Option<Option<String>>,
    /// The client to log it on; null: none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ClientId>)]
    client_id: Option<Option<ClientId>>,
    /// Whether the call's number becomes one of that client's.
    #[serde(default)]
    add_number: bool,
    /// What it came to, by a code of the list for the call's module; null takes it back.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<OutcomeId>)]
    outcome_id: Option<Option<OutcomeId>>,
}

/// Longest comment, in characters.
const MAX_COMMENT: usize = 10_000;

/// Notes something about a call, says what it came to, or logs it on a client.
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
        let detail = format!("A comment has at most {MAX_COMMENT} characters.");
        return Err(Error::invalid("comment", detail).into());
    }
    let client_id = match client_id {
        // The one that it was merged into, where it was.
        Some(Some(client)) => Some(Some(
            clients::find(&app.calls, &user, client).await.map_err(|error| error.at("clientId"))?.id,
        )),
        other => other,
    };
    if let Some(Some(outcome)) = outcome_id {
        let list = app.catalog.outcomes.for_module(seen.stored.call.module_id);
        if !list.is_some_and(|list| list.codes.iter().any(|code| code.id == outcome)) {
            return Err(Error::invalid("outcomeId", "This outcome is not offered for this call.").into());
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

/// Makes the call's number one of the client's, unless it is.
async fn add_number_of(app: &App, user: &User, seen: &Seen, client: ClientId) -> ApiResult<()> {
    let before = clients::find(&app.calls, user, client).await?;
    let Some(number) = number_of(seen) else {
        return Err(
            Error::invalid("addNumber", "The caller withholds the number: there is none to add.").into()
        );
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
