//! Whom something is about or by, with the name to show.

use hookswitch_model::{ClientId, UserId};
use serde::Serialize;
use utoipa::ToSchema;

/// A user, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedUser {
    /// Which.
    pub id: UserId,
    /// What they are called.
    pub name: String,
}

/// A client, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct NamedClient {
    /// Which.
    pub id: ClientId,
    /// What it is called; empty where that is not known.
    pub name: String,
}
