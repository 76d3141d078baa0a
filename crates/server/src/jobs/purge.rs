//! Deletes what has had its time: old requests, those of deleted modules, expired sessions and stored values, what merges are undone by, files of
//! imports.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hookswitch_store::StoreError;

use crate::app::App;
use crate::clients::UNDOABLE;

/// Requests deleted in one statement: it holds up the webhooks for that long.
const BATCH: u32 = 500;

/// Purges every ten minutes, as long as the server runs.
pub async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(600));
    loop {
        ticks.tick().await;
        if let Err(error) = purge(&app).await {
            tracing::error!(%error, "old data could not be deleted");
        }
    }
}

async fn purge(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    let keep = TimeDelta::days(i64::from(app.config.webhooks.keep_days));
    while app.store.purge_requests(now - keep, BATCH).await? == u64::from(BATCH) {
        // Webhooks first.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    deleted_modules(app).await?;
    app.store.purge_sessions(now).await?;
    app.store.purge_storage(now).await?;
    app.imports.purge(now);
    app.store.purge_merges(now - UNDOABLE).await?;
    Ok(())
}

/// Deletes the requests of modules that were deleted, now or before the server was started.
///
/// # Errors
/// When the database fails; the next purge goes on.
pub async fn deleted_modules(app: &App) -> Result<(), StoreError> {
    while app.store.purge_deleted_modules(BATCH).await? == u64::from(BATCH) && !app.stopping.is_cancelled() {
        // Webhooks first.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
