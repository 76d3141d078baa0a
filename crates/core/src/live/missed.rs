//! Keeps the number of missed callers current on every operator's screen.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hookswitch_model::UserId;
use hookswitch_store::{Role, StoreError};
use tokio::sync::Notify;

use super::message::Message;
use super::{Changed, Live};

/// A burst of missed calls causes one message in this time, not one each.
const PAUSE: Duration = Duration::from_millis(200);

/// Whether the numbers may have changed.
#[derive(Default)]
pub struct Missed {
    dirty: AtomicBool,
    changed: Notify,
}

impl Missed {
    /// Records a changed call.
    pub fn note(&self, change: &Changed<'_>) {
        let before = change.before.as_ref().is_some_and(|view| view.missed);
        let after = change.after.as_ref().is_some_and(|(_, view)| view.missed);
        if before != after {
            self.changed();
        }
    }

    /// Records that missed calls were closed, reopened or reassigned.
    pub fn changed(&self) {
        self.dirty.store(true, Ordering::Release);
        self.changed.notify_one();
    }
}

/// Notifies the screens while the server runs.
pub async fn run(live: Arc<Live>) {
    loop {
        live.missed.changed.notified().await;
        if live.missed.dirty.swap(false, Ordering::AcqRel)
            && let Err(error) = tell(&live).await
        {
            tracing::error!(%error, "missed callers could not be counted");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Notifies everybody, even if the number is unchanged: the callers behind it may differ.
async fn tell(live: &Live) -> Result<(), StoreError> {
    let connected = live.hub.connected();
    if connected.is_empty() {
        return Ok(());
    }
    let counts = live.store.missed_counts().await?;
    for user in connected {
        let count = match live.catalog.directory.role_of(user) {
            Some(Role::Admin) => counts.all,
            _ => counts.by_user.get(&user).copied().unwrap_or(counts.everybody),
        };
        live.hub.send(user, Message::Missed { count }.to_text());
    }
    Ok(())
}

/// The number of missed callers a user has to call back; for administrators, all of them.
///
/// # Errors
/// If the database fails.
pub async fn count(live: &Live, user: UserId) -> Result<u64, StoreError> {
    let admin = live.catalog.directory.role_of(user) == Some(Role::Admin);
    live.store.missed_count((!admin).then_some(user)).await
}
