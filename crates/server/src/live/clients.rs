//! Which clients changed, for everybody's pages: they ask again for what they show.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookswitch_model::ClientId;
use tokio::sync::Notify;

use super::message::Message;
use crate::app::App;

/// However many clients change, one message in this time.
const PAUSE: Duration = Duration::from_millis(350);
/// Of more clients than these it is only said that there are many.
const MAX_NAMED: usize = 500;

/// The clients that changed since everybody was last told.
#[derive(Default)]
pub struct ClientChanges {
    changed: Mutex<BTreeSet<ClientId>>,
    happened: Notify,
}

impl ClientChanges {
    /// A client, or its activity stream, has changed.
    pub fn note(&self, client: ClientId) {
        let mut changed = self.changed();
        // One more than are named tells that there are many.
        if changed.len() <= MAX_NAMED {
            changed.insert(client);
        }
        drop(changed);
        self.happened.notify_one();
    }

    fn changed(&self) -> MutexGuard<'_, BTreeSet<ClientId>> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells everybody, as long as the server runs.
pub async fn run(app: Arc<App>) {
    loop {
        app.client_changes.happened.notified().await;
        let changed = std::mem::take(&mut *app.client_changes.changed());
        let ids = if changed.len() > MAX_NAMED { Vec::new() } else { changed.into_iter().collect() };
        let text = Message::Clients { ids }.to_text();
        for user in app.hub.connected() {
            app.hub.send(user, text.clone());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
