//! Writing the audit trail.

use chrono::TimeDelta;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, UserId};
use hookswitch_store::{AuditAction, AuditChange, AuditEntry, Store, StoreError};

use uuid::Uuid;

use crate::app::App;
use crate::clock::{self, Clock};

/// Who did what the server does by itself, or somebody on its command line.
pub const SERVER: UserId = UserId(Uuid::nil());

/// Looking at a client again, playing a recording, or guessing at a user's password is written once in this time.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

/// Writes that a user did something to neither a client nor a call: see [`AuditEntry::subject`]. Values of secrets have no place
/// in `changes`.
pub async fn audit_of(
    app: &App,
    user: UserId,
    action: AuditAction,
    subject: impl Into<String>,
    changes: Vec<AuditChange>,
) {
    write_or_log(app, user, action, Of::Other(subject.into()), changes).await;
}

/// Writes what somebody did on the command line, where nobody is signed in.
///
/// # Errors
/// When the database fails.
pub async fn audit_command(
    store: &Store,
    action: AuditAction,
    subject: &str,
    mut changes: Vec<AuditChange>,
) -> Result<(), StoreError> {
    let at = Clock::system().now();
    changes.push(said("by", "command line"));
    let id = uuid_v7(at, clock::random());
    let subject = Some(subject.to_owned());
    let entry =
        AuditEntry { id, at, user_id: SERVER, action, client_id: None, call_id: None, subject, changes };
    store.add_audit(&entry).await
}

/// The change of a field, where there is one.
#[must_use]
pub fn change(field: &str, from: Option<String>, to: Option<String>) -> Option<AuditChange> {
    (from != to).then(|| AuditChange { field: field.to_owned(), from, to })
}

/// What is known of something that was just made or deleted.
#[must_use]
pub fn said(field: &str, what: impl Into<String>) -> AuditChange {
    AuditChange { field: field.to_owned(), from: None, to: Some(what.into()) }
}

/// What an entry is about.
enum Of {
    ClientAndCall(Option<ClientId>, Option<CallId>),
    Other(String),
}

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
    write_or_log(app, user, action, Of::ClientAndCall(client, call), changes).await;
}

async fn write_or_log(app: &App, user: UserId, action: AuditAction, of: Of, changes: Vec<AuditChange>) {
    if let Err(error) = write(app, user, action, of, changes).await {
        tracing::error!(%error, %user, action = action.as_str(), "the audit trail lacks an entry");
    }
}

async fn write(
    app: &App,
    user: UserId,
    action: AuditAction,
    of: Of,
    changes: Vec<AuditChange>,
) -> Result<(), StoreError> {
    let (client_id, call_id, subject) = match of {
        Of::ClientAndCall(client, call) => (client, call, None),
        Of::Other(subject) => (None, None, Some(subject).filter(|subject| !subject.is_empty())),
    };
    let at = app.clock.now();
    let id = uuid_v7(at, clock::random());
    let entry = AuditEntry { id, at, user_id: user, action, client_id, call_id, subject, changes };
    let looks =
        matches!(action, AuditAction::Seen | AuditAction::RecordingPlayed | AuditAction::SignInFailed);
    if looks && app.store.audited_since(&entry, at - LOOKED).await? {
        return Ok(());
    }
    app.store.add_audit(&entry).await
}
