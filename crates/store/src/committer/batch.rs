//! One transaction.

use std::time::Instant;

use hookswitch_model::{ClientId, RequestId};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::types::{Applied, Apply, NewRequest};
use super::working::Done;
use super::{figures, link, load, reach, save};
use crate::clients::made;
use crate::db::{Pools, Tx, is_unique, text};
use crate::erase::Hashes;
use crate::error::StoreError;
use crate::faults;
use crate::key::SecretKey;
use crate::requests::sealed_name;

/// What is written together.
#[derive(Default)]
pub(crate) struct Batch {
    pub accepts: Vec<Incoming>,
    pub applies: Vec<Apply>,
    pub notes: Vec<Note>,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.accepts.len() + self.applies.len() + self.notes.len()
    }
}

/// What came after a request's commit, as JSON, and who is told once it is kept.
pub(crate) struct Note {
    pub request: RequestId,
    pub delivery: String,
    pub kept: oneshot::Sender<()>,
}

/// A new request with its secrets encrypted by whoever brought it, not by the committer.
pub(crate) struct Incoming {
    pub request: NewRequest,
    pub sealed: Option<Vec<u8>>,
}

impl Incoming {
    pub(super) fn new(mut request: NewRequest, key: &SecretKey) -> Self {
        request.method = text(&request.method);
        request.path = text(&request.path);
        request.remote_address = request.remote_address.as_deref().map(text);
        let encrypted =
            |sealed: Box<RawValue>| key.encrypt(&sealed_name(request.id), sealed.get().as_bytes());
        let sealed = request.sealed.take().map(encrypted);
        Self { request, sealed }
    }
}

/// Why a batch was not written.
pub(crate) enum BatchError {
    /// Another node changed the same calls meanwhile; starting over will do.
    Conflict,
    /// The database refused something in it, or what it concerns cannot be read.
    Refused(StoreError),
    /// It could not be written for a reason that is no member's.
    Failed(StoreError),
}

impl From<BatchError> for StoreError {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Conflict => Self::Contention,
            BatchError::Refused(error) | BatchError::Failed(error) => error,
        }
    }
}

impl From<StoreError> for BatchError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt(_) => Self::Refused(error),
            error => Self::Failed(error),
        }
    }
}

impl From<sqlx::Error> for BatchError {
    fn from(error: sqlx::Error) -> Self {
        // Serialisation failure and deadlock, as SQL says them; busy and locked, as SQLite does.
        const AGAIN: [&str; 6] = ["40001", "40P01", "5", "6", "261", "517"];
        let Some(refusal) = error.as_database_error() else { return StoreError::from(error).into() };
        if faults::is_unavailable(&error) {
            return Self::Failed(error.into());
        }
        let again = refusal.code().is_some_and(|code| AGAIN.contains(&code.as_ref()));
        if again { Self::Conflict } else { Self::Refused(error.into()) }
    }
}

impl BatchError {
    /// Of writing calls, where "not unique" means that another node began the same call.
    pub(super) fn of_calls(error: sqlx::Error) -> Self {
        if is_unique(&error) { Self::Conflict } else { error.into() }
    }

    /// Of removing clients, where "is referred to" means that somebody was faster with touching one.
    pub(super) fn of_clients(error: sqlx::Error) -> Self {
        let touched = error.as_database_error().is_some_and(|error| error.is_foreign_key_violation());
        if touched { Self::Conflict } else { error.into() }
    }
}

/// Writes the batch; gives what each of its applies did.
pub(super) async fn commit(
    pools: &Pools,
    hashes: &Hashes,
    batch: &Batch,
) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
    let mut tx = pools.begin().await?;
    match write(&mut tx, hashes, batch).await {
        Ok(applied) => {
            tx.commit().await?;
            Ok(applied)
        }
        Err(error) => {
            tx.rollback().await;
            Err(error)
        }
    }
}

async fn write(
    tx: &mut Tx,
    hashes: &Hashes,
    batch: &Batch,
) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
    save::requests(tx, &batch.accepts).await?;
    let applied = match batch.applies.is_empty() {
        true => Vec::new(),
        false => applies(tx, hashes, &batch.applies).await?,
    };
    save::notes(tx, &batch.notes).await?;
    Ok(applied)
}

async fn applies(
    tx: &mut Tx,
    hashes: &Hashes,
    applies: &[Apply],
) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
    let mut working = load::load(tx, hashes, &applies.iter().collect::<Vec<_>>()).await?;
    let matched_at = Instant::now();
    let (mut outcomes, mut erased) = (Vec::with_capacity(applies.len()), Vec::new());
    let mut results = Vec::with_capacity(applies.len());
    for apply in applies {
        let done = working.apply(apply);
        if let (Ok(done), Some(request), Some(outcome)) = (&done, apply.request, &apply.outcome) {
            outcomes.push(save::OutcomeRow::new(request, outcome, apply, done)?);
        }
        if let (Ok(Done { erased: true, .. }), Some(request)) = (&done, apply.request) {
            erased.push(request);
        }
        results.push(done);
    }
    let mut changed = working.changed();
    let removed = link::unmake(tx, &mut changed).await?;
    let links = link::link(tx, &mut changed, applies).await?;
    save::calls(tx, &changed).await?;
    made::release(tx, &removed).await.map_err(BatchError::of_calls)?;
    made::adopt(tx, &links.made).await.map_err(BatchError::of_calls)?;
    let reached = reach::reach(tx, &changed, applies).await?;
    figures::add(tx, &figures::of_batch(&changed, &reached)).await?;
    save::outcomes(tx, &outcomes).await?;
    save::forget(tx, &erased).await?;

    let clients_made: Vec<ClientId> = links.made.iter().map(|client| client.id).collect();
    let applied = |done: Done| Applied {
        erased: done.erased,
        changes: done.changes.into_iter().map(|change| links.complete(change)).collect(),
        missed_closed: !reached.is_empty(),
        clients_made: clients_made.clone(),
        clients_removed: removed.clone(),
        matched_at,
    };
    Ok(results.into_iter().map(|done| done.map(applied).map_err(StoreError::from)).collect())
}
