//! The demo PBX, running: its HTTP server, its clock, its webhooks.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use chrono::{DateTime, Utc};
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::event::Event;
use crate::outbox::Outbox;
use crate::switch::{Extension, Switch, SwitchError};
use crate::{control, provider};

/// The company's number: one of those that are given to nobody, for use in plays and films.
pub const LINE: &str = "+442079460000";

/// How to run it.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where events go until a module sets another address.
    pub webhook_url: Option<String>,
    /// What the module must send as `x-api-key`.
    pub api_key: String,
    /// What webhooks are signed with.
    pub webhook_secret: String,
    /// The company's phones.
    pub extensions: Vec<Extension>,
}

/// The phones of a small company.
#[must_use]
pub fn extensions() -> Vec<Extension> {
    let named = [("101", "Reception"), ("102", "Sales"), ("103", "Support"), ("104", "Accounts")];
    named.map(|(number, name)| Extension { number: number.into(), name: name.into() }).into()
}

/// The running PBX; stops when dropped.
pub struct Pbx {
    /// Where it listens.
    pub address: SocketAddr,
    pub(crate) shared: Shared,
    pub(crate) clients_so_far: AtomicUsize,
    tasks: [JoinHandle<()>; 2],
}

impl Pbx {
    /// Sends events to that address from now on.
    pub fn send_events_to(&self, webhook_url: String) {
        self.shared.0.outbox.set_url(webhook_url);
    }
}

impl Drop for Pbx {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Starts it on the tokio runtime of the caller; `now` tells the time.
///
/// # Errors
/// The address is taken, or the HTTP client for webhooks cannot be set up.
pub async fn start(
    options: Options,
    now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
) -> std::io::Result<Pbx> {
    let listener = TcpListener::bind(options.listen).await?;
    let address = listener.local_addr()?;
    let outbox = Outbox::new(options.webhook_url, &options.webhook_secret).map_err(std::io::Error::other)?;
    let run = hex::encode(rand::random::<[u8; 4]>());
    let state = Shared(Arc::new(State {
        switch: Mutex::new(Switch::new(LINE.into(), options.extensions, run)),
        outbox,
        now: Box::new(now),
        changed: Notify::new(),
        address,
        recordings_key: hmac::Key::new(hmac::HMAC_SHA256, options.api_key.as_bytes()),
        api_key: options.api_key,
    }));
    let app: Router = control::router().merge(provider::router(state.clone())).with_state(state.clone());
    let serve = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::error!(%error, "the demo PBX stopped");
        }
    });
    let tasks = [serve, tokio::spawn(state.clone().tick())];
    Ok(Pbx { address, shared: state, clients_so_far: AtomicUsize::new(0), tasks })
}

/// What every request gets.
#[derive(Clone)]
pub struct Shared(pub Arc<State>);

/// What the PBX's parts share.
pub struct State {
    switch: Mutex<Switch>,
    /// The way out for events.
    pub outbox: Outbox,
    now: Box<dyn Fn() -> DateTime<Utc> + Send + Sync>,
    changed: Notify,
    /// Where it listens.
    pub address: SocketAddr,
    /// What the module must send.
    pub api_key: String,
    recordings_key: hmac::Key,
}

impl Shared {
    /// The PBX's calls, to look at.
    pub fn switch(&self) -> MutexGuard<'_, Switch> {
        self.0.switch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something whole or not at all, sends what it causes, and tells the id of the call concerned (null where nothing is
    /// reported).
    ///
    /// # Errors
    /// As the action.
    pub fn act(
        &self,
        action: impl FnOnce(&mut Switch, DateTime<Utc>) -> Result<Vec<Event>, SwitchError>,
    ) -> Result<Value, SwitchError> {
        let mut switch = self.switch();
        let mut after = switch.clone();
        let events = action(&mut after, (self.0.now)())?;
        *switch = after;
        let call_id = events.first().map(|event| event.call_id.clone());
        // Under the lock, so that the events of a call leave in the order in which they happened.
        self.0.outbox.send(events);
        drop(switch);
        self.0.changed.notify_one();
        Ok(json!({ "callId": call_id }))
    }

    /// What could be done now.
    pub fn possible(
        &self,
        action: impl FnOnce(&mut Switch, DateTime<Utc>) -> Result<Vec<Event>, SwitchError>,
    ) -> bool {
        let mut tried = self.switch().clone();
        action(&mut tried, (self.0.now)()).is_ok()
    }

    /// Makes a recording's link one that cannot be guessed.
    #[must_use]
    pub fn recording_token(&self, id: &str) -> String {
        hex::encode(&hmac::sign(&self.0.recordings_key, id.as_bytes()).as_ref()[..16])
    }

    /// Lets happen what happens by itself.
    async fn tick(self) {
        loop {
            let changed = self.0.changed.notified();
            let next = self.switch().next_deadline();
            let wait = next.map(|at| (at - (self.0.now)()).to_std().unwrap_or_default());
            tokio::select! {
                () = async { tokio::time::sleep(wait.unwrap_or_default()).await }, if wait.is_some() => {
                    let mut switch = self.switch();
                    let events = switch.tick((self.0.now)());
                    self.0.outbox.send(events);
                }
                () = changed => {}
            }
        }
    }
}
