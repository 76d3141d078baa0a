//! Whether the database takes writes, tried out.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::db::{on, on_writer};
use crate::error::StoreError;
use crate::faults;
use crate::open::Store;

/// How long a probe takes at most.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long what a probe found counts, however often somebody asks.
const FRESH: Duration = Duration::from_secs(1);
/// Bytes written after something failed: more than a batch of webhooks needs, so that the last free page of a full disk
/// does not pass for room.
const LARGE: usize = 256 * 1024;

/// What the last probe found, and when. Whoever asks meanwhile waits for the one that is under way.
#[derive(Default)]
pub(crate) struct Probe(Mutex<Option<(Instant, Result<(), StoreError>)>>);

impl Store {
    /// Whether the database can be written, by writing a row of its own; at most once a second, however often this is asked.
    /// Answers within three seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let late = || StoreError::Unavailable(format!("it did not take a write within {PATIENCE:?}"));
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
        // Every page is another than before: SQLite does not write what stays the same.
        let value = rand::random::<[u8; 8]>().repeat(bytes.div_ceil(8));
        on_writer!(self, |db| sqlx::query(sql).bind(value).execute(db).await.map(drop))?;
        Ok(())
    }
}
