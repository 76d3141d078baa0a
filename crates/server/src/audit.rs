//! Writing the audit trail.

use chrono::TimeDelta;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, UserId};
use hookswitch_store::{AuditAction, AuditChange, AuditEntry, StoreError};

use crate::app::App;
use crate::clock;

/// Looking at a client again, or playing a recording, is written once in this time.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

/// Writes that a user did something. What was done is done: an entry that cannot be written is an error for the log of whoever
/// runs the server, not for the user.
pub async fn audit(
    app: &App,
    user: UserId,
    action: AuditAction,
    client: Option<ClientId>,
    call: Option<CallId>,
    changes: Vec<AuditChange>,
) {
    if let Err(error) = write(app, user, action, client, call, changes).await {
        tracing::error!(%error, %user, action = action.as_str(), "the audit trail lacks an entry");
    }
}

async fn write(
    app: &App,
    user: UserId,
    action: AuditAction,
    client_id: Option<ClientId>,
    call_id: Option<CallId>,
    changes: Vec<AuditChange>,
) -> Result<(), StoreError> {
    let at = app.clock.now();
    let id = uuid_v7(at, clock::random());
    let entry = AuditEntry { id, at, user_id: user, action, client_id, call_id, changes };
    let looks = matches!(action, AuditAction::Seen | AuditAction::RecordingPlayed);
    if looks && app.store.audited_since(&entry, at - LOOKED).await? {
        return Ok(());
    }
    app.store.add_audit(&entry).await
}
