//! Who may come in: sessions for browsers, tokens for programs, passwords for both to begin with.

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

/// Everybody's way in.
pub struct Accounts {
    store: Store,
    clock: Clock,
    /// Hashing, a bounded number at a time.
    pub passwords: Passwords,
    /// Tries to sign in.
    pub attempts: Attempts,
    /// The one-time set-up.
    pub setup: Setup,
    token_use: TokenUse,
}

/// What somebody signed in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A browser's session.
    Session {
        /// Hash of its token, as the store has it.
        token_hash: Vec<u8>,
    },
    /// An API token.
    Token(TokenId),
}

/// An open session or token.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Whose it is.
    pub user: User,
    /// What it is.
    pub via: Via,
    /// When it expires; `None` for never.
    pub until: Option<DateTime<Utc>>,
}

impl Accounts {
    /// `setup_open`: whether there is no user yet.
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

    /// The session of that secret, if it is open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn by_session(&self, secret: &str) -> Result<Option<Opened>, StoreError> {
        let token_hash = secret::hash(secret);
        let session = self.store.session(&token_hash, self.clock.now()).await?;
        let opened = |until, user| Opened { user, via: Via::Session { token_hash }, until: Some(until) };
        Ok(session.map(|session| opened(session.expires_at, session.user)))
    }

    /// The API token of that secret, if it is open. Its use is noted.
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
            // Whoever may only read can do so while the disk is full.
            tracing::warn!(%error, "the use of a token was not written down");
        }
        Ok(Some(Opened { user: token.user, via: Via::Token(token.id), until: token.expires_at }))
    }

    /// Whether a session or token still opens, for the same user in the same role. Asks the database, which other servers
    /// change too.
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
