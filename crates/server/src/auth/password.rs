//! Passwords: Argon2id, off the async threads, a few at a time.

use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::ApiError;

/// Each takes 19 MiB and some 20 ms of one core.
const AT_ONCE: usize = 2;
/// Waiting and under way; one more is sent away.
const QUEUE: usize = 64;
/// No password has it. Checked where there is no user, so that an unknown login takes as long as a wrong password.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    queue: Semaphore,
    at_once: Semaphore,
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("too many people sign in at the same time; try again in a moment")]
    Busy,
    /// Argon2 failed, or the kept hash is none.
    #[error("the password cannot be processed: {0}")]
    Hash(#[from] password_hash::Error),
    /// The hashing thread ended early.
    #[error("the password cannot be processed: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl From<PasswordError> for ApiError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => {
                Self::unavailable(1, "Too many people sign in at the same time. Try again in a moment.")
            }
            other => Self::internal(other),
        }
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// Nothing under way.
    #[must_use]
    pub const fn new() -> Self {
        Self { queue: Semaphore::const_new(QUEUE), at_once: Semaphore::const_new(AT_ONCE) }
    }

    /// What is kept of a password, in PHC form.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.run(move || {
            Ok(Argon2::default().hash_password(password.expose_secret().as_bytes())?.to_string())
        })
        .await
    }

    /// Whether this is the password of that hash; without a hash it takes as long and is not.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] when too many wait.
    pub async fn verify(&self, password: SecretString, hash: Option<&str>) -> Result<bool, PasswordError> {
        let hash: Arc<str> = hash.unwrap_or(NOBODYS).into();
        let verify = move || {
            let hash = PasswordHash::new(&hash).map_err(password_hash::Error::from)?;
            match Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        self.run(verify).await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let _place = self.queue.try_acquire().map_err(|_| PasswordError::Busy)?;
        let _turn = self.at_once.acquire().await.map_err(|_| PasswordError::Busy)?;
        tokio::task::spawn_blocking(work).await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_hash_alone() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(&hash)).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(&hash)).await.unwrap());
    }

    #[tokio::test]
    async fn without_a_hash_the_same_work_is_done_in_vain() {
        assert!(!Passwords::new().verify("anything".into(), None).await.unwrap());
        let (nobodys, mine) =
            (PasswordHash::new(NOBODYS).unwrap(), Argon2::default().hash_password(b"x").unwrap());
        assert_eq!(nobodys.params, mine.params);
    }

    #[tokio::test]
    async fn a_crowd_is_sent_away_instead_of_piling_up() {
        let passwords = Arc::new(Passwords::new());
        let _full = passwords.queue.acquire_many(u32::try_from(QUEUE).unwrap()).await.unwrap();
        assert!(matches!(passwords.hash("correct horse".into()).await, Err(PasswordError::Busy)));
    }
}
