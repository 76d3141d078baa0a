//! What modules work with.

use std::sync::Arc;

use hookswitch_store::Store;
use metrics::Counter;

use super::host::Outside;
use crate::audit::Audit;
use crate::clock::Clock;
use crate::live::Activity;
use crate::public_url::PublicUrl;
use crate::tasks::Tasks;

/// What modules work with.
pub struct World {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// What providers call.
    pub public_url: PublicUrl,
    /// What scripts meet outside the server.
    pub outside: Arc<dyn Outside>,
    /// What administrators who look on are told of.
    pub activity: Arc<Activity>,
    /// The audit trail.
    pub audit: Audit,
    /// What goes on beside the requests.
    pub tasks: Tasks,
    /// Whether what happens here counts in the process's metrics: not where calls are only played.
    pub counts: bool,
}

impl World {
    /// A counter of the process's metrics, where what happens here counts.
    pub fn counter(&self, counter: impl FnOnce() -> Counter) -> Counter {
        if self.counts { counter() } else { Counter::noop() }
    }
}
