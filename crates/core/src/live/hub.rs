//! The open sockets, and sending to them.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, UserId};
use lru::LruCache;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::accounts::Via;
use crate::clock::Clock;

/// The version of a call: grows with each change.
pub type Version = i64;

/// How many messages a socket may fall behind before it is closed.
const BACKLOG: usize = 256;
/// How often to check for expired sessions and tokens.
const EXPIRY: Duration = Duration::from_secs(1);
/// Calls whose last delivered version is remembered, so that an older change that lost a race is not shown after it.
const REMEMBERED_CALLS: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

/// A message to one socket.
#[derive(Debug, Clone)]
pub struct Frame {
    /// The message, in UTF-8.
    pub text: Bytes,
    /// The call it is about, with its version.
    pub call: Option<(CallId, Version)>,
}

/// The open sockets. Cheap to clone.
#[derive(Clone, Default)]
pub struct Hub(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    next_id: AtomicU64,
}

struct State {
    sockets: HashMap<UserId, Vec<Socket>>,
    delivered: LruCache<CallId, Version>,
}

struct Socket {
    id: u64,
    frames: mpsc::Sender<Frame>,
    /// The session or token it was opened with, and when that expires.
    via: Via,
    until: Option<DateTime<Utc>>,
    /// Cancelled when the hub drops the socket.
    let_go: CancellationToken,
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.let_go.cancel();
    }
}

impl Default for State {
    fn default() -> Self {
        Self { sockets: HashMap::new(), delivered: LruCache::new(REMEMBERED_CALLS) }
    }
}

/// The socket's end of a connection; dropping it removes the socket from the hub.
pub struct Connection {
    /// The messages to send.
    pub frames: mpsc::Receiver<Frame>,
    /// Cancelled when the hub has dropped the socket: close it, whatever is still to be sent.
    pub let_go: CancellationToken,
    hub: Hub,
    user: UserId,
    id: u64,
}

impl Hub {
    /// Adds a socket opened with `via`, until that expires; `None` if the user has `most` sockets.
    pub fn connect(
        &self,
        user: UserId,
        via: Via,
        until: Option<DateTime<Utc>>,
        most: usize,
    ) -> Option<Connection> {
        let (sender, frames) = mpsc::channel(BACKLOG);
        let id = self.0.next_id.fetch_add(1, Ordering::Relaxed);
        let let_go = CancellationToken::new();
        let socket = Socket { id, frames: sender, via, until, let_go: let_go.clone() };
        let mut state = self.state();
        if state.sockets.get(&user).map_or(0, Vec::len) >= most {
            return None;
        }
        state.sockets.entry(user).or_default().push(socket);
        drop(state);
        metrics::gauge!("hookswitch_sockets").increment(1);
        Some(Connection { frames, let_go, hub: self.clone(), user, id })
    }

    /// Whether a user has an open socket.
    pub fn is_connected(&self, user: UserId) -> bool {
        self.state().sockets.contains_key(&user)
    }

    /// The users with an open socket.
    pub fn connected(&self) -> Vec<UserId> {
        self.state().sockets.keys().copied().collect()
    }

    /// Sends the messages about a version of a call, unless a later one was already sent. Returns the number of each
    /// user's tabs, which then know this version or the later one.
    pub(crate) fn publish(
        &self,
        call: CallId,
        version: Version,
        messages: &[(UserId, Vec<Bytes>)],
    ) -> BTreeMap<UserId, usize> {
        let mut state = self.state();
        let overtaken = state.delivered.get(&call).is_some_and(|latest| *latest >= version);
        if !overtaken {
            state.delivered.put(call, version);
            for (user, texts) in messages {
                for text in texts {
                    state.send(*user, &Frame { text: text.clone(), call: Some((call, version)) });
                }
            }
        }
        messages.iter().map(|(user, _)| (*user, state.sockets.get(user).map_or(0, Vec::len))).collect()
    }

    /// Sends a message that is not about a call to every tab of a user.
    pub fn send(&self, user: UserId, text: Bytes) {
        self.state().send(user, &Frame { text, call: None });
    }

    /// Closes a user's sockets: the user was deactivated or signed out everywhere.
    pub fn disconnect(&self, user: UserId) {
        self.state().sockets.remove(&user);
    }

    /// Closes the sockets of an ended session or token.
    pub fn disconnect_via(&self, user: UserId, via: &Via) {
        let mut state = self.state();
        if let Some(sockets) = state.sockets.get_mut(&user) {
            sockets.retain(|socket| socket.via != *via);
        }
        state.forget_if_gone(user);
    }

    /// Closes the sockets of expired sessions and tokens.
    pub(crate) fn disconnect_expired(&self, now: DateTime<Utc>) {
        self.state().sockets.retain(|_, sockets| {
            sockets.retain(|socket| socket.until.is_none_or(|until| until > now));
            !sockets.is_empty()
        });
    }

    /// Closes sockets with an expired session or token, every second while the server runs.
    pub async fn expire(self, clock: Clock) {
        let mut ticks = tokio::time::interval(EXPIRY);
        loop {
            ticks.tick().await;
            self.disconnect_expired(clock.now());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while holding the lock; even then the map would be sound.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn send(&mut self, user: UserId, frame: &Frame) {
        let Some(sockets) = self.sockets.get_mut(&user) else { return };
        sockets.retain(|socket| {
            let sent = socket.frames.try_send(frame.clone()).is_ok();
            if !sent {
                metrics::counter!("hookswitch_sockets_too_slow_total").increment(1);
            }
            sent
        });
        self.forget_if_gone(user);
    }

    fn forget_if_gone(&mut self, user: UserId) {
        if self.sockets.get(&user).is_some_and(Vec::is_empty) {
            self.sockets.remove(&user);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::gauge!("hookswitch_sockets").decrement(1);
        let mut state = self.hub.state();
        if let Some(sockets) = state.sockets.get_mut(&self.user) {
            sockets.retain(|socket| socket.id != self.id);
        }
        state.forget_if_gone(self.user);
    }
}

#[cfg(test)]
mod tests {
    use hookswitch_model::TokenId;
    use uuid::Uuid;

    use super::*;

    const USER: UserId = UserId(Uuid::nil());
    const CALL: CallId = CallId(Uuid::nil());
    const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn connect_via(hub: &Hub, token: u128, until: Option<DateTime<Utc>>) -> Option<Connection> {
        let via = Via::Token(TokenId(Uuid::from_u128(token)));
        hub.connect(USER, via, until, 3)
    }

    fn connect(hub: &Hub) -> Connection {
        connect_via(hub, 0, None).expect("a free place")
    }

    fn publish(hub: &Hub, version: Version) -> usize {
        hub.publish(CALL, version, &[(USER, vec![version.to_string().into()])])[&USER]
    }

    #[test]
    fn a_change_that_lost_the_race_is_not_shown() {
        let hub = Hub::default();
        let mut tab = connect(&hub);
        assert_eq!(publish(&hub, 2), 1);
        assert_eq!(publish(&hub, 1), 1, "it knows a later version");
        assert_eq!(tab.frames.try_recv().unwrap().text, "2");
        assert!(tab.frames.try_recv().is_err());
    }

    #[test]
    fn a_tab_that_does_not_read_is_closed_and_others_continue() {
        let hub = Hub::default();
        let slow = connect(&hub);
        let mut quick = connect(&hub);
        for version in 0..=i64::try_from(BACKLOG).unwrap() {
            publish(&hub, version);
            assert!(quick.frames.try_recv().is_ok());
        }
        assert_eq!(publish(&hub, 1000), 1);
        assert!(slow.let_go.is_cancelled() && !quick.let_go.is_cancelled());
    }

    #[test]
    fn a_socket_ends_with_its_token_or_at_its_expiry() {
        let hub = Hub::default();
        let one = connect_via(&hub, 1, None).unwrap();
        let two = connect_via(&hub, 2, Some(NOW)).unwrap();
        hub.disconnect_via(USER, &Via::Token(TokenId(Uuid::from_u128(1))));
        assert!(one.let_go.is_cancelled() && !two.let_go.is_cancelled());
        hub.disconnect_expired(NOW - chrono::TimeDelta::microseconds(1));
        assert!(!two.let_go.is_cancelled());
        hub.disconnect_expired(NOW);
        assert!(two.let_go.is_cancelled() && !hub.is_connected(USER));
    }

    #[test]
    fn a_user_has_a_bounded_number_of_sockets() {
        let hub = Hub::default();
        let tabs: Vec<Connection> = (0..3).map(|_| connect(&hub)).collect();
        assert!(connect_via(&hub, 0, None).is_none());
        drop(tabs);
        connect(&hub);
    }

    #[test]
    fn a_closed_tab_is_forgotten() {
        let hub = Hub::default();
        drop(connect(&hub));
        assert!(!hub.is_connected(USER));
    }
}
