//! References to users and clients, with the name to show.

use hookswitch_model::{ClientId, ClientKind};
use hookswitch_store::ClientSummary;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::{Catalog, NamedUser};

/// A client with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedClient {
    /// The client's id.
    pub id: ClientId,
    /// The name; empty if it is not known.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ClientSummary)]
pub struct ApiClientSummary {
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
}

impl ApiClientSummary {
    /// From a client in the database.
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
