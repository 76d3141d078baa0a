//! Closes calls without recent events.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use hookswitch_model::Fact;
use hookswitch_model::batch::{FactTarget, Submission, TargetedFact};
use hookswitch_store::{Apply, SilentSince, StoreError, StoredCall};
use serde::Deserialize;

use super::Calls;
use super::tell_applied;

const BATCH: u32 = 100;

/// `[calls]` of the settings: how long a call may be silent before it counts as over.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// While ringing.
    pub silent_ringing_seconds: u32,
    /// While somebody talks.
    pub silent_talking_seconds: u32,
}

/// How long a call stays open after a record that says it is over.
const AFTER_RECORD: TimeDelta = TimeDelta::seconds(60);

/// Closes silent calls periodically while the server runs.
pub async fn run(calls: Arc<Calls>) {
    let mut ticks = tokio::time::interval(Duration::from_secs(15));
    loop {
        ticks.tick().await;
        match close_silent(&calls).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "closed silent calls"),
            Err(error) => tracing::error!(%error, "silent calls could not be closed"),
        }
    }
}

/// Closes every call that has been silent for too long: with its record's disposition, else as `unknown`. Returns how
/// many were closed; a call that cannot be closed is logged and does not affect others.
///
/// # Errors
/// If the database fails.
pub async fn close_silent(calls: &Arc<Calls>) -> Result<usize, StoreError> {
    let now = calls.clock.now();
    let since = |seconds: u32| now - TimeDelta::seconds(seconds.into());
    let silent_since = SilentSince {
        ringing: since(calls.silence.silent_ringing_seconds),
        talking: since(calls.silence.silent_talking_seconds),
        recorded: now - AFTER_RECORD,
    };
    let (mut done, mut after) = (0, None);
    loop {
        let silent = calls.store.silent_calls(&silent_since, after, BATCH).await?;
        for stored in &silent.items {
            match close(calls, stored).await {
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

async fn close(calls: &Arc<Calls>, stored: &StoredCall) -> Result<(), StoreError> {
    let now = calls.clock.now();
    let fact = Fact::timed_out(&stored.call, now);
    let active = calls.modules.get(stored.call.module_id);
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
    let applied = calls.store.apply(Apply { submission, outcome: None, request: None }).await?;
    tell_applied(calls, active.as_deref(), &applied);
    Ok(())
}
