//! The path of webhooks into the database.
//!
//! A single task takes the waiting messages, up to a bound, writes them in one transaction with a handful of
//! statements, and then wakes the callers. Nothing waits for a timer: while one batch is written, the next one
//! collects.

mod batch;
mod encounters;
mod load;
mod notes;
pub(crate) mod report_counters;
mod save;
mod task;
mod types;

use std::sync::Arc;

use hookswitch_model::batch::Submission;
use hookswitch_model::{RequestId, view};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use crate::clients::ClientMatch;
use crate::error::StoreError;
use crate::open::Store;

use batch::{Applying, Incoming, Note};
pub(crate) use save::{DELETE_OPERATORS, change_operators, delete_calls};
pub(crate) use task::Committer;
use task::Message;
pub use types::{Applied, Apply, CallChange, NewRequest, Outcome, OutcomeStatus, RequestError};

impl Store {
    /// Stores a request as it arrived; once this returns, it survives a power failure.
    ///
    /// # Errors
    /// [`StoreError::Closed`], and database errors.
    pub async fn accept(&self, request: impl Into<Arc<NewRequest>>) -> Result<(), StoreError> {
        let request = Box::new(Incoming::new(request.into(), &self.inner.key));
        self.ask(|answer| Message::Accept(request, answer)).await
    }

    /// Adds facts to their calls and writes the request's outcome, and the request itself if it is new, in one
    /// transaction. [`hookswitch_model::batch`]
    /// defines what the facts do to the calls; a replayed request's facts are first matched to the calls it reported
    /// before. A fact that names no call of the module by our id is dropped.
    ///
    /// # Errors
    /// [`StoreError::Reduce`] if a fact could not be added: nothing of this apply has been written then, including the
    /// request's outcome. [`StoreError::Contention`] if other nodes kept changing the same calls.
    pub async fn apply(&self, apply: Apply) -> Result<Applied, StoreError> {
        let applying = Box::new(Applying::new(apply, &self.inner.key));
        self.ask(|answer| Message::Apply(applying, answer)).await
    }

    /// What [`Store::apply`] would do now. Writes nothing; calls it would begin get made-up ids.
    ///
    /// # Errors
    /// As for [`Store::apply`].
    pub async fn preview(&self, submission: Submission) -> Result<Vec<CallChange>, StoreError> {
        let mut tx = self.inner.pools.begin_read().await?;
        let mut calls = load::calls(&mut tx, &self.inner.hashes, &[&submission]).await?;
        let mut changes = calls.meet(&submission)?.changes;
        for change in &mut changes {
            let before = change.before.as_ref().and_then(|before| view(before).client_e164);
            if let Some(after) = &mut change.after {
                after.settle(|reading| Some(reading) == before.as_deref());
            }
        }
        Ok(changes.into_iter().map(|change| CallChange::new(change, ClientMatch::default())).collect())
    }

    /// Stores what is known after a request's commit. Nothing waits for this: it is dropped if the database cannot keep
    /// up (see [`Store::notes_dropped`]). The receiver is notified once it is stored, or gets an error if it was
    /// dropped.
    pub fn note_delivery(&self, request: RequestId, delivery: &RawValue) -> oneshot::Receiver<()> {
        let (kept, word) = oneshot::channel();
        self.inner.committer.note(Note { request, delivery: delivery.get().to_owned(), kept });
        word
    }

    /// The number of notes from [`Store::note_delivery`] dropped so far.
    #[must_use]
    pub fn notes_dropped(&self) -> u64 {
        self.inner.committer.notes_dropped()
    }

    /// Whether the last batch could not be written, for a reason that may pass.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.inner.committer.is_failing()
    }

    async fn ask<T>(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Message,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.inner.committer.send(message(answer)).await?;
        let unanswered = |_| match self.inner.committer.is_closed() {
            true => StoreError::Closed,
            false => StoreError::Panicked,
        };
        answered.await.map_err(unanswered)?
    }
}
