//! Clients: list, one, making and changing them.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_model::{CallId, ClientId, ClientKind, UserId};
use hookswitch_store::{
    AuditAction, Client, ClientCursor, ClientFilter, ClientSearch, ClientSource, NewClient, User,
};
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use merge::show_with_merges;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, ListQuery, Path, nullable};
use crate::page::{Page, PageQuery, cursor_of};
use hookswitch_core::calls::controls::{self, number_of};
use hookswitch_core::calls::log_on::log_on;
use hookswitch_core::clients::audit::changes;
use hookswitch_core::clients::fields::{FieldChanges, PhoneInput, changed, empty};
use hookswitch_core::clients::numbers::spellings;
use hookswitch_core::clients::{self, changed_meanwhile, find};
use hookswitch_core::clock;
use hookswitch_core::views::client::{ApiClient, show};

pub mod convert;
pub mod duplicates;
pub mod export;
pub mod imports;
pub mod merge;

/// Longest text that is searched for, in characters.
const MAX_QUERY: usize = 200;

/// Which clients.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListClients {
    /// Words of a name, a number in any spelling, an e-mail address or `#tag`, or how they begin. The best matches make the
    /// one page there is.
    #[param(max_length = 200)]
    query: Option<String>,
    /// A number they have, in any spelling; read in the modules' countries where it has no country code.
    phone: Option<String>,
    /// What they are.
    #[param(inline)]
    kind: Option<ClientKind>,
    /// Whose they are: a user's id, or `none` for nobody's.
    #[serde(default, deserialize_with = "user_or_none")]
    #[param(value_type = Option<String>, pattern = r"^(none|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})$")]
    responsible_id: Option<Option<UserId>>,
    /// A tag they have.
    tag: Option<String>,
    /// The company they belong to.
    company_id: Option<ClientId>,
    /// Whether they were put away; `false` when not given.
    #[serde(default)]
    archived: bool,
}

fn user_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<UserId>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        "none" => Ok(Some(None)),
        id => id.parse().map(|id| Some(Some(id))).map_err(serde::de::Error::custom),
    }
}

/// What to look for, in the store's terms.
pub struct Asked {
    /// What the clients have to be.
    pub filter: ClientFilter,
    /// What somebody typed, where they did.
    pub search: Option<ClientSearch>,
}

impl ListClients {
    /// The same for the store.
    ///
    /// # Errors
    /// 422 where the text to search for is too long.
    pub fn asked(self, app: &App, user: &User) -> ApiResult<Asked> {
        if self.query.as_ref().is_some_and(|query| query.chars().count() > MAX_QUERY) {
            return Err(Error::invalid("query", format!("Search for {MAX_QUERY} characters at most.")).into());
        }
        let whole_numbers = app.catalog.settings.get().hides_numbers(user.role);
        let query = self.query.filter(|query| !query.trim().is_empty());
        let search = query
            .map(|query| ClientSearch::new(&query, whole_numbers, |number| spellings(&app.calls, number)));
        let filter = ClientFilter {
            kind: self.kind,
            responsible: self.responsible_id,
            tag: self.tag,
            company: self.company_id,
            numbers: self.phone.map(|phone| spellings(&app.calls, &phone)),
            archived: self.archived,
        };
        Ok(Asked { filter, search })
    }
}

/// Clients, by name; with `query` those that fit best.
#[utoipa::path(
    get,
    path = "/api/v1/clients",
    tag = "clients",
    params(ListClients, PageQuery),
    responses((status = 200, body = Page<ApiClient>)),
)]
pub async fn list_clients(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    ListQuery { filters, page }: ListQuery<ListClients>,
) -> ApiResult<axum::Json<Page<ApiClient>>> {
    let Asked { filter, search } = filters.asked(&app, &user)?;
    let (scope, limit) = (app.catalog.scope(&user), page.limit()?);
    let after = page.after::<(String, ClientId)>()?.map(|(name_key, id)| ClientCursor { name_key, id });
    let (clients, next) = match search {
        Some(search) => (app.store.search_clients(scope, &filter, &search, limit).await?, None),
        None => {
            let page = app.store.clients(scope, &filter, after.as_ref(), limit).await?;
            (page.items, page.next)
        }
    };
    let next_cursor = next.map(|next| cursor_of(&(next.name_key, next.id))).transpose()?;
    let items = clients.into_iter().map(|client| show(&app.catalog, &user, client)).collect();
    Ok(axum::Json(Page { items, next_cursor, unreadable: 0 }))
}

/// A client to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateClient {
    /// What it is.
    kind: ClientKind,
    /// 200 characters at most; only a lead may have none.
    #[schema(max_length = 200)]
    name: String,
    /// The company it belongs to.
    #[serde(default)]
    company_id: Option<ClientId>,
    /// Whose it is.
    #[serde(default)]
    responsible_id: Option<UserId>,
    /// Its numbers, 50 at most.
    #[serde(default)]
    #[schema(max_items = 50)]
    phones: Vec<PhoneInput>,
    /// Its e-mail addresses, 50 at most.
    #[serde(default)]
    #[schema(max_items = 50)]
    emails: Vec<String>,
    /// Words to find it by, 50 of 50 characters at most.
    #[serde(default)]
    #[schema(max_items = 50)]
    tags: Vec<String>,
    /// Anything else, 20,000 characters at most.
    #[serde(default)]
    #[schema(max_length = 20000)]
    notes: Option<String>,
    /// A call that is logged on the client; its number becomes one of the client's.
    #[serde(default)]
    call_id: Option<CallId>,
}

/// Makes a client. Calls there were from its numbers are logged on it, where nobody else has the number.
#[utoipa::path(
    post,
    path = "/api/v1/clients",
    tag = "clients",
    request_body = CreateClient,
    responses((status = 201, body = ApiClient)),
)]
pub async fn create_client(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Json(body): Json<CreateClient>,
) -> ApiResult<(StatusCode, axum::Json<ApiClient>)> {
    let call = match body.call_id {
        Some(call) => {
            Some(controls::find(&app.calls, &user, call).await.map_err(|error| error.at("callId"))?)
        }
        None => None,
    };
    let of_call = call.as_ref().and_then(number_of);
    let asked = FieldChanges {
        kind: Some(body.kind),
        name: Some(body.name),
        company: Some(body.company_id),
        responsible: Some(body.responsible_id),
        phones: Some(body.phones),
        emails: Some(body.emails),
        tags: Some(body.tags),
        notes: Some(body.notes),
    };
    let mut fields = changed(&app.calls, &user, None, &empty(body.kind), asked).await?;
    fields.phones.extend(of_call.filter(|phone| !fields.phones.iter().any(|of| of.key() == phone.key())));
    let now = app.clock.now();
    let id = ClientId::new(now, clock::random());
    let new = NewClient { id, fields, source: ClientSource::Hand, created_at: now };
    let client = app.store.create_client(&new, app.catalog.scope(&user)).await?;
    app.audit.record(user.id, AuditAction::Created, Some(id), None, Vec::new()).await;
    if let Some(call) = call {
        log_on(&app.calls, &user, &call.stored, Some(id)).await?;
    }
    clients::tell(&app.calls, id).await?;
    Ok((StatusCode::CREATED, axum::Json(show(&app.catalog, &user, client))))
}

/// One client. The id of one that was merged into another gives that one.
#[utoipa::path(
    get,
    path = "/api/v1/clients/{id}",
    tag = "clients",
    params(("id" = ClientId, Path)),
    responses((status = 200, body = ApiClient)),
)]
pub async fn get_client(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
) -> ApiResult<axum::Json<ApiClient>> {
    let client = find(&app.calls, &user, id).await?;
    app.audit.record(user.id, AuditAction::Seen, Some(client.id), None, Vec::new()).await;
    Ok(axum::Json(show_with_merges(&app, &user, client).await?))
}

/// Changes to a client; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateClient {
    /// The version that the change is made to.
    version: i32,
    /// What it is.
    kind: Option<ClientKind>,
    /// 200 characters at most; only a lead may have none.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The company it belongs to; `null` for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ClientId>)]
    company_id: Option<Option<ClientId>>,
    /// Whose it is; `null` for nobody's.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<UserId>)]
    responsible_id: Option<Option<UserId>>,
    /// All its numbers, 50 at most.
    #[schema(max_items = 50)]
    phones: Option<Vec<PhoneInput>>,
    /// All its e-mail addresses, 50 at most.
    #[schema(max_items = 50)]
    emails: Option<Vec<String>>,
    /// All its tags, 50 of 50 characters at most.
    #[schema(max_items = 50)]
    tags: Option<Vec<String>>,
    /// Anything else, 20,000 characters at most; `null` for nothing.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 20000)]
    notes: Option<Option<String>>,
    /// Whether it is put away.
    archived: Option<bool>,
}

/// Changes a client. 409 `changedMeanwhile` where `version` is not the current one.
#[utoipa::path(
    patch,
    path = "/api/v1/clients/{id}",
    tag = "clients",
    params(("id" = ClientId, Path)),
    request_body = UpdateClient,
    responses((status = 200, body = ApiClient)),
)]
pub async fn update_client(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
    Json(body): Json<UpdateClient>,
) -> ApiResult<axum::Json<ApiClient>> {
    let before = find(&app.calls, &user, id).await?;
    if before.id != id || before.version != body.version {
        return Err(changed_meanwhile().into());
    }
    let asked = FieldChanges {
        kind: body.kind,
        name: body.name,
        company: body.company_id,
        responsible: body.responsible_id,
        phones: body.phones,
        emails: body.emails,
        tags: body.tags,
        notes: body.notes,
    };
    let archived = body.archived.unwrap_or(before.archived_at.is_some());
    let fields = changed(&app.calls, &user, Some(&before), &before.fields, asked).await?;
    let (scope, now) = (app.catalog.scope(&user), app.clock.now());
    let after = app.store.update_client(id, before.version, &fields, archived, scope, now).await?;
    let after = after.ok_or_else(changed_meanwhile)?;
    tell_change(&app, &user, &before, &after).await?;
    Ok(axum::Json(show_with_merges(&app, &user, after).await?))
}

/// Puts a client away: it is found only among those put away, and no call is logged on it any more.
#[utoipa::path(
    delete,
    path = "/api/v1/clients/{id}",
    tag = "clients",
    params(("id" = ClientId, Path)),
    responses((status = 204)),
)]
pub async fn archive_client(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
) -> ApiResult<StatusCode> {
    let before = find(&app.calls, &user, id).await?;
    if before.id != id {
        return Err(changed_meanwhile().into());
    }
    let (scope, now) = (app.catalog.scope(&user), app.clock.now());
    let after = app.store.update_client(id, before.version, &before.fields, true, scope, now).await?;
    tell_change(&app, &user, &before, &after.ok_or_else(changed_meanwhile)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes a change to the audit trail and tells everybody's pages.
async fn tell_change(app: &App, user: &User, before: &Client, after: &Client) -> ApiResult<()> {
    let changes = changes(&app.calls, before, after);
    if !changes.is_empty() {
        app.audit.record(user.id, AuditAction::Changed, Some(after.id), None, changes).await;
    }
    let moved = match (before.archived_at, after.archived_at) {
        (None, Some(_)) => Some(AuditAction::Archived),
        (Some(_), None) => Some(AuditAction::Restored),
        _ => None,
    };
    if let Some(action) = moved {
        app.audit.record(user.id, action, Some(after.id), None, Vec::new()).await;
    }
    if before.fields.responsible != after.fields.responsible {
        app.live.client_changes.left(after.id, before.fields.responsible);
    }
    Ok(clients::tell(&app.calls, after.id).await?)
}
