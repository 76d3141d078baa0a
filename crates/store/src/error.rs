//! Errors of the store.

use std::path::PathBuf;
use std::sync::Arc;

use hookswitch_model::ReduceError;
use thiserror::Error;

use crate::faults;
use crate::storage::{MAX_KEYS, MAX_VALUE_BYTES};
use hookswitch_model::contract::MAX_STORAGE_KEY_BYTES;

/// Why the database could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Not a supported database URL.
    #[error("the database URL must start with `sqlite:` or `postgres://`, and `sqlite:` needs a file: {0}")]
    Url(String),
    /// The database was used by a newer version of Hookswitch.
    #[error(
        "the database has schema version {found}, but this program supports only up to {known}: a newer Hookswitch has \
         used this database; start that version or a newer one"
    )]
    SchemaTooNew {
        found: i64,
        /// The newest version supported by this program.
        known: i64,
    },
    /// The secrets in the database were encrypted with another key.
    #[error(
        "the secrets in the database were encrypted with another key; start the server with the key it was \
         started with before (HOOKSWITCH_SECRET_KEY or the key file)"
    )]
    WrongKey,
    /// The database file could not be created or opened.
    #[error("the database file {path} cannot be created or opened: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database returned an error.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] sqlx::Error),
}

/// Why reading or writing failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another user has the login.
    #[error("another user already has this login (case is ignored)")]
    LoginTaken,
    /// There would be no active administrator left.
    #[error("this is the last active administrator; make another user an administrator first")]
    LastAdmin,
    #[error("there is no such user")]
    UnknownUser,
    /// A company or user referred to does not exist.
    #[error("the company or user referred to no longer exists")]
    UnknownReference,
    #[error("there is no such module")]
    UnknownModule,
    /// Two bindings for one member.
    #[error("the member {0} is bound twice; a member has one user")]
    MemberBoundTwice(String),
    #[error("the storage key has more than {MAX_STORAGE_KEY_BYTES} bytes")]
    StorageKeyTooLong,
    #[error("the storage value has more than {MAX_VALUE_BYTES} bytes as JSON")]
    StorageValueTooLong,
    /// A module has too many keys.
    #[error("the module already has {MAX_KEYS} storage keys; delete some or let them expire")]
    StorageFull,
    /// A fact could not be added to its call.
    #[error(transparent)]
    Reduce(#[from] ReduceError),
    /// A secret in the database does not decrypt.
    #[error(
        "the secret {0} cannot be decrypted: it was changed outside Hookswitch, or written with another key"
    )]
    Secret(String),
    /// Something in the database was not written by this program.
    #[error("the database contains data that this program did not write: {0}")]
    Corrupt(String),
    /// Other nodes kept writing the same calls.
    #[error("other nodes kept changing the same calls; try again")]
    Contention,
    /// Writing it panicked.
    #[error("writing it failed inside; the server's log says why")]
    Panicked,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// `hookswitch backup` does not support PostgreSQL.
    #[error("only a SQLite database is backed up this way; for PostgreSQL use pg_dump")]
    BackupUnsupported,
    /// The backup could not be written.
    #[error("the backup {path} cannot be written: {source}")]
    BackupFile { path: PathBuf, source: Arc<std::io::Error> },
    /// The database cannot be reached or cannot write: a full disk, a read-only file, a server that is down. Trying
    /// again later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database returned an error.
    #[error("the database failed: {0}")]
    Database(Arc<sqlx::Error>),
}

impl StoreError {
    /// Whether the same operation may succeed later.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Contention | Self::Closed)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        faults::note(&error);
        match error {
            sqlx::Error::PoolClosed => Self::Closed,
            // The column has a type this program does not write.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error.to_string()),
            error if faults::is_unavailable(&error) => Self::Unavailable(error.to_string()),
            error => Self::Database(Arc::new(error)),
        }
    }
}
