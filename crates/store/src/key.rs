//! The key that encrypts secrets at rest.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use ring::hmac;
use thiserror::Error;

/// Why there is no usable key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Not 32 bytes of base64.
    #[error("{0} is not base64 of exactly 32 bytes; create a key with `openssl rand -base64 32`")]
    Malformed(String),
    /// The file is readable by others than its owner.
    #[error("the key file {path} can be read by others (mode {mode:03o}); run: chmod 600 {path}")]
    TooOpen { path: PathBuf, mode: u32 },
    /// The file could not be read or created.
    #[error("the key file {path} cannot be read or created: {source}")]
    File { path: PathBuf, source: std::io::Error },
}

/// 32 bytes that encrypt the secrets (XChaCha20-Poly1305).
#[derive(Clone)]
pub struct SecretKey([u8; 32]);

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretKey")
    }
}

const NONCE_BYTES: usize = 24;

impl SecretKey {
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Decodes the key from base64, as in an environment variable. `name` is the source named in the error.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn from_base64(name: &str, text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| KeyError::Malformed(name.to_owned()))
    }

    /// Loads the key from a file, in base64; creates the file with a new key, mode 0600, if it does not exist.
    ///
    /// # Errors
    /// [`KeyError::TooOpen`] if others than its owner may read the file.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
            Ok(mut file) => {
                let key = Self(rand::random());
                writeln!(file, "{}", STANDARD.encode(key.0)).map_err(failed)?;
                file.sync_all().map_err(failed)?;
                Ok(key)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Self::load(path),
            Err(error) => Err(failed(error)),
        }
    }

    fn load(path: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::TooOpen { path: path.to_owned(), mode });
        }
        let mut text = String::new();
        file.take(1024).read_to_string(&mut text).map_err(failed)?;
        Self::from_base64(&path.display().to_string(), &text)
    }

    /// Returns nonce and ciphertext, bound to `what`: only the same `what` decrypts it.
    pub(crate) fn encrypt(&self, what: &str, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let payload = Payload { msg: plain, aad: what.as_bytes() };
        #[expect(clippy::expect_used, reason = "fails only for messages of 256 GiB")]
        let sealed = self.cipher().encrypt(&XNonce::from(nonce), payload).expect("a short message");
        [nonce.as_slice(), &sealed].concat()
    }

    /// The plaintext; `None` if the key, `what` or the bytes do not match the encryption.
    pub(crate) fn decrypt(&self, what: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: what.as_bytes() };
        self.cipher().decrypt(&XNonce::from(*nonce), payload).ok()
    }

    /// A key for hashes of one kind (`what`) that only the owner of this key can compute.
    pub(crate) fn hashing(&self, what: &str) -> hmac::Key {
        let own = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&own, what.as_bytes()).as_ref())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}
