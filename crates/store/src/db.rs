//! Shared code for both databases.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{PgConnection, PgPool, Postgres, SqlStr, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

use crate::direct::File;
use crate::error::StoreError;
use crate::faults;
use crate::open::WAIT;
use crate::rows::{Found, Values};

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

/// Runs one expression where it may write, in turn with everybody else who writes.
macro_rules! on_writer {
    ($store:expr, |$db:ident| $body:expr) => {{
        let _turn = $store.inner.pools.turn().await?;
        $crate::db::on!($store.inner.pools.write(), |$db| $body)
    }};
}
pub(crate) use on_writer;

/// The pool on which a statement runs.
pub(crate) type Pool<'a> = Either<&'a SqlitePool, &'a PgPool>;

/// The connection pools. Writers to SQLite take turns: its own lock is polled and unfair, so that hardly anybody should wait for it.
pub(crate) enum Pools {
    Sqlite { read: SqlitePool, write: SqlitePool, turn: Arc<Mutex<()>>, file: File },
    Postgres(PgPool),
}

/// The turn to write, until it is dropped; PostgreSQL needs none.
pub(crate) type Turn = Option<OwnedMutexGuard<()>>;

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

    /// Waits for the turn to write.
    pub(crate) async fn turn(&self) -> Result<Turn, sqlx::Error> {
        match self {
            Self::Sqlite { turn, .. } => {
                let turn = timeout(WAIT, Arc::clone(turn).lock_owned()).await;
                turn.map(Some).map_err(|_| sqlx::Error::PoolTimedOut)
            }
            Self::Postgres(_) => Ok(None),
        }
    }

    /// Begins a write transaction. On SQLite it takes the write lock immediately: taking it later can fail.
    pub(crate) async fn begin(&self) -> Result<Tx, sqlx::Error> {
        let turn = self.turn().await?;
        let begun = match self {
            Self::Sqlite { write, .. } => write.begin_with("begin immediate").await.map(Either::Sqlite),
            Self::Postgres(pool) => pool.begin().await.map(Either::Postgres),
        };
        begun.map(|transaction| Tx { transaction, _turn: turn }).inspect_err(|_| faults::distrust())
    }

    /// Begins a read-only transaction over a consistent snapshot.
    pub(crate) async fn begin_read(&self) -> Result<Tx, sqlx::Error> {
        let transaction = match self {
            Self::Sqlite { read, .. } => Either::Sqlite(read.begin().await?),
            Self::Postgres(pool) => {
                Either::Postgres(pool.begin_with("begin isolation level repeatable read read only").await?)
            }
        };
        Ok(Tx { transaction, _turn: None })
    }
}

/// A transaction; rolled back when dropped.
pub(crate) struct Tx {
    transaction: Either<Transaction<'static, Sqlite>, Transaction<'static, Postgres>>,
    /// Given up after the transaction: fields are dropped in their order.
    _turn: Turn,
}

impl Tx {
    /// The connection for the next statement.
    pub(crate) fn conn(&mut self) -> Either<&mut SqliteConnection, &mut PgConnection> {
        match &mut self.transaction {
            Either::Sqlite(tx) => Either::Sqlite(&mut *tx),
            Either::Postgres(tx) => Either::Postgres(&mut *tx),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        on!(self.transaction, |tx| tx.commit().await).inspect_err(|_| faults::distrust())
    }

    /// Rolls the transaction back. If that fails, the connection is discarded, and the writes with it.
    pub(crate) async fn rollback(self) {
        if let Err(error) = on!(self.transaction, |tx| tx.rollback().await) {
            tracing::debug!(%error, "a transaction was not rolled back; its connection goes");
            faults::distrust();
        }
    }
}

/// What [`crate::rows::Rows`] run on.
pub(crate) trait Db: Send {
    /// An empty list of values for a statement.
    fn values(&self) -> Values;

    /// Runs a statement and returns how many rows it concerned.
    fn execute(
        &mut self,
        sql: SqlStr,
        values: Values,
    ) -> impl Future<Output = Result<u64, sqlx::Error>> + Send;

    /// Runs a statement and returns what it finds.
    fn fetch<F: Found>(
        &mut self,
        sql: SqlStr,
        values: Values,
    ) -> impl Future<Output = Result<Vec<F>, sqlx::Error>> + Send;
}

impl Db for Tx {
    fn values(&self) -> Values {
        match self.transaction {
            Either::Sqlite(_) => Values::Sqlite(Ok(SqliteArguments::default())),
            Either::Postgres(_) => Values::Postgres(Ok(PgArguments::default())),
        }
    }

    async fn execute(&mut self, sql: SqlStr, values: Values) -> Result<u64, sqlx::Error> {
        match (self.conn(), values) {
            (Either::Sqlite(db), Values::Sqlite(values)) => {
                let values = values.map_err(sqlx::Error::Encode)?;
                Ok(sqlx::query_with(sql, values).execute(db).await?.rows_affected())
            }
            (Either::Postgres(db), Values::Postgres(values)) => {
                let values = values.map_err(sqlx::Error::Encode)?;
                Ok(sqlx::query_with(sql, values).execute(db).await?.rows_affected())
            }
            _ => Err(foreign_values()),
        }
    }

    async fn fetch<F: Found>(&mut self, sql: SqlStr, values: Values) -> Result<Vec<F>, sqlx::Error> {
        match (self.conn(), values) {
            (Either::Sqlite(db), Values::Sqlite(values)) => {
                sqlx::query_as_with(sql, values.map_err(sqlx::Error::Encode)?).fetch_all(db).await
            }
            (Either::Postgres(db), Values::Postgres(values)) => {
                sqlx::query_as_with(sql, values.map_err(sqlx::Error::Encode)?).fetch_all(db).await
            }
            _ => Err(foreign_values()),
        }
    }
}

/// Values go where [`Db::values`] made them.
pub(crate) fn foreign_values() -> sqlx::Error {
    sqlx::Error::Encode("the values were made for another connection".into())
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
