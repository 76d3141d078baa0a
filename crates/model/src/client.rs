//! Clients: whom the company talks with.

use serde::{Deserialize, Serialize};

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ClientKind {
    /// A person.
    Contact,
    /// A company.
    Company,
    /// Somebody of whom it is not known yet what they are.
    Lead,
}

impl ClientKind {
    /// As in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
            Self::Lead => "lead",
        }
    }
}
