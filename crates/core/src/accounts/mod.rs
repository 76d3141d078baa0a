//! Authentication: sessions for browsers, tokens for programs, and the passwords both start from.

use std::num::NonZeroU32;

use chrono::{DateTime, Utc};
use hookswitch_model::TokenId;
use hookswitch_store::{Store, StoreError, User};

use crate::clock::Clock;

mod attempts;
pub mod check;
mod password;
mod secret;
mod setup;
mod token_use;

pub use attempts::Attempts;
pub use password::{PasswordError, Passwords};
pub use secret::Secret;
pub use setup::Setup;

use token_use::TokenUse;

/// Authentication services.
pub struct Accounts {
    store: Store,
    clock: Clock,
    /// Password hashing, a bounded number at a time.
    pub passwords: Passwords,
    /// Sign-in attempts.
    pub attempts: Attempts,
    /// The one-time setup.
    pub setup: Setup,
    token_use: TokenUse,
}

/// How somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A browser's session.
    Session {
        /// Hash of its token, as in the store.
        token_hash: Vec<u8>,
    },
    /// An API token.
    Token(TokenId),
}

/// An open session or token.
#[derive(Debug, Clone)]
pub struct Opened {
    pub user: User,
    /// The session or token.
    pub via: Via,
    /// `None` for never.
    pub until: Option<DateTime<Utc>>,
}

impl Accounts {
    /// `setup_open`: whether there are no users yet.
    #[must_use]
    pub fn new(store: Store, clock: Clock, attempts_per_minute: NonZeroU32, setup_open: bool) -> Self {
        Self {
            store,
            clock,
            passwords: Passwords::new(),
            attempts: Attempts::new(attempts_per_minute),
            setup: Setup::new(setup_open),
            token_use: TokenUse::default(),
        }
    }

    /// The open session with this secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_session(&self, secret: &str) -> Result<Option<Opened>, StoreError> {
        let token_hash = secret::hash(secret);
        let session = self.store.session(&token_hash, self.clock.now()).await?;
        let opened = |until, user| Opened { user, via: Via::Session { token_hash }, until: Some(until) };
        Ok(session.map(|session| opened(session.expires_at, session.user)))
    }

    /// The open API token with this secret. Records its use.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_token(&self, secret: &str) -> Result<Option<Opened>, StoreError> {
        let now = self.clock.now();
        let Some(token) = self.store.token_by_hash(&secret::hash(secret), now).await? else {
            return Ok(None);
        };
        if self.token_use.is_news(token.id, now)
            && let Err(error) = self.store.touch_token(token.id, now).await
        {
            // A full disk must not stop those who only read.
            tracing::warn!(%error, "the use of a token could not be recorded");
        }
        Ok(Some(Opened { user: token.user, via: Via::Token(token.id), until: token.expires_at }))
    }

    /// Whether a session or token is still valid for the same user in the same role. Queries the database, which other
    /// servers change too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_open(&self, user: &User, via: &Via) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let owner = match via {
            Via::Session { token_hash } => {
                self.store.session(token_hash, now).await?.map(|session| session.user)
            }
            Via::Token(id) => self.store.open_token(*id, now).await?.map(|token| token.user),
        };
        Ok(owner.is_some_and(|owner| (owner.id, owner.role) == (user.id, user.role)))
    }
}
