//! Which clients a user may see.

use hookswitch_model::UserId;

/// Which clients a user may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientScope {
    All,
    /// This user's, and those without a responsible user.
    OwnOrUnassigned(UserId),
}

impl ClientScope {
    /// Whether it includes a client with this responsible user.
    #[must_use]
    pub fn has(self, responsible: Option<UserId>) -> bool {
        match self {
            Self::All => true,
            Self::OwnOrUnassigned(user) => responsible.is_none_or(|responsible| responsible == user),
        }
    }

    /// The user whose clients, apart from unassigned ones, these are; `None` for all clients.
    pub(crate) const fn only_of(self) -> Option<UserId> {
        match self {
            Self::All => None,
            Self::OwnOrUnassigned(user) => Some(user),
        }
    }

    /// The included clients that also have this responsible user (`None`: have none), in parts that each have an index
    /// in name order.
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

/// Clients with an index in name order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    All,
    Of(UserId),
    Nobodys,
}
