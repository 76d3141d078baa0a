//! Events that are told from others only by when they come meet their calls in the order in which they arrived.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

/// How long a request waits for those before it. A script that takes longer over one holds up no other module's events, and
/// its own no longer than that.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// The requests of one module that are under way, in the order of their arrival.
#[derive(Default)]
pub struct Turns {
    under_way: Mutex<UnderWay>,
    passed: Notify,
}

#[derive(Default)]
struct UnderWay {
    next: u64,
    tickets: BTreeSet<u64>,
}

/// A request's place among them, until it is dropped.
pub struct Turn {
    turns: Arc<Turns>,
    ticket: u64,
}

impl Turns {
    /// The place of a request that arrives now.
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
    /// Waits until those that arrived before have had their turn, though not for ever.
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
        // Whoever is over the time goes ahead.
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
    async fn who_came_later_waits_for_who_came_before() {
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
    async fn nobody_waits_for_ever() {
        let turns = Arc::new(Turns::default());
        let _stuck = turns.take();
        turns.take().come().await;
    }
}
