//! Clients: contacts, companies and leads.

mod duplicates;
pub(crate) mod lead_creation;
mod list;
mod merge;
mod merged_fields;
pub(crate) mod number_owners;
mod read;
mod scope;
mod search;
pub(crate) mod search_terms;
pub(crate) mod summary;
mod write;

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, ClientKind, UserId};
use serde::{Deserialize, Serialize};

use crate::db::from_word;
use crate::error::StoreError;

pub use duplicates::{Because, ClientKeys};
pub use list::{ClientCursor, ClientFilter, ClientPage};
pub use merge::Merge;
pub use number_owners::ClientMatch;
pub use scope::ClientScope;
pub use search::ClientSearch;
pub use search_terms::folded;
pub use summary::ClientSummary;
pub use write::ClientWrite;
pub(crate) use write::remove_parts;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    pub fields: ClientFields,
    pub company_name: Option<String>,
    pub source: ClientSource,
    /// Grows with each change.
    pub version: i32,
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    pub archived_at: Option<DateTime<Utc>>,
}

/// The editable fields of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientFields {
    pub kind: ClientKind,
    /// Empty if it was created for a missed call and has not been named yet.
    pub name: String,
    /// The company it belongs to.
    pub company: Option<ClientId>,
    pub responsible: Option<UserId>,
    /// In the order shown.
    pub phones: Vec<ClientPhone>,
    /// In the order shown.
    pub emails: Vec<String>,
    /// Search terms.
    pub tags: Vec<String>,
    /// Free text.
    pub notes: Option<String>,
}

/// A client's phone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientPhone {
    /// Tells it apart from the client's other numbers.
    pub label: Option<String>,
    /// As typed.
    pub number: String,
    /// In E.164, if it is a valid number.
    pub e164: Option<String>,
}

impl ClientPhone {
    /// Identifies the number among the client's, however it is spelled.
    #[must_use]
    pub fn key(&self) -> String {
        let spelled = || self.number.chars().filter(|c| c.is_alphanumeric() || "+*#".contains(*c)).collect();
        self.e164.clone().unwrap_or_else(spelled)
    }
}

/// The origin of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ClientSource {
    /// A user created it.
    Hand,
    /// It was created for a missed call from an unknown caller.
    MissedCall,
    /// It was imported from a file.
    Import,
}

impl ClientSource {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::MissedCall => "missedCall",
            Self::Import => "import",
        }
    }
}

impl TryFrom<String> for ClientSource {
    type Error = StoreError;

    fn try_from(word: String) -> Result<Self, StoreError> {
        from_word(word)
    }
}

/// A client to create.
#[derive(Debug, Clone)]
pub struct NewClient {
    pub id: ClientId,
    pub fields: ClientFields,
    pub source: ClientSource,
    pub created_at: DateTime<Utc>,
}
