//! Closes calls of which nothing is heard any more.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hookswitch_model::Fact;
use hookswitch_model::batch::{FactTarget, Submission, TargetedFact};
use hookswitch_store::{Apply, SilentSince, StoreError, StoredCall};

use super::tell_applied;
use crate::app::App;

const BATCH: u32 = 100;

/// How long a call goes on in silence whose record says that it is over.
const AFTER_RECORD: TimeDelta = TimeDelta::seconds(60);

/// Looks for silent calls now and then, as long as the server runs.
pub async fn run(app: Arc<App>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(15));
    loop {
        ticks.tick().await;
        match close_silent(&app).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "closed calls of which nothing was heard any more"),
            Err(error) => tracing::error!(%error, "silent calls could not be closed"),
        }
    }
}

/// Closes every call that has been silent for too long: as its record says, else as `unknown`. Gives how many were closed; one
/// that cannot be closed is logged, and keeps no other open.
///
/// # Errors
/// When the database fails.
pub async fn close_silent(app: &Arc<App>) -> Result<usize, StoreError> {
    let now = app.clock.now();
    let since = |seconds: u32| now - TimeDelta::seconds(seconds.into());
    let silent_since = SilentSince {
        ringing: since(app.config.calls.silent_ringing_seconds),
        talking: since(app.config.calls.silent_talking_seconds),
        recorded: now - AFTER_RECORD,
    };
    let (mut done, mut after) = (0, None);
    loop {
        let silent = app.store.silent_calls(&silent_since, after, BATCH).await?;
        for stored in &silent.items {
            match close(app, stored).await {
                Ok(()) => done += 1,
                Err(error) => {
                    tracing::error!(call = %stored.call.id, %error, "a silent call could not be closed")
                }
            }
        }
        after = silent.next;
        if after.is_none() {
            return Ok(done);
        }
    }
}

async fn close(app: &Arc<App>, stored: &StoredCall) -> Result<(), StoreError> {
    let now = app.clock.now();
    let fact = Fact::timed_out(&stored.call, now);
    let active = app.modules.get(stored.call.module_id);
    let submission = Submission {
        request: None,
        module_id: stored.call.module_id,
        received_at: now,
        facts: vec![TargetedFact { target: FactTarget::Call(stored.call.id), fact }],
        replace: false,
        client: None,
        lead: active.as_deref().and_then(|active| active.lead_rule()),
        now,
    };
    let applied = app.store.apply(Apply { submission, outcome: None }).await?;
    tell_applied(app, active.as_deref(), &applied);
    Ok(())
}
