//! Which clients changed, for everybody's pages: they ask again for what they show.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookswitch_model::{ClientId, UserId};
use hookswitch_store::{ClientScope, StoreError};
use tokio::sync::Notify;

use super::Live;
use super::message::Message;

/// However many clients change, one message in this time.
const PAUSE: Duration = Duration::from_millis(350);
/// Of more clients than these it is only said that there are many.
const MAX_NAMED: usize = 500;

/// The clients that changed since everybody was last told, each with the responsible users that it had before.
type Changed = BTreeMap<ClientId, Vec<Option<UserId>>>;

/// What is to be told.
#[derive(Default)]
pub struct ClientChanges {
    changed: Mutex<Changed>,
    happened: Notify,
}

impl ClientChanges {
    /// A client, or its activity stream, has changed.
    pub fn note(&self, client: ClientId) {
        self.add(client, None);
    }

    /// A client may have passed from one user, or from nobody, to another: whoever saw it has to hear of that.
    pub fn left(&self, client: ClientId, responsible: Option<UserId>) {
        self.add(client, Some(responsible));
    }

    fn add(&self, client: ClientId, before: Option<Option<UserId>>) {
        let mut changed = self.changed();
        // One more than are named tells that there are many.
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

/// Tells everybody, as long as the server runs.
pub async fn run(live: Arc<Live>) {
    loop {
        live.client_changes.happened.notified().await;
        let changed = std::mem::take(&mut *live.client_changes.changed());
        if let Err(error) = tell(&live, &changed).await {
            tracing::error!(%error, "some pages were not told which clients changed");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Tells each user of the clients that they may see, or might until now.
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
            // Nothing is known any more of a client that is gone, and nothing is told by its id.
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
