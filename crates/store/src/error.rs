//! What can go wrong.

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
    /// Not a database URL of a kind we know.
    #[error("the database URL has to begin with `sqlite:` or `postgres://`, and `sqlite:` needs a file: {0}")]
    Url(String),
    /// A newer Hookswitch has been here.
    #[error(
        "the database has schema version {found}, this program knows only up to {known}: a newer Hookswitch has \
         used this database; start that version or a newer one"
    )]
    SchemaTooNew {
        /// The version in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// The secrets in it were encrypted with another key.
    #[error(
        "this is not the key that the secrets in the database were encrypted with; give the server the key it was \
         started with before (HOOKSWITCH_SECRET_KEY or the key file)"
    )]
    WrongKey,
    /// The database file could not be made.
    #[error("the database file {path} cannot be made or opened: {source}")]
    File { path: PathBuf, source: std::io::Error },
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The database said no.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] sqlx::Error),
}

/// Why something could not be read or written.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// `login` is another user's.
    #[error("another user has this login already (upper and lower case count the same)")]
    LoginTaken,
    /// Nobody could administer the system any more.
    #[error("this is the last active administrator; make another user an administrator first")]
    LastAdmin,
    /// There is no such user.
    #[error("there is no such user")]
    UnknownUser,
    /// Something that is referred to is not there: a company, a user.
    #[error("something that is referred to is not there any more")]
    UnknownReference,
    /// There is no such module.
    #[error("there is no such module")]
    UnknownModule,
    /// Two bindings for one member.
    #[error("the member {0} is bound twice; a member has one user")]
    MemberBoundTwice(String),
    /// A key of module storage is too long.
    #[error("the storage key has more than {MAX_STORAGE_KEY_BYTES} bytes")]
    StorageKeyTooLong,
    /// A value of module storage is too long.
    #[error("the storage value has more than {MAX_VALUE_BYTES} bytes as JSON")]
    StorageValueTooLong,
    /// A module keeps too many keys.
    #[error("the module has {MAX_KEYS} storage keys already; delete some or let them expire")]
    StorageFull,
    /// A fact could not be added to its call.
    #[error(transparent)]
    Reduce(#[from] ReduceError),
    /// A secret in the database does not decrypt.
    #[error(
        "the secret {0} cannot be decrypted: it was changed outside Hookswitch, or written with another key"
    )]
    Secret(String),
    /// Something in the database is not what this program writes.
    #[error("the database holds something that this program did not write: {0}")]
    Corrupt(String),
    /// Too many nodes wrote the same calls at the same time.
    #[error("other nodes kept changing the same calls; try again")]
    Contention,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// `hookswitch backup` of PostgreSQL.
    #[error("only a SQLite database is backed up this way; for PostgreSQL use pg_dump")]
    BackupUnsupported,
    /// The backup could not be written.
    #[error("the backup {path} cannot be written: {source}")]
    BackupFile {
        /// Where it was to go.
        path: PathBuf,
        source: Arc<std::io::Error>,
    },
    /// The database cannot be reached, or cannot write: a full disk, a read-only file, a server that is away. Trying again
    /// later may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// The database said no.
    #[error("the database failed: {0}")]
    Database(Arc<sqlx::Error>),
}

impl StoreError {
    /// Whether the same may succeed later.
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
            // What the database gave is of no type that this program writes.
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt(error.to_string()),
            error if faults::is_unavailable(&error) => Self::Unavailable(error.to_string()),
            error => Self::Database(Arc::new(error)),
        }
    }
}
