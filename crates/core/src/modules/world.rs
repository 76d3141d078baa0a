//! The environment of modules.

use std::sync::Arc;

use hookswitch_store::Store;
use metrics::Counter;

use super::host::Outside;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::live::Activity;
use crate::public_url::PublicUrl;
use crate::tasks::Tasks;

/// The environment of modules.
pub struct World {
    pub store: Store,
    pub clock: Clock,
    /// The URL that providers call.
    pub public_url: PublicUrl,
    /// What scripts meet outside the server.
    pub outside: Arc<dyn Outside>,
    /// Updates for watching administrators.
    pub activity: Arc<Activity>,
    pub audit: Audit,
    /// Background tasks.
    pub tasks: Tasks,
    /// Whether events here count in the process's metrics: not if calls are only played.
    pub counts: bool,
}

impl World {
    /// A counter of the process's metrics, if events here count.
    pub fn counter(&self, counter: impl FnOnce() -> Counter) -> Counter {
        if self.counts { counter() } else { Counter::noop() }
    }
}
