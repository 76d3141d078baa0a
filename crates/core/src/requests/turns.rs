//! Processes events that are identified only by their arrival in the order in which they arrived.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// How long a request waits for earlier ones. A slow script delays no other module's events, and its own no longer than
/// this.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Requests of a module in progress, at most: more than its script's queue holds, since each also waits for its commit.
const MOST: usize = 1024;

/// The requests of one module in progress, in order of arrival.
pub struct Turns {
    under_way: Mutex<UnderWay>,
    passed: Notify,
    places: Arc<Semaphore>,
}

impl Default for Turns {
    fn default() -> Self {
        let places = Arc::new(Semaphore::new(MOST));
        Self { under_way: Mutex::default(), passed: Notify::default(), places }
    }
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    tickets: BTreeSet<u64>,
}

/// A request's place among them, released when dropped.
pub struct Turn {
    turns: Arc<Turns>,
    ticket: u64,
}

impl Turns {
    /// Takes a place among the requests in progress, unless there are too many.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// Takes the place of a request that arrives now.
    pub fn take(self: &Arc<Self>) -> Turn {
        let mut under_way = self.under_way();
        let ticket = under_way.next;
        under_way.next += 1;
        under_way.tickets.insert(ticket);
        Turn { turns: Arc::clone(self), ticket }
    }

    fn under_way(&self) -> MutexGuard<'_, UnderWay> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Waits for the turns of earlier requests, but not forever.
    pub async fn come(&self) {
        let come = async {
            loop {
                let passed = self.turns.passed.notified();
                if self.turns.under_way().tickets.first().is_none_or(|first| *first >= self.ticket) {
                    return;
                }
                passed.await;
            }
        };
        // After the time limit the request goes ahead.
        let _ = tokio::time::timeout(LONGEST_WAIT, come).await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.under_way().tickets.remove(&self.ticket);
        self.turns.passed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn later_requests_wait_for_earlier_ones() {
        let turns = Arc::new(Turns::default());
        let (first, second) = (turns.take(), turns.take());
        first.come().await;
        let waiting = tokio::spawn(async move { second.come().await });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.expect("its turn");
    }

    #[tokio::test]
    async fn nobody_waits_forever() {
        let turns = Arc::new(Turns::default());
        let _stuck = turns.take();
        turns.take().come().await;
    }
}
