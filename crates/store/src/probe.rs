//! Checks whether the database accepts writes.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::db::{on, on_writer};
use crate::error::StoreError;
use crate::faults;
use crate::open::Store;

/// Time limit of a probe.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long a probe's result is reused, however often it is requested.
const FRESH: Duration = Duration::from_secs(1);
/// Bytes written after a failure: more than a batch of webhooks needs, so that the last free page of a full disk does
/// not pass for room.
const LARGE: usize = 256 * 1024;

/// The last probe's result and time. Concurrent callers wait for the probe in progress.
#[derive(Default)]
pub(crate) struct Probe(Mutex<Option<(Instant, Result<(), StoreError>)>>);

impl Store {
    /// Checks that the database accepts writes, by writing a row of its own, at most once a second however often this
    /// is called. Answers within three seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let late = || StoreError::Unavailable(format!("no write succeeded within {PATIENCE:?}"));
        timeout(PATIENCE, self.probe()).await.unwrap_or_else(|_| Err(late()))
    }

    async fn probe(&self) -> Result<(), StoreError> {
        let mut last = self.inner.probe.0.lock().await;
        if on!(self.inner.pools.write(), |db| db.is_closed()) {
            return Err(StoreError::Closed);
        }
        let trouble = match &*last {
            Some((at, Ok(()))) => faults::within(at.elapsed()),
            Some((_, Err(_))) => true,
            None => faults::within(Duration::MAX),
        };
        if let Some((at, found)) = &*last
            && at.elapsed() < FRESH
            && (found.is_err() || !trouble)
        {
            return found.clone();
        }
        let found = self.write_something(if trouble { LARGE } else { 1 }).await;
        *last = Some((Instant::now(), found.clone()));
        found
    }

    async fn write_something(&self, bytes: usize) -> Result<(), StoreError> {
        let sql = "insert into meta (name, value) values ('probe', $1) on conflict (name) do update set value = excluded.value";
        // Every page differs from before: SQLite does not write unchanged pages.
        let value = rand::random::<[u8; 8]>().repeat(bytes.div_ceil(8));
        on_writer!(self, |db| sqlx::query(sql).bind(value).execute(db).await.map(drop))?;
        Ok(())
    }
}
