//! Passwords: Argon2id, off the async threads, a few at a time.

use std::net::IpAddr;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::places::{Places, network};

/// Each takes 19 MiB and about 20 ms of one core.
const AT_ONCE: usize = 2;
/// Waiting and running; further ones are rejected.
const QUEUE: usize = 64;
/// Of these, passwords to check from one network.
const QUEUE_OF_NETWORK: usize = 16;
/// No password matches it. It is checked for unknown logins, so that they take as long as a wrong password.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and checks passwords.
#[derive(Debug)]
pub struct Passwords {
    queue: Arc<Semaphore>,
    of_network: Places<IpAddr>,
    at_once: Arc<Semaphore>,
}

/// Why a password was neither hashed nor checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too many are waiting.
    #[error("too many people are signing in; try again in a moment")]
    Busy,
    /// Argon2 failed, or the stored hash is invalid.
    #[error("the password cannot be processed: {0}")]
    Hash(#[from] password_hash::Error),
    /// The hashing thread ended early.
    #[error("the password cannot be processed: {0}")]
    Thread(#[from] tokio::task::JoinError),
}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Busy => {
                Self::unavailable(1, "Too many people are signing in. Try again in a moment.")
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
    /// Creates an idle queue.
    #[must_use]
    pub fn new() -> Self {
        Self {
            queue: Arc::new(Semaphore::new(QUEUE)),
            of_network: Places::new(QUEUE_OF_NETWORK),
            at_once: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Hashes a password for storage, in PHC format.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] if too many are waiting.
    pub async fn hash(&self, password: SecretString) -> Result<String, PasswordError> {
        self.run((), move || {
            Ok(Argon2::default().hash_password(password.expose_secret().as_bytes())?.to_string())
        })
        .await
    }

    /// Whether the password matches the hash; without a hash it takes as long and returns false. `from` is the address
    /// the password came from.
    ///
    /// # Errors
    /// [`PasswordError::Busy`] if too many are waiting, or too many from the same network.
    pub async fn verify(
        &self,
        password: SecretString,
        hash: Option<&str>,
        from: IpAddr,
    ) -> Result<bool, PasswordError> {
        let place = self.of_network.take(network(from)).ok_or(PasswordError::Busy)?;
        let hash: Arc<str> = hash.unwrap_or(NOBODYS).into();
        let verify = move || {
            let hash = PasswordHash::new(&hash).map_err(password_hash::Error::from)?;
            match Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(password_hash::Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error.into()),
            }
        };
        self.run(place, verify).await
    }

    /// The places move into the thread: a caller who stops waiting does not stop the work, which keeps its place until
    /// it ends.
    async fn run<T: Send + 'static>(
        &self,
        place_of_network: impl Send + 'static,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let turn = Arc::clone(&self.at_once).acquire_owned().await.map_err(|_| PasswordError::Busy)?;
        let places = (place_of_network, place, turn);
        let work = move || {
            let done = work();
            drop(places);
            done
        };
        tokio::task::spawn_blocking(work).await?
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[tokio::test]
    async fn a_password_matches_only_its_own_hash() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse".into()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse".into(), Some(&hash), HERE).await.unwrap());
        assert!(!passwords.verify("wrong horse".into(), Some(&hash), HERE).await.unwrap());
    }

    #[tokio::test]
    async fn without_a_hash_the_same_work_is_done() {
        assert!(!Passwords::new().verify("anything".into(), None, HERE).await.unwrap());
        let (nobodys, mine) =
            (PasswordHash::new(NOBODYS).unwrap(), Argon2::default().hash_password(b"x").unwrap());
        assert_eq!(nobodys.params, mine.params);
    }

    #[tokio::test]
    async fn a_crowd_is_rejected_instead_of_piling_up() {
        let passwords = Arc::new(Passwords::new());
        let _full = passwords.queue.acquire_many(u32::try_from(QUEUE).unwrap()).await.unwrap();
        assert!(matches!(passwords.hash("correct horse".into()).await, Err(PasswordError::Busy)));
    }

    #[tokio::test]
    async fn one_network_leaves_places_to_others() {
        let passwords = Passwords::new();
        let crowd: Vec<_> = (0..QUEUE).map_while(|_| passwords.of_network.take(HERE)).collect();
        assert_eq!(crowd.len(), QUEUE_OF_NETWORK);
        let from_here = passwords.verify("a guess".into(), None, HERE).await;
        assert!(matches!(from_here, Err(PasswordError::Busy)));
        assert!(!passwords.verify("a guess".into(), None, [192, 0, 2, 1].into()).await.unwrap());
    }

    #[tokio::test]
    async fn a_caller_who_stops_waiting_does_not_change_the_bound() {
        let passwords = Arc::new(Passwords::new());
        let mut ends = Vec::new();
        for _ in 0..AT_ONCE {
            let ((end, wait), (started, has_started)) =
                (mpsc::channel::<()>(), tokio::sync::oneshot::channel());
            let work = move || {
                let _ = started.send(());
                let _ = wait.recv();
                Ok(())
            };
            let passwords = Arc::clone(&passwords);
            let waiting = tokio::spawn(async move { passwords.run((), work).await });
            has_started.await.unwrap();
            waiting.abort();
            assert!(waiting.await.unwrap_err().is_cancelled());
            ends.push(end);
        }
        assert_eq!(passwords.at_once.available_permits(), 0, "the work continues");
        assert_eq!(passwords.queue.available_permits(), QUEUE - AT_ONCE);

        ends.clear();
        let checked = tokio::time::timeout(Duration::from_secs(10), passwords.verify("x".into(), None, HERE));
        assert!(!checked.await.expect("places are free again").unwrap());
    }
}
