//! Whose clients somebody may see.

use hookswitch_model::UserId;

/// Whose clients somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientScope {
    /// All.
    All,
    /// That user's, and those that are nobody's.
    OwnOrUnassigned(UserId),
}

impl ClientScope {
    /// Whether a client of that user is among them.
    #[must_use]
    pub fn has(self, responsible: Option<UserId>) -> bool {
        match self {
            Self::All => true,
            Self::OwnOrUnassigned(user) => responsible.is_none_or(|responsible| responsible == user),
        }
    }

    /// The user whose clients, besides nobody's, these are; `None` for all clients.
    pub(crate) const fn only_of(self) -> Option<UserId> {
        match self {
            Self::All => None,
            Self::OwnOrUnassigned(user) => Some(user),
        }
    }

    /// The clients among them that are also `responsible`'s (none: nobody's), in parts that an index has each in the order of
    /// names.
    pub(super) fn parts(self, responsible: Option<Option<UserId>>) -> Vec<Part> {
        match (self, responsible) {
            (Self::All, None) => vec![Part::All],
            (Self::OwnOrUnassigned(user), None) => vec![Part::Of(user), Part::Nobodys],
            (_, Some(None)) => vec![Part::Nobodys],
            (scope, Some(Some(user))) if scope.has(Some(user)) => vec![Part::Of(user)],
            (_, Some(Some(_))) => Vec::new(),
        }
    }
}

/// Clients that an index has in the order of their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Of(UserId),
    Nobodys,
}
