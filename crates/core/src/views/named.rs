//! Whom something is about or by, with the name to show.

use hookswitch_model::{ClientId, ClientKind};
use hookswitch_store::ClientSummary;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::{Catalog, NamedUser};

/// A client, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedClient {
    /// Which.
    pub id: ClientId,
    /// What it is called; empty where that is not known.
    pub name: String,
}

/// A client in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClientSummary)]
pub struct ApiClientSummary {
    /// Which.
    pub id: ClientId,
    /// What it is.
    pub kind: ClientKind,
    /// What it is called; empty where a missed call made it and nobody has named it yet.
    pub name: String,
    /// The company it belongs to.
    pub company: Option<NamedClient>,
    /// Whose it is.
    pub responsible: Option<NamedUser>,
}

impl ApiClientSummary {
    /// A client of the database.
    pub fn new(catalog: &Catalog, client: &ClientSummary) -> Self {
        let company = client.company.as_ref();
        Self {
            id: client.id,
            kind: client.kind,
            name: client.name.clone(),
            company: company.map(|(id, name)| NamedClient { id: *id, name: name.clone() }),
            responsible: client.responsible.map(|user| catalog.directory.named(user)),
        }
    }
}
