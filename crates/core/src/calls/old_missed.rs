//! Closes missed calls that were open for too long.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hookswitch_store::StoreError;

use crate::calls::Calls;

/// Calls closed per statement, which blocks webhooks for its duration.
const BATCH: u32 = 500;

/// Checks every minute while the server runs.
pub async fn run(calls: Arc<Calls>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(60));
    loop {
        ticks.tick().await;
        if let Err(error) = close_old(&calls).await {
            tracing::error!(%error, "old missed calls could not be closed");
        }
    }
}

/// Closes missed calls that have been open for longer than the settings allow.
///
/// # Errors
/// If the database fails.
pub async fn close_old(calls: &Calls) -> Result<(), StoreError> {
    let Some(hours) = calls.catalog.settings.get().missed_close_after_hours else { return Ok(()) };
    let now = calls.clock.now();
    loop {
        let closed =
            calls.store.close_old_missed(now - TimeDelta::hours(i64::from(hours)), now, BATCH).await?;
        if closed > 0 {
            calls.live.missed.changed();
        }
        if closed < u64::from(BATCH) {
            return Ok(());
        }
    }
}
