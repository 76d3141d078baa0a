//! Writes the audit trail.

use chrono::TimeDelta;
use hookswitch_model::ids::uuid_v7;
use hookswitch_model::{CallId, ClientId, UserId};
use hookswitch_store::{AuditAction, AuditChange, AuditEntry, Store, StoreError};

use crate::catalog::SERVER;
use crate::clock::{self, Clock};

/// Viewing a client again, playing a recording, and guessing a user's password are recorded once in this time.
const LOOKED: TimeDelta = TimeDelta::minutes(10);

/// Writes the audit trail. The action itself has happened: if its entry cannot be written, the administrator's log gets
/// an error, not the user.
#[derive(Clone)]
pub struct Audit {
    store: Store,
    clock: Clock,
}

impl Audit {
    /// Writes to the given database.
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

    /// Records what a user did to anything else: see [`AuditEntry::subject`]. `changes` must not contain secrets.
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
            tracing::error!(%error, %user, action = action.as_str(), "an entry of the audit trail could not be written");
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

/// Records what was done on the command line, where nobody is signed in.
///
/// # Errors
/// If the database fails.
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

/// The change of a field, if it changed.
#[must_use]
pub fn change(field: &str, from: Option<String>, to: Option<String>) -> Option<AuditChange> {
    (from != to).then(|| AuditChange { field: field.to_owned(), from, to })
}

/// A property of something just created or deleted.
#[must_use]
pub fn said(field: &str, what: impl Into<String>) -> AuditChange {
    AuditChange { field: field.to_owned(), from: None, to: Some(what.into()) }
}
