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

/// A client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub id: ClientId,
    /// What people say of it.
    pub fields: ClientFields,
    /// The name of its company.
    pub company_name: Option<String>,
    /// Where it came from.
    pub source: ClientSource,
    /// Grows with each change.
    pub version: i32,
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was put away.
    pub archived_at: Option<DateTime<Utc>>,
}

/// What people say of a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientFields {
    pub kind: ClientKind,
    /// Its name; empty where a missed call made it and nobody has named it yet.
    pub name: String,
    /// The company it belongs to.
    pub company: Option<ClientId>,
    pub responsible: Option<UserId>,
    /// Its numbers, in the order in which people see them.
    pub phones: Vec<ClientPhone>,
    /// Its e-mail addresses, in the same way.
    pub emails: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Anything else.
    pub notes: Option<String>,
}

/// A number of a client's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientPhone {
    /// Which of its numbers.
    pub label: Option<String>,
    /// As somebody typed it.
    pub number: String,
    /// In E.164, where it is a number of some country.
    pub e164: Option<String>,
}

impl ClientPhone {
    /// What tells it from the client's other numbers, in whichever spelling.
    #[must_use]
    pub fn key(&self) -> String {
        let spelled = || self.number.chars().filter(|c| c.is_alphanumeric() || "+*#".contains(*c)).collect();
        self.e164.clone().unwrap_or_else(spelled)
    }
}

/// Where a client came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ClientSource {
    /// Somebody made it.
    Hand,
    /// A missed call of an unknown caller made it.
    MissedCall,
    /// It was in a file that somebody imported.
    Import,
}

impl ClientSource {
    /// As in the API and the database.
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

/// A client to be made.
#[derive(Debug, Clone)]
pub struct NewClient {
    pub id: ClientId,
    /// What people say of it.
    pub fields: ClientFields,
    /// Where it comes from.
    pub source: ClientSource,
    pub created_at: DateTime<Utc>,
}
