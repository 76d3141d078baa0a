//! Observes a module's thread from outside: is it inside the script, since when, and should it stop?
//!
//! QuickJS checks for interruption between steps of a script and in most of its long loops, but not in all: searching a
//! long string in a long string can run almost forever. Nothing can stop such a thread, so the module's calls are
//! rejected until it finishes; the harm is limited to one core. Stuck threads are counted, including those of dropped
//! modules, and with too many no further thread is started.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::Limits;

/// Time beyond its CPU limit after which a slice counts as stuck.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Watch {
    epoch: Instant,
    /// Milliseconds from `epoch` to the start of the running slice; `OUTSIDE` if there is none.
    entered: AtomicU64,
    stopped: AtomicBool,
}

const OUTSIDE: u64 = u64::MAX;

impl Watch {
    pub(crate) fn new() -> Self {
        Self { epoch: Instant::now(), entered: AtomicU64::new(OUTSIDE), stopped: AtomicBool::new(false) }
    }

    pub(crate) fn enter(&self) {
        let now = u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(OUTSIDE);
        self.entered.store(now, Ordering::Relaxed);
    }

    pub(crate) fn leave(&self) {
        self.entered.store(OUTSIDE, Ordering::Relaxed);
    }

    /// Tells the thread that nobody waits for it any more.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn is_inside(&self) -> bool {
        self.entered.load(Ordering::Relaxed) != OUTSIDE
    }

    /// Whether the running slice has gone on for longer than any limit allows.
    pub(crate) fn is_stuck(&self, limits: &Limits) -> bool {
        let entered = self.entered.load(Ordering::Relaxed);
        if entered == OUTSIDE {
            return false;
        }
        self.epoch.elapsed() > Duration::from_millis(entered) + limits.cpu() + limits.wall().min(PATIENCE)
    }
}

/// The threads of all modules of an engine.
#[derive(Debug, Default)]
pub(crate) struct Threads(Mutex<Vec<Weak<Watch>>>);

impl Threads {
    pub(crate) fn add(&self, watch: &Arc<Watch>) {
        self.all().push(Arc::downgrade(watch));
    }

    /// The number of stuck threads. A thread still inside the script of a dropped module counts immediately.
    pub(crate) fn stuck(&self, limits: &Limits) -> usize {
        let mut all = self.all();
        all.retain(|watch| watch.strong_count() > 0);
        let live = all.iter().filter_map(Weak::upgrade);
        live.filter(|watch| watch.is_stuck(limits) || (watch.is_stopped() && watch.is_inside())).count()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Watch>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
