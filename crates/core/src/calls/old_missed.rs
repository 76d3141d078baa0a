//! Closes missed calls that nobody dealt with for too long.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hookswitch_store::StoreError;

use crate::calls::Calls;

/// Calls closed in one statement: it holds up the webhooks for that long.
const BATCH: u32 = 500;

/// Looks every minute, as long as the server runs.
pub async fn run(calls: Arc<Calls>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(60));
    loop {
        ticks.tick().await;
        if let Err(error) = close_old(&calls).await {
            tracing::error!(%error, "old missed calls could not be closed");
        }
    }
}

/// Closes those that are open for longer than the settings say.
///
/// # Errors
/// When the database fails.
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
