//! Who is calling: sessions for browsers, tokens for programs, passwords for both to begin with.

use std::num::NonZeroU32;

mod attempts;
mod caller;
mod cookie;
mod origin;
mod password;
mod secret;
mod setup;

pub use attempts::Attempts;
pub use caller::{Admin, SignedIn, Via};
pub use cookie::{SESSION_COOKIE, ended_session, new_session};
pub use origin::require_own_origin;
pub use password::{PasswordError, Passwords};
pub use secret::Secret;
pub use setup::Setup;

use caller::TokenUse;

/// What signing in needs to remember between requests.
#[derive(Debug)]
pub struct Auth {
    /// Hashing, a bounded number at a time.
    pub passwords: Passwords,
    /// Tries to sign in.
    pub attempts: Attempts,
    /// The one-time set-up.
    pub setup: Setup,
    token_use: TokenUse,
}

impl Auth {
    /// `setup_open`: whether there is no user yet.
    #[must_use]
    pub fn new(attempts_per_minute: NonZeroU32, setup_open: bool) -> Self {
        Self {
            passwords: Passwords::new(),
            attempts: Attempts::new(attempts_per_minute),
            setup: Setup::new(setup_open),
            token_use: TokenUse::default(),
        }
    }
}
