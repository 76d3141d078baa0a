//! What goes along with the next batch. Nobody waits for it, so it wakes the committer only from a long sleep.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::batch::Note;

/// Notes that wait, at most; what comes then is dropped.
const MOST: usize = 1024;

/// The notes that wait for a batch.
#[derive(Default)]
pub(super) struct Notes {
    waiting: Mutex<Vec<Note>>,
    /// Whether the committer has gone to sleep without a time to look for notes again.
    asleep: AtomicBool,
    dropped: AtomicU64,
}

impl Notes {
    /// Adds a note. Returns whether the committer has to be woken.
    pub(super) fn add(&self, note: Note) -> bool {
        let mut waiting = self.waiting();
        if waiting.len() >= MOST {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        waiting.push(note);
        self.asleep.swap(false, Ordering::SeqCst)
    }

    /// Takes so many notes, oldest first.
    pub(super) fn take(&self, most: usize) -> Vec<Note> {
        let mut waiting = self.waiting();
        let count = waiting.len().min(most);
        waiting.drain(..count).collect()
    }

    /// Says that nobody looks for notes any more, unless some wait.
    pub(super) fn sleep(&self) -> bool {
        let waiting = self.waiting();
        let sleeps = waiting.is_empty();
        self.asleep.store(sleeps, Ordering::SeqCst);
        sleeps
    }

    /// Says that the committer looks for notes again.
    pub(super) fn wake(&self) {
        self.asleep.store(false, Ordering::SeqCst);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Note>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
