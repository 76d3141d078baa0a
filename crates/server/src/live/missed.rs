//! The number of missed calls not dealt with, kept current on every operator's screen.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookswitch_model::{CallView, UserId};
use hookswitch_store::{Role, StoreError};
use tokio::sync::Notify;

use super::Changed;
use super::message::Message;
use crate::app::App;

/// A burst of missed calls makes one message in this time, not one each.
const PAUSE: Duration = Duration::from_millis(200);

/// Whose number may have changed.
#[derive(Default)]
pub struct Missed {
    dirty: Mutex<Dirty>,
    changed: Notify,
}

#[derive(Default)]
struct Dirty {
    users: BTreeSet<UserId>,
    everybody: bool,
}

impl Missed {
    /// Takes note of a changed call.
    pub fn note(&self, change: &Changed<'_>) {
        let before = change.before.as_ref().filter(|view| view.missed);
        let after = change.after.as_ref().map(|(_, view)| view).filter(|view| view.missed);
        if before.is_some() != after.is_some() {
            before.or(after).into_iter().for_each(|view| self.concerns(view));
        }
    }

    /// Takes note that a missed call was dealt with, or is open again.
    pub fn concerns(&self, view: &CallView) {
        let users: Vec<UserId> = view.operators.iter().filter_map(|leg| leg.user).collect();
        let mut dirty = self.dirty();
        // A call that rang at nobody is everybody's; and administrators see all of them.
        dirty.everybody |= users.is_empty();
        dirty.users.extend(users);
        drop(dirty);
        self.changed.notify_one();
    }

    fn dirty(&self) -> MutexGuard<'_, Dirty> {
        self.dirty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the screens, as long as the server runs.
pub async fn run(app: Arc<App>) {
    loop {
        app.missed.changed.notified().await;
        let dirty = std::mem::take(&mut *app.missed.dirty());
        for user in app.hub.connected() {
            let admin = app.directory.role_of(user) == Some(Role::Admin);
            if !(dirty.everybody || admin || dirty.users.contains(&user)) {
                continue;
            }
            match count(&app, user).await {
                Ok(count) => app.hub.send(user, Message::Missed { count }.to_text()),
                Err(error) => tracing::error!(%error, "missed calls could not be counted"),
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// How many missed calls a user has to see: administrators all, operators their own and those that rang at nobody.
///
/// # Errors
/// When the database fails.
pub async fn count(app: &App, user: UserId) -> Result<u64, StoreError> {
    let admin = app.directory.role_of(user) == Some(Role::Admin);
    app.store.missed_count((!admin).then_some(user)).await
}
