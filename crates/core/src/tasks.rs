//! What goes on beside the requests, and has to be finished before the database is closed.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Cheap to clone: all clones are one.
#[derive(Clone, Default)]
pub struct Tasks {
    /// Those that are running.
    pub running: TaskTracker,
    /// Told when the server is to stop.
    pub stopping: CancellationToken,
}

impl Tasks {
    /// Runs something that is short: stopping waits for it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.running.spawn(task)
    }

    /// Runs something that ends only when the server stops.
    pub fn spawn_job(&self, job: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.running.spawn(async move { stopping.run_until_cancelled_owned(job).await });
    }
}
