//! Typed ids. Each is a UUIDv7, so ids sort by creation time.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A UUIDv7 from the time `now` and ten random bytes.
#[must_use]
pub fn uuid_v7(now: DateTime<Utc>, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id for the time `now`.
            #[must_use]
            pub fn new(now: DateTime<Utc>, random: [u8; 10]) -> Self {
                Self(uuid_v7(now, random))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(CallId);
id!(
    /// A module: one connected provider account.
    ModuleId
);
id!(
    /// An accepted webhook request.
    RequestId
);
id!(
    /// A user of the system: an operator or an administrator.
    UserId
);
id!(
    /// An API token.
    TokenId
);
id!(
    /// A client: a contact, a company or a lead.
    ClientId
);
id!(
    /// A comment in a client's activity stream.
    CommentId
);
id!(
    /// A merge of two clients.
    MergeId
);
id!(
    /// An erasure of a client or a call.
    ErasureId
);
id!(
    /// An import of clients.
    ImportId
);
id!(
    /// A list of outcome codes.
    OutcomeListId
);
id!(
    /// An outcome code.
    OutcomeId
);
