//! Background tasks, which must finish before the database is closed.

use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Cheap to clone; all clones share the tasks.
#[derive(Clone, Default)]
pub struct Tasks {
    /// The running tasks.
    pub running: TaskTracker,
    /// Cancelled when the server stops.
    pub stopping: CancellationToken,
}

impl Tasks {
    /// Runs a short task: stopping waits for it.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.running.spawn(task)
    }

    /// Runs a task that ends only when the server stops.
    pub fn spawn_job(&self, job: impl Future<Output = ()> + Send + 'static) {
        let stopping = self.stopping.clone();
        self.running.spawn(async move { stopping.run_until_cancelled_owned(job).await });
    }
}
