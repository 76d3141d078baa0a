//! Requests that were stored but not processed: after a crash, or when the database failed in between.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::RequestId;
use hookswitch_store::{RequestError, StoreError};

use super::Intake;
use super::process::{commit, read_again};
use super::steps::Steps;
use crate::requests::script_request::Received;

/// Longer than any request is under way: a script's wall time several times over, and a slow disk.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(5);
/// Requests read from the database at once.
const BATCH: u32 = 100;

/// Processes every request that was stored before then and is not processed yet, oldest first. Gives how many there were.
///
/// One whose script fails is kept as failed, like any other, and so is one that cannot be read or whose calls cannot; one
/// whose module is gone goes with it.
///
/// # Errors
/// When the database is unavailable.
pub async fn recover(intake: &Arc<Intake>, stored_before: DateTime<Utc>) -> Result<usize, StoreError> {
    let until = RequestId::new(stored_before, [0; 10]);
    let (mut done, mut after) = (0, None);
    loop {
        let requests = intake.calls.store.unprocessed_requests(after, until, BATCH).await?;
        let last = requests.len() < BATCH as usize;
        for stored in requests {
            let stored = match stored {
                Ok(stored) => stored,
                Err((id, error)) => {
                    after = Some(id);
                    fail(intake, id, &error).await?;
                    continue;
                }
            };
            after = Some(stored.summary.id);
            let Some(active) = intake.calls.modules.get(stored.summary.module_id) else { continue };
            let (received, arrival) = Received::of_stored(stored, &active.module.webhook_token);
            let mut steps = Steps::authenticated(Instant::now());
            let reading = read_again(intake, &active, &received, arrival, &mut steps).await;
            match commit(intake, &active, arrival, reading, &mut steps, false).await {
                Ok(_) => done += 1,
                Err(error) if error.is_passing() => return Err(error),
                Err(error) => fail(intake, arrival.id, &RequestError::internal(&error.to_string())).await?,
            }
        }
        if last {
            return Ok(done);
        }
    }
}

/// Keeps the request as failed, so that those behind it are processed.
async fn fail(intake: &Intake, id: RequestId, error: &RequestError) -> Result<(), StoreError> {
    tracing::error!(%id, reason = error.message, "a left-over request could not be processed");
    intake.calls.store.fail_request(id, error, intake.calls.clock.now()).await
}

/// Looks for left-over requests as long as the server runs: at once for what was stored before it started, since nothing
/// is under way then; later for what is too old to be under way.
pub async fn run(intake: Arc<Intake>, started_at: DateTime<Utc>) {
    let mut stored_before = started_at;
    let mut ticks = tokio::time::interval(Duration::from_secs(60));
    ticks.reset();
    loop {
        match recover(&intake, stored_before).await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(count, "processed requests that had been left over"),
            Err(error) => tracing::error!(%error, "left-over requests could not be processed"),
        }
        ticks.tick().await;
        stored_before = started_at.max(intake.calls.clock.now() - UNDER_WAY);
    }
}
