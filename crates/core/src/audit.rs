//! Writing the audit trail.

use chrono::TimeDelta;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, UserId};
use hookswitch_store::{AuditAction, AuditChange, AuditEntry, Store, StoreError};

use crate::catalog::SERVER;
use crate::clock::{self, Clock};

/// Looking at a client again, playing a recording, or guessing at a user's password is written once in this time.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

/// Writes the audit trail. What was done is done: an entry that cannot be written is an error for the log of whoever runs the
/// server, not for the user.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    clock: Clock,
}

impl Audit {
    /// Writes to that database.
    #[must_use]
    pub const fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Records what a user did to a client, to a call, or to both.
    pub async fn record(
        &self,
        user: UserId,
        action: AuditAction,
        client: Option<ClientId>,
        call: Option<CallId>,
        changes: Vec<AuditChange>,
    ) {
        self.add(user, action, (client, call, None), changes).await;
    }

    /// Records what a user did to anything else: see [`AuditEntry::subject`]. Values of secrets have no place in `changes`.
    pub async fn record_of(
        &self,
        user: UserId,
        action: AuditAction,
        subject: impl Into<String>,
        changes: Vec<AuditChange>,
    ) {
        let subject = Some(subject.into()).filter(|subject| !subject.is_empty());
        self.add(user, action, (None, None, subject), changes).await;
    }

    async fn add(&self, user: UserId, action: AuditAction, about: About, changes: Vec<AuditChange>) {
        let (client_id, call_id, subject) = about;
        let at = self.clock.now();
        let id = uuid_v7(at, clock::random());
        let entry = AuditEntry { id, at, user_id: user, action, client_id, call_id, subject, changes };
        if let Err(error) = self.add_entry(&entry).await {
            tracing::error!(%error, %user, action = action.as_str(), "the audit trail lacks an entry");
        }
    }

    async fn add_entry(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let looks = matches!(
            entry.action,
            AuditAction::Seen | AuditAction::RecordingPlayed | AuditAction::SignInFailed
        );
        if looks && self.store.audited_since(entry, entry.at - LOOKED).await? {
            return Ok(());
        }
        self.store.add_audit(entry).await
    }
}

type About = (Option<ClientId>, Option<CallId>, Option<String>);

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
