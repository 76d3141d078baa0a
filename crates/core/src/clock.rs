//! Time and randomness: the only place in the server that asks the system for either.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound, Utc};

/// A clock. Cheap to clone; tests provide their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the only place where the server asks the system for the time"
    )]
    pub fn system() -> Self {
        Self::new(Utc::now)
    }

    /// Creates a clock from `now`.
    pub fn new(now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Now, to the microsecond, as both databases store it.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        (self.0)().trunc_subsecs(6)
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Clock({})", self.now())
    }
}

/// `N` unpredictable bytes for ids, tokens and codes.
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    rand::random()
}
