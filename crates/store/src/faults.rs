//! Recognizes a full disk, a file system that became read-only, and a database server that is down; and stops using
//! connections affected by them.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When something below the database last failed. One value per process: replacing a connection needlessly costs a
/// millisecond.
static LAST: Mutex<Option<Instant>> = Mutex::new(None);

/// SQLite's primary codes: out of memory, read-only, I/O error, full, cannot open.
const SQLITE: [u32; 5] = [7, 8, 10, 13, 14];
/// PostgreSQL's error classes: connection, resources, operator intervention, system; and the code of a server in
/// recovery.
const POSTGRES: [&str; 5] = ["08", "53", "57P", "58", "25006"];

/// Whether the error is not the statement's fault: the same statement may succeed once there is room again, or the
/// database is back.
pub(crate) fn is_unavailable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::PoolTimedOut) || is_below(error)
}

fn is_below(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::WorkerCrashed | sqlx::Error::BeginFailed => true,
        // The connection remembers a transaction that no longer exists.
        sqlx::Error::InvalidSavePointStatement => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| match code.parse::<u32>() {
            // SQLite's extended codes have the primary one in their lowest byte, and never five digits.
            Ok(number) if code.len() < 5 => SQLITE.contains(&(number & 0xff)),
            _ => POSTGRES.iter().any(|class| code.starts_with(class)),
        }),
        _ => false,
    }
}

/// Remembers a failure below the database.
pub(crate) fn note(error: &sqlx::Error) {
    if is_below(error) {
        distrust();
    }
}

/// From now on, connections opened earlier are no longer used.
pub(crate) fn distrust() {
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
}

/// Whether something failed within this time.
pub(crate) fn within(age: Duration) -> bool {
    LAST.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|last| last.elapsed() <= age)
}
