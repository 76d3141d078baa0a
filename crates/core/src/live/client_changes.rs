//! Tells everybody's pages which clients changed, so that they reload what they show.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookswitch_model::{ClientId, UserId};
use hookswitch_store::{ClientScope, StoreError};
use tokio::sync::Notify;

use super::Live;
use super::message::Message;

/// At most one message in this time, however many clients change.
const PAUSE: Duration = Duration::from_millis(350);
/// Beyond this number, the clients are not named.
const MAX_NAMED: usize = 500;

/// The clients changed since the last message, each with the responsible users it had before.
type Changed = BTreeMap<ClientId, Vec<Option<UserId>>>;

/// Changes to report.
#[derive(Default)]
pub struct ClientChanges {
    changed: Mutex<Changed>,
    happened: Notify,
}

impl ClientChanges {
    /// Records that a client or its activity stream has changed.
    pub fn note(&self, client: ClientId) {
        self.add(client, None);
    }

    /// Records that a client may have changed its responsible user: those who saw it must be notified.
    pub fn left(&self, client: ClientId, responsible: Option<UserId>) {
        self.add(client, Some(responsible));
    }

    fn add(&self, client: ClientId, before: Option<Option<UserId>>) {
        let mut changed = self.changed();
        // One more than can be named means that there are many.
        if changed.len() <= MAX_NAMED {
            changed.entry(client).or_default().extend(before);
        }
        drop(changed);
        self.happened.notify_one();
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notifies everybody while the server runs.
pub async fn run(live: Arc<Live>) {
    loop {
        live.client_changes.happened.notified().await;
        let changed = std::mem::take(&mut *live.client_changes.changed());
        if let Err(error) = tell(&live, &changed).await {
            tracing::error!(%error, "some pages were not notified of changed clients");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Notifies each user of the clients they may see, or could until now.
async fn tell(live: &Live, changed: &Changed) -> Result<(), StoreError> {
    let send = |user: UserId, ids: Vec<ClientId>| live.hub.send(user, Message::Clients { ids }.to_text());
    if changed.len() > MAX_NAMED {
        live.hub.connected().into_iter().for_each(|user| send(user, Vec::new()));
        return Ok(());
    }
    let (own, all): (Vec<_>, Vec<_>) =
        live.hub.connected().into_iter().partition(|user| live.catalog.sees_only_own(*user));
    let text = Message::Clients { ids: changed.keys().copied().collect() }.to_text();
    all.into_iter().for_each(|user| live.hub.send(user, text.clone()));
    if own.is_empty() {
        return Ok(());
    }
    let found = live.store.client_summaries(&changed.keys().copied().collect()).await?;
    for user in own {
        let scope = ClientScope::OwnOrUnassigned(user);
        let sees = |id: &ClientId, before: &[Option<UserId>]| {
            // Nothing is known of a deleted client, and its id reveals nothing.
            found.get(id).is_none_or(|client| scope.has(client.responsible))
                || before.iter().any(|responsible| scope.has(*responsible))
        };
        let ids: Vec<ClientId> =
            changed.iter().filter(|(id, before)| sees(id, before)).map(|(id, _)| *id).collect();
        if !ids.is_empty() {
            send(user, ids);
        }
    }
    Ok(())
}
