//! A batch, written in one transaction.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hookswitch_model::batch::{Changes, Met, Submission};
use hookswitch_model::{ClientId, RequestId};
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::types::{Applied, Apply, CallChange, NewRequest, Outcome};
use super::{encounters, load, save};
use crate::clients::ClientSummary;
use crate::clients::number_owners::matched as matched_from;
use crate::db::{Db, Pools, is_unique};
use crate::direct::Direct;
use crate::erase::Hashes;
use crate::error::StoreError;
use crate::faults;
use crate::key::SecretKey;
use crate::requests::sealed_name;

/// Writes that share a transaction.
#[derive(Default)]
pub(crate) struct Batch {
    pub accepts: Vec<Incoming>,
    pub applies: Vec<Applying>,
    pub notes: Vec<Note>,
}

impl Batch {
    pub(super) fn len(&self) -> usize {
        self.accepts.len() + self.applies.len() + self.notes.len()
    }
}

/// What is known after a request's commit, as JSON, and who to notify once it is stored.
pub(crate) struct Note {
    pub request: RequestId,
    pub delivery: String,
    pub kept: oneshot::Sender<()>,
}

/// A new request. Its secrets are encrypted by the caller, not by the committer.
pub(crate) struct Incoming {
    pub request: Arc<NewRequest>,
    pub sealed: Option<Vec<u8>>,
}

impl Incoming {
    pub(super) fn new(request: Arc<NewRequest>, key: &SecretKey) -> Self {
        let encrypted = |sealed: &RawValue| key.encrypt(&sealed_name(request.id), sealed.get().as_bytes());
        let sealed = request.sealed.as_deref().map(encrypted);
        Self { request, sealed }
    }
}

/// An apply, with its request where that is new.
pub(crate) struct Applying {
    pub submission: Submission,
    pub outcome: Option<Outcome>,
    pub incoming: Option<Incoming>,
}

impl Applying {
    pub(super) fn new(apply: Apply, key: &SecretKey) -> Self {
        let Apply { submission, outcome, request } = apply;
        Self { submission, outcome, incoming: request.map(|request| Incoming::new(request, key)) }
    }
}

/// Why a batch was not written.
pub(crate) enum BatchError {
    /// Another node changed the same calls meanwhile; a retry will succeed.
    Conflict,
    /// The database refused part of it, or a row it concerns cannot be read.
    Refused(StoreError),
    /// It could not be written for a reason unrelated to its members.
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
        // Serialization failure and deadlock in SQL; busy and locked in SQLite.
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
    /// An error of writing calls, where a unique violation means that another node began the same call.
    pub(super) fn of_calls(error: sqlx::Error) -> Self {
        if is_unique(&error) { Self::Conflict } else { error.into() }
    }

    /// An error of removing clients, where a foreign key violation means that somebody touched one meanwhile.
    pub(super) fn of_clients(error: sqlx::Error) -> Self {
        let touched = error.as_database_error().is_some_and(|error| error.is_foreign_key_violation());
        if touched { Self::Conflict } else { error.into() }
    }
}

/// Where batches are written.
pub(super) struct Writer {
    pools: Arc<Pools>,
    hashes: Hashes,
    /// SQLite's connection, once it is open.
    direct: Option<Direct>,
    /// Whether the last batch failed for a reason that is none of its members'.
    failing: Arc<AtomicBool>,
}

impl Writer {
    pub(super) const fn new(pools: Arc<Pools>, hashes: Hashes, failing: Arc<AtomicBool>) -> Self {
        Self { pools, hashes, direct: None, failing }
    }

    /// Another one for the same database.
    pub(super) fn again(&self) -> Self {
        Self::new(Arc::clone(&self.pools), self.hashes.clone(), Arc::clone(&self.failing))
    }

    /// Writes the batch and returns what each of its applies did.
    pub(super) async fn commit(
        &mut self,
        batch: &Batch,
    ) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
        let written = self.transaction(batch).await;
        self.failing.store(matches!(written, Err(BatchError::Failed(_))), Ordering::Relaxed);
        written
    }

    async fn transaction(&mut self, batch: &Batch) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
        let Pools::Sqlite { file, .. } = &*self.pools else {
            let mut tx = self.pools.begin().await?;
            return match write(&mut tx, &self.hashes, batch).await {
                Ok(applied) => {
                    tx.commit().await?;
                    Ok(applied)
                }
                Err(error) => {
                    tx.rollback().await;
                    Err(error)
                }
            };
        };
        let _turn = self.pools.turn().await?;
        let db = match self.direct.take().filter(Direct::is_usable) {
            Some(db) => self.direct.insert(db),
            None => self.direct.insert(Direct::open(file)?),
        };
        // It has waited long for whoever else has the file.
        db.begin().map_err(|error| BatchError::Failed(StoreError::Unavailable(error.to_string())))?;
        let written = match write(db, &self.hashes, batch).await {
            Ok(applied) => db.commit().map(|()| applied).map_err(BatchError::from),
            Err(error) => Err(error),
        };
        if written.is_err() {
            db.rollback();
        }
        if !db.is_usable() {
            self.direct = None;
        }
        written
    }
}

async fn write(
    db: &mut impl Db,
    hashes: &Hashes,
    batch: &Batch,
) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
    let applied = match batch.applies.is_empty() {
        true => Vec::new(),
        false => applies(db, hashes, &batch.applies).await?,
    };
    save::accepted(db, &batch.accepts).await?;
    save::notes(db, &batch.notes).await?;
    Ok(applied)
}

/// Loads what the step needs, runs it and saves its changes.
async fn applies(
    db: &mut impl Db,
    hashes: &Hashes,
    applies: &[Applying],
) -> Result<Vec<Result<Applied, StoreError>>, BatchError> {
    let submissions: Vec<_> = applies.iter().map(|apply| &apply.submission).collect();
    let mut calls = load::calls(db, hashes, &submissions).await?;
    let matched_at = Instant::now();
    let met: Vec<_> = submissions.iter().map(|submission| calls.meet(submission)).collect();
    let mut changes = Changes::of(&calls);
    changes.link(load::clients(db, &changes.clients_asked()).await?, &submissions, rand::random);
    changes.resolve(encounters::load(db, changes.encounters_asked()).await?);

    let now = submissions.iter().map(|submission| submission.now).max().unwrap_or_default();
    save::changes(db, &changes, now).await?;
    save::outcomes(db, applies, &met).await?;

    let with = load::shown_clients(db, &changes).await?;
    let clients_made: Vec<ClientId> = changes.made.iter().map(|lead| lead.id).collect();
    let applied = |met: Met| Applied {
        erased: met.erased,
        changes: met.changes.into_iter().map(|change| completed(&changes, change, &with)).collect(),
        missed_closed: !changes.reached.is_empty(),
        clients_made: clients_made.clone(),
        clients_removed: changes.removed.clone(),
        matched_at,
    };
    Ok(met.into_iter().map(|met| met.map(applied).map_err(StoreError::from)).collect())
}

fn completed(
    changes: &Changes<'_>,
    change: hookswitch_model::batch::CallChange,
    clients: &HashMap<ClientId, ClientSummary>,
) -> CallChange {
    let id = change.after.as_ref().or(change.before.as_ref()).map(|call| call.id);
    let matched = id.and_then(|id| changes.call(id));
    let matched = matched.map(|call| matched_from(call.client_id, &call.candidates, clients));
    CallChange::new(changes.complete(change), matched.unwrap_or_default())
}
