//! Tells watching administrators' pages that something happened, so that they reload what they show.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hookswitch_model::ModuleId;
use hookswitch_store::Role;
use tokio::sync::Notify;

use super::Live;
use super::message::Message;

/// At most one message in this time, however much happens.
const PAUSE: Duration = Duration::from_millis(300);

/// What happened since administrators were last notified. Costs webhooks nothing while no administrator has a socket.
#[derive(Default)]
pub struct Activity {
    watching: AtomicUsize,
    news: Mutex<News>,
    happened: Notify,
}

#[derive(Default)]
struct News {
    calls: bool,
    modules: BTreeSet<ModuleId>,
}

/// While it exists, an administrator is watching.
pub struct Watching<'a>(&'a Activity);

impl Activity {
    /// Registers a watching administrator.
    pub fn watch(&self) -> Watching<'_> {
        self.watching.fetch_add(1, Ordering::Relaxed);
        Watching(self)
    }

    /// Whether anybody is watching.
    pub(crate) fn is_watched(&self) -> bool {
        self.watching.load(Ordering::Relaxed) > 0
    }

    /// Records that a call is new or has changed.
    pub fn call(&self) {
        self.note(|news| news.calls = true);
    }

    /// Records that a module's request log, or its own log, has new entries.
    pub fn module(&self, module: ModuleId) {
        self.note(|news| {
            news.modules.insert(module);
        });
    }

    fn note(&self, add: impl FnOnce(&mut News)) {
        if self.is_watched() {
            add(&mut self.news());
            self.happened.notify_one();
        }
    }

    fn news(&self) -> MutexGuard<'_, News> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        self.0.watching.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Notifies administrators while the server runs.
pub async fn run(live: Arc<Live>) {
    loop {
        live.activity.happened.notified().await;
        let News { calls, modules } = std::mem::take(&mut *live.activity.news());
        let text = Message::Activity { calls, modules: modules.into_iter().collect() }.to_text();
        let connected = live.hub.connected().into_iter();
        for user in connected.filter(|user| live.catalog.directory.role_of(*user) == Some(Role::Admin)) {
            live.hub.send(user, text.clone());
        }
        tokio::time::sleep(PAUSE).await;
    }
}
