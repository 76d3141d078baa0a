//! Processes requests that were stored but not processed, after a crash or a database failure.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::RequestId;
use hookswitch_store::{RequestError, StoreError};

use super::Intake;
use super::process::{commit, read_again};
use super::steps::Steps;
use crate::requests::script_request::Received;

/// Longer than any request takes: a script's wall time several times over, and a slow disk.
const UNDER_WAY: TimeDelta = TimeDelta::minutes(5);
/// Requests read per query.
const BATCH: u32 = 100;

/// Processes every unprocessed request stored before the given time, oldest first. Returns their number.
///
/// A request whose script fails is marked as failed as usual, and so is one that cannot be read or whose calls cannot;
/// one whose module was deleted is deleted with it.
///
/// # Errors
/// If the database is unavailable.
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

/// Marks the request as failed, so that later ones are processed.
async fn fail(intake: &Intake, id: RequestId, error: &RequestError) -> Result<(), StoreError> {
    tracing::error!(%id, reason = error.message, "an unprocessed request could not be recovered");
    intake.calls.store.fail_request(id, error, intake.calls.clock.now()).await
}

/// Looks for unprocessed requests while the server runs: immediately for those from before its start, since none is in
/// progress then; later for those too old to be in progress.
pub async fn run(intake: Arc<Intake>, started_at: DateTime<Utc>) {
    let mut stored_before = started_at;
    let mut ticks = tokio::time::interval(Duration::from_secs(60));
    ticks.reset();
    loop {
        match recover(&intake, stored_before).await {
            Ok(0) => {}
            Ok(count) => tracing::warn!(count, "processed leftover requests"),
            Err(error) => tracing::error!(%error, "leftover requests could not be processed"),
        }
        ticks.tick().await;
        stored_before = started_at.max(intake.calls.clock.now() - UNDER_WAY);
    }
}
