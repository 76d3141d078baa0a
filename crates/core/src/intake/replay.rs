//! Replays a request, or previews a replay.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use hookswitch_model::CallAnnotations;
use hookswitch_model::contract::Warning;
use hookswitch_model::{Call, CallId, view};
use hookswitch_store::{CallChange, ClientMatch, StoreError, StoredRequest};
use serde_json::Value;

use super::Intake;
use super::process::{Previewed, commit, preview, read_again};
use super::steps::Steps;
use crate::calls;
use crate::modules::registry::Active;
use crate::requests::Failure;
use crate::requests::script_request::Received;

/// What a replay did, or would do.
pub struct Replayed {
    /// What the script returned.
    pub result: Option<Value>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The status of the answer the provider would have got.
    pub response_status: u16,
    /// The calls before and after.
    pub changes: Vec<Difference>,
    pub warnings: Vec<Warning>,
}

/// A call before and after a replay.
pub struct Difference {
    pub call: CallId,
    /// `None` if the replay creates the call.
    pub before: Option<Moment>,
    /// `None` if the call has no facts left.
    pub after: Option<Moment>,
}

/// A call at one moment.
pub struct Moment {
    pub call: Call,
    /// Grows with each change of the call.
    pub version: i64,
    /// What people, or rules on their behalf, added to it.
    pub added: CallAnnotations,
    /// The client it is with.
    pub matched: ClientMatch,
}

/// Runs the script on a stored request as when it arrived, and returns what would change; applies it if `dry_run` is
/// false.
///
/// # Errors
/// If the database fails.
pub async fn replay(
    intake: &Arc<Intake>,
    active: &Active,
    stored: StoredRequest,
    dry_run: bool,
) -> Result<Replayed, StoreError> {
    let (received, arrival) = Received::of_stored(stored, &active.module.webhook_token);
    let mut steps = Steps::authenticated(Instant::now());
    let reading = read_again(intake, active, &received, arrival, &mut steps).await;
    let result = reading.result.as_deref().and_then(|result| serde_json::from_str(result.get()).ok());
    let Previewed { status, failure, changes } = preview(intake, active, arrival, reading.reported()).await?;
    let mut before = HashMap::new();
    for CallChange { before: call, version, added, .. } in &changes {
        if let Some(call) = call {
            let (call, added) = (call.clone(), added.clone());
            let matched = calls::matched(&intake.calls, &view(&call), &added).await?;
            before.insert(call.id, Moment { call, version: *version, added, matched });
        }
    }
    let (response_status, failure, changes) = match dry_run {
        true => (status, failure, found(intake, changes).await?),
        false => {
            let done = commit(intake, active, arrival, reading, &mut steps, true).await?;
            (done.answer.status().as_u16(), done.failure, done.changes)
        }
    };
    let differences = changes.into_iter().filter_map(
        |CallChange { before: old, after, version, added, matched, .. }| {
            let call = after.as_ref().or(old.as_ref())?.id;
            let after = after.map(|call| Moment { call, version, added, matched });
            Some(Difference { call, before: before.remove(&call), after })
        },
    );
    let (changes, warnings) = (differences.collect(), steps.processing().warnings);
    Ok(Replayed { result, failure, response_status, changes, warnings })
}

/// Adds the clients that the calls' numbers would find.
async fn found(intake: &Intake, mut changes: Vec<CallChange>) -> Result<Vec<CallChange>, StoreError> {
    for change in &mut changes {
        let Some(after) = &change.after else { continue };
        let number = |call: &Call| view(call).client_e164;
        let number_changed = change.before.as_ref().map(number) != Some(number(after));
        if !change.added.client_chosen && number_changed {
            change.added.client_id = None;
        }
        change.matched = calls::matched(&intake.calls, &view(after), &change.added).await?;
        if let [only] = change.matched.candidates.as_slice() {
            change.added.client_id = Some(only.id);
            change.matched = ClientMatch { client: Some(only.clone()), candidates: Vec::new() };
        }
    }
    Ok(changes)
}
