//! Replaying a request, or only looking what that would change.

use std::sync::Arc;

use hookswitch_store::{CallChange, NewRequest, StoreError, StoredRequest};
use serde_json::Value;

use super::process::{Failure, commit, preview, read};
use super::steps::Steps;
use crate::app::App;
use crate::modules::registry::Active;

/// What a replay did, or would do.
pub struct Replayed {
    /// What the script returned.
    pub result: Option<Value>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The status the provider would have been answered with.
    pub response_status: u16,
    /// The calls before and after.
    pub changes: Vec<CallChange>,
}

/// Runs the script on a stored request and says what would change; with `dry_run` false also makes it so.
///
/// # Errors
/// When the database fails.
pub async fn replay(
    app: &Arc<App>,
    active: &Active,
    stored: StoredRequest,
    dry_run: bool,
) -> Result<Replayed, StoreError> {
    let request = request(stored);
    let mut steps = Steps::authenticated(std::time::Instant::now());
    let reading = read(app, active, &request, None, &mut steps).await;
    let result = reading.result.clone();
    let done = match dry_run {
        true => preview(app, active, &request, reading).await?,
        false => commit(app, active, &request, reading, &mut steps, true).await?,
    };
    Ok(Replayed {
        result,
        failure: done.failure,
        response_status: done.answer.status().as_u16(),
        changes: done.changes,
    })
}

/// A stored request as it arrived.
pub fn request(stored: StoredRequest) -> NewRequest {
    NewRequest {
        id: stored.summary.id,
        module_id: stored.summary.module_id,
        received_at: stored.summary.received_at,
        method: stored.summary.method,
        path: stored.summary.path,
        query: stored.query,
        headers: stored.headers,
        body: stored.body,
        remote_address: stored.remote_address,
    }
}
