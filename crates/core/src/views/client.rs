//! A client as shown by the API.

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, ClientKind, MergeId};
use hookswitch_store::{Client, ClientSource, User};
use serde::Serialize;
use utoipa::ToSchema;

use super::NamedClient;
use super::number::Phone;
use crate::catalog::{Catalog, NamedUser};

/// A client: a contact, a company or a lead.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Client)]
pub struct ApiClient {
    /// The client's id.
    pub id: ClientId,
    /// The kind of the client.
    pub kind: ClientKind,
    /// The name; empty if the client was created for a missed call and has not been named yet.
    pub name: String,
    /// The company it belongs to.
    pub company: Option<NamedClient>,
    /// The responsible user.
    pub responsible: Option<NamedUser>,
    /// Search terms.
    pub tags: Vec<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Its numbers.
    pub phones: Vec<Phone>,
    /// Its e-mail addresses.
    pub emails: Vec<String>,
    /// The origin of the client.
    pub source: ClientSource,
    /// The version to give when changing the client.
    pub version: i32,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was archived; null while it is in use.
    pub archived_at: Option<DateTime<Utc>>,
    /// The merges into it that can still be undone; empty in lists.
    pub merges: Vec<ApiMerge>,
}

/// A merge of a client into another.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Merge)]
pub struct ApiMerge {
    /// The merge's id.
    pub id: MergeId,
    /// The name of the merged client.
    pub name: String,
    /// When they were merged.
    pub merged_at: DateTime<Utc>,
    /// The user who merged them.
    pub by: Option<NamedUser>,
}

/// A client as seen by `user`.
#[must_use]
pub fn show(catalog: &Catalog, user: &User, client: Client) -> ApiClient {
    let hidden = catalog.settings.get().hides_numbers(user.role);
    let fields = client.fields;
    let company = fields.company.map(|id| NamedClient { id, name: client.company_name.unwrap_or_default() });
    ApiClient {
        id: client.id,
        kind: fields.kind,
        name: fields.name,
        company,
        responsible: fields.responsible.map(|user| catalog.directory.named(user)),
        tags: fields.tags,
        notes: fields.notes,
        phones: fields.phones.iter().map(|phone| Phone::new(phone, hidden)).collect(),
        emails: fields.emails,
        source: client.source,
        version: client.version,
        created_at: client.created_at,
        updated_at: client.updated_at,
        archived_at: client.archived_at,
        merges: Vec::new(),
    }
}
