//! SQLite on the caller's own thread.
//!
//! sqlx gives each SQLite connection a thread of its own: every statement is two hand-overs between threads, and most of
//! what a webhook costs would be those. The committer has a thread anyway and drives its connection itself. Statements and
//! rows are the same as on every other connection; nothing here ever waits but for the database.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::time::Instant;

use rusqlite::ffi::{
    SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_ROWID,
    SQLITE_CONSTRAINT_UNIQUE,
};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, Statement, params_from_iter};
use sqlx::SqlStr;
use sqlx::error::{DatabaseError, ErrorKind};

use crate::db::{Db, foreign_values};
use crate::faults;
use crate::open::{PRAGMAS, STATEMENTS, WAIT};
use crate::rows::{Found, Values};

/// How to connect to a database that exists and has its schema.
#[derive(Debug, Clone)]
pub(crate) struct File {
    pub path: PathBuf,
    /// SQLite's `synchronous`.
    pub synchronous: &'static str,
}

/// A connection.
pub(crate) struct Direct {
    connection: Connection,
    opened: Instant,
}

impl Direct {
    pub(crate) fn open(file: &File) -> Result<Self, sqlx::Error> {
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(&file.path, flags)?;
            connection.busy_timeout(WAIT)?;
            connection.set_prepared_statement_cache_capacity(STATEMENTS);
            connection.pragma_update(None, "foreign_keys", true)?;
            connection.pragma_update(None, "synchronous", file.synchronous)?;
            for (name, value) in PRAGMAS {
                // Some of them answer with the new value.
                connection.pragma_update_and_check(None, name, value, |_| Ok(())).or_else(unanswered)?;
            }
            Ok(Self { connection, opened: Instant::now() })
        };
        open().map_err(error)
    }

    /// Whether the connection can be used: SQLite may have been failing below it, and then its file may be open read-only.
    pub(crate) fn is_usable(&self) -> bool {
        self.connection.is_autocommit() && !faults::within(self.opened.elapsed())
    }

    /// Begins a transaction that writes.
    pub(crate) fn begin(&self) -> Result<(), sqlx::Error> {
        self.run("begin immediate").inspect_err(|_| faults::distrust())
    }

    pub(crate) fn commit(&self) -> Result<(), sqlx::Error> {
        self.run("commit").inspect_err(|_| faults::distrust())
    }

    /// Takes back what was written. Where that fails the connection is used no longer, and what was written goes with it.
    pub(crate) fn rollback(&self) {
        // SQLite has rolled back by itself after some errors.
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("rollback")
        {
            tracing::debug!(%error, "a transaction was not rolled back; its connection is closed");
            faults::distrust();
        }
    }

    fn run(&self, sql: &str) -> Result<(), sqlx::Error> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute([]))
            .map(drop)
            .map_err(error)
    }

    fn prepared<T>(
        &self,
        sql: &SqlStr,
        run: impl FnOnce(&mut Statement<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, sqlx::Error> {
        self.connection
            .prepare_cached(sql.as_str())
            .and_then(|mut statement| run(&mut statement))
            .map_err(error)
    }
}

/// Passes over the error that a pragma without an answer is.
fn unanswered(error: rusqlite::Error) -> rusqlite::Result<()> {
    if matches!(error, rusqlite::Error::QueryReturnedNoRows) { Ok(()) } else { Err(error) }
}

impl Db for Direct {
    fn values(&self) -> Values {
        Values::Direct(Vec::new())
    }

    async fn execute(&mut self, sql: SqlStr, values: Values) -> Result<u64, sqlx::Error> {
        let values = direct(values)?;
        self.prepared(&sql, |statement| statement.execute(params_from_iter(values))).map(|rows| rows as u64)
    }

    async fn fetch<F: Found>(&mut self, sql: SqlStr, values: Values) -> Result<Vec<F>, sqlx::Error> {
        let values = direct(values)?;
        self.prepared(&sql, |statement| {
            statement.query_map(params_from_iter(values), |row| F::found(row))?.collect()
        })
    }
}

fn direct(values: Values) -> Result<Vec<Value>, sqlx::Error> {
    match values {
        Values::Direct(values) => Ok(values),
        _ => Err(foreign_values()),
    }
}

/// An error as sqlx would give it, so that nobody has to tell two kinds apart.
fn error(error: rusqlite::Error) -> sqlx::Error {
    match error {
        rusqlite::Error::SqliteFailure(failure, message) => {
            let message = message.unwrap_or_else(|| failure.to_string());
            sqlx::Error::Database(Box::new(Refusal { code: failure.extended_code, message }))
        }
        // A column of another type than the program writes.
        other => sqlx::Error::Decode(other.into()),
    }
}

/// SQLite's refusal of a statement.
#[derive(Debug)]
struct Refusal {
    code: i32,
    message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "(code: {}) {}", self.code, self.message)
    }
}

impl std::error::Error for Refusal {}

impl DatabaseError for Refusal {
    fn message(&self) -> &str {
        &self.message
    }

    fn code(&self) -> Option<Cow<'_, str>> {
        Some(self.code.to_string().into())
    }

    fn as_error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn as_error_mut(&mut self) -> &mut (dyn std::error::Error + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Box<dyn std::error::Error + Send + Sync + 'static> {
        self
    }

    fn kind(&self) -> ErrorKind {
        match self.code {
            SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_ROWID => {
                ErrorKind::UniqueViolation
            }
            SQLITE_CONSTRAINT_FOREIGNKEY => ErrorKind::ForeignKeyViolation,
            _ => ErrorKind::Other,
        }
    }
}
