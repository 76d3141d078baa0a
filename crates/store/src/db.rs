//! Shared code for both databases.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};

use crate::error::StoreError;
use crate::faults;

pub(crate) use hookswitch_model::storable::{far_future, far_past, text, time};

/// A value for one database or the other.
pub(crate) enum Either<S, P> {
    Sqlite(S),
    Postgres(P),
}

/// Runs one expression on either database.
macro_rules! on {
    ($target:expr, |$db:ident| $body:expr) => {
        match $target {
            $crate::db::Either::Sqlite($db) => $body,
            $crate::db::Either::Postgres($db) => $body,
        }
    };
}
pub(crate) use on;

/// The pool on which a statement runs.
pub(crate) type Pool<'a> = Either<&'a SqlitePool, &'a PgPool>;

/// The connection pools. SQLite has a single writer, so that waiting happens only in the pool's fair queue, never on
/// SQLite's lock.
pub(crate) enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool },
    Postgres(PgPool),
}

impl Pools {
    pub(crate) const fn read(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { read, .. } => Either::Sqlite(read),
            Self::Postgres(pool) => Either::Postgres(pool),
        }
    }

    pub(crate) const fn write(&self) -> Pool<'_> {
        match self {
            Self::Sqlite { write, .. } => Either::Sqlite(write),
            Self::Postgres(pool) => Either::Postgres(pool),
        }
    }

    /// Begins a write transaction. On SQLite it takes the write lock immediately: taking it later can fail.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let begun = match self {
            Self::Sqlite { write, .. } => write.begin_with("begin immediate").await.map(Either::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Either::Postgres),
        };
        begun.map(Tx).inspect_err(|_| faults::distrust())
    }

    /// Begins a read-only transaction over a consistent snapshot.
    pub(crate) async fn begin_read(&self) -> Result<Tx, sqlx::Error> {
        Ok(Tx(match self {
            Self::Sqlite { read, .. } => Either::Sqlite(read.begin().await?),
            Self::Postgres(pool) => {
                Either::Postgres(pool.begin_with("begin isolation level repeatable read read only").await?)
            }
        }))
    }
}

/// A transaction; rolled back when dropped.
pub(crate) struct Tx(Either<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>);

impl Tx {
    /// The connection for the next statement.
    pub(crate) fn conn(&mut self) -> Either<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.0 {
            Either::Sqlite(tx) => Either::Sqlite(&mut *tx),
            Either::Postgres(tx) => Either::Postgres(&mut *tx),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        on!(self.0, |tx| tx.commit().await).inspect_err(|_| faults::distrust())
    }

    /// Rolls the transaction back. If that fails, the connection is discarded, and the writes with it.
    pub(crate) async fn rollback(self) {
        if let Err(error) = on!(self.0, |tx| tx.rollback().await) {
            tracing::debug!(%error, "a transaction could not be rolled back; its connection is dropped");
            faults::distrust();
        }
    }
}

/// Encodes JSON for both databases.
pub(crate) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Decodes JSON from a column.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Parses a string from a column as an enum value.
pub(crate) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|error| StoreError::Corrupt(error.to_string()))
}

/// Whether the error is a unique violation.
pub(crate) fn is_unique(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation())
}

/// Whether the error is a foreign key violation.
pub(crate) fn is_missing_reference(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_foreign_key_violation())
}
