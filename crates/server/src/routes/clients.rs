//! Clients: listing, reading, creating and updating.

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

/// Longest search text, in characters.
const MAX_QUERY: usize = 200;

/// Filters for clients.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListClients {
    /// Text to search for: words of a name, a number in any format, an e-mail address or `#tag`, or the beginnings of
    /// them. Returns a single page with the best matches.
    #[param(max_length = 200)]
    query: Option<String>,
    /// One of their numbers in any format; without a country code, it is read in each module's default country.
    phone: Option<String>,
    /// Contact, company or lead.
    #[param(inline)]
    kind: Option<ClientKind>,
    /// Id of the responsible user, or `none` for clients without one.
    #[serde(default, deserialize_with = "user_or_none")]
    #[param(value_type = Option<String>, pattern = r"^(none|[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12})$")]
    responsible_id: Option<Option<UserId>>,
    /// One of their tags.
    tag: Option<String>,
    /// Id of the company they belong to.
    company_id: Option<ClientId>,
    /// Whether to list archived clients; defaults to `false`.
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

/// A query as the store takes it.
pub struct Asked {
    /// What the clients must match.
    pub filter: ClientFilter,
    /// The text to search for, if any.
    pub search: Option<ClientSearch>,
}

impl ListClients {
    /// Converts to a query for the store.
    ///
    /// # Errors
    /// Returns 422 if the search text is too long.
    pub fn asked(self, app: &App, user: &User) -> ApiResult<Asked> {
        if self.query.as_ref().is_some_and(|query| query.chars().count() > MAX_QUERY) {
            return Err(Error::invalid(
                "query",
                format!("Shorten the search text to {MAX_QUERY} characters."),
            )
            .into());
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

/// Lists clients by name; with `query`, the best matches first.
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

/// A client to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct CreateClient {
    /// Contact, company or lead.
    kind: ClientKind,
    /// At most 200 characters; only a lead may have an empty name.
    #[schema(max_length = 200)]
    name: String,
    /// The company the client belongs to.
    #[serde(default)]
    company_id: Option<ClientId>,
    /// The user responsible for the client.
    #[serde(default)]
    responsible_id: Option<UserId>,
    /// Phone numbers, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    phones: Vec<PhoneInput>,
    /// E-mail addresses, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    emails: Vec<String>,
    /// Tags: at most 50, of at most 50 characters each.
    #[serde(default)]
    #[schema(max_items = 50)]
    tags: Vec<String>,
    /// Free text, at most 20,000 characters.
    #[serde(default)]
    #[schema(max_length = 20000)]
    notes: Option<String>,
    /// A call to log on the client; its number is added to the client's.
    #[serde(default)]
    call_id: Option<CallId>,
}

/// Creates a client.
///
/// Earlier calls from its numbers are logged on it, unless another client has the same number.
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

/// Returns a client. The id of a client that was merged into another returns the other.
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

/// Changes to a client; omitted fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UpdateClient {
    /// The version that the changes apply to.
    version: i32,
    /// Contact, company or lead.
    kind: Option<ClientKind>,
    /// At most 200 characters; only a lead may have an empty name.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// The company the client belongs to; `null` for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<ClientId>)]
    company_id: Option<Option<ClientId>>,
    /// The user responsible for the client; `null` for nobody.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<UserId>)]
    responsible_id: Option<Option<UserId>>,
    /// Phone numbers, at most 50; replaces the whole list.
    #[schema(max_items = 50)]
    phones: Option<Vec<PhoneInput>>,
    /// E-mail addresses, at most 50; replaces the whole list.
    #[schema(max_items = 50)]
    emails: Option<Vec<String>>,
    /// Tags, at most 50 of at most 50 characters each; replaces the whole list.
    #[schema(max_items = 50)]
    tags: Option<Vec<String>>,
    /// Free text, at most 20,000 characters; `null` for none.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 20000)]
    notes: Option<Option<String>>,
    /// Whether the client is archived.
    archived: Option<bool>,
}

/// Updates a client. Returns 409 `changedMeanwhile` if `version` is not the current one.
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

/// Archives a client: it is listed only among archived clients, and no new call is logged on it.
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

/// Records a change in the audit trail and announces it to every open page.
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
