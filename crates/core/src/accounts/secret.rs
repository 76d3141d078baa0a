//! Random secrets that are shown once and stored as a hash.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::clock;

/// 256 random bits: the token of a session or the API.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Generates a new secret.
    #[must_use]
    pub fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(clock::random::<32>()).into())
    }

    /// The text to hand out, once.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The hash to store.
    #[must_use]
    pub fn hash(&self) -> Vec<u8> {
        hash(self.expose())
    }
}

impl Default for Secret {
    fn default() -> Self {
        Self::new()
    }
}

/// The hash of a received secret. Random secrets of this size need no slow hash.
pub fn hash(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}
