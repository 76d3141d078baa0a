//! A client as the API shows it.

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
    /// Which.
    pub id: ClientId,
    /// What it is.
    pub kind: ClientKind,
    /// Its name; empty where a missed call made it and nobody has named it yet.
    pub name: String,
    /// The company it belongs to.
    pub company: Option<NamedClient>,
    /// Whose it is.
    pub responsible: Option<NamedUser>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Anything else.
    pub notes: Option<String>,
    /// Its numbers.
    pub phones: Vec<Phone>,
    /// Its e-mail addresses.
    pub emails: Vec<String>,
    /// Where it came from.
    pub source: ClientSource,
    /// What a change has to name.
    pub version: i32,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was put away; null while it is in use.
    pub archived_at: Option<DateTime<Utc>>,
    /// The merges into it that can still be undone; in lists there are none.
    pub merges: Vec<ApiMerge>,
}

/// A client that was merged into another.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Merge)]
pub struct ApiMerge {
    /// The merge.
    pub id: MergeId,
    /// What the client that went into the other was called.
    pub name: String,
    /// When.
    pub merged_at: DateTime<Utc>,
    /// By whom.
    pub by: Option<NamedUser>,
}

/// A client as `user` sees it.
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
