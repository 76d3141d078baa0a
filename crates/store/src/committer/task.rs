//! The committer's task: collects batches, and decides what a failed batch means for its members.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::batch::{Batch, BatchError, Incoming, Note, commit};
use super::types::{Applied, Apply};
use crate::db::Pools;
use crate::erase::Hashes;
use crate::error::StoreError;

/// Maximum number of messages per transaction.
const BATCH: usize = 256;
/// Maximum number of waiting messages; further senders wait for a place.
const QUEUE: usize = 1024;
/// How long notes wait for something to be written with.
const NOTES_WAIT: Duration = Duration::from_millis(500);
/// How often a batch is retried if other nodes changed the same calls meanwhile.
const ATTEMPTS: usize = 50;

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(crate) enum Message {
    Accept(Box<Incoming>, Answer<()>),
    Apply(Box<Apply>, Answer<Applied>),
    Note(Note),
    Stop,
}

/// The handle to the task.
pub(crate) struct Committer {
    queue: mpsc::Sender<Message>,
    task: Mutex<Option<JoinHandle<()>>>,
    notes_dropped: AtomicU64,
}

impl Committer {
    pub(crate) fn start(pools: Arc<Pools>, hashes: Hashes) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let task = tokio::spawn(run(pools, hashes, waiting));
        Self { queue, task: Mutex::new(Some(task)), notes_dropped: AtomicU64::new(0) }
    }

    pub(crate) async fn send(&self, message: Message) -> Result<(), StoreError> {
        self.queue.send(message).await.map_err(|_| StoreError::Closed)
    }

    pub(crate) fn note(&self, note: Note) {
        if self.queue.try_send(Message::Note(note)).is_err() {
            self.notes_dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn notes_dropped(&self) -> u64 {
        self.notes_dropped.load(Ordering::Relaxed)
    }

    /// Writes what is waiting, then ends the task.
    pub(crate) async fn stop(&self) {
        let mut task = self.task.lock().await;
        if let Some(running) = task.take() {
            // Fails only if the task has already ended.
            let _ = self.queue.send(Message::Stop).await;
            if let Err(error) = running.await {
                tracing::error!(%error, "the committer's task failed");
            }
        }
    }
}

async fn run(pools: Arc<Pools>, hashes: Hashes, mut waiting: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(BATCH);
    let mut members = Members::default();
    loop {
        // Nobody waits for a note, so notes are written along with other messages, and alone only after a while.
        let arrived = match members.batch.notes.is_empty() {
            true => waiting.recv_many(&mut messages, BATCH).await,
            false => timeout(NOTES_WAIT, waiting.recv_many(&mut messages, BATCH)).await.unwrap_or_default(),
        };
        let closed = arrived == 0 && waiting.is_closed();
        if messages.iter().any(|message| matches!(message, Message::Stop)) {
            waiting.close();
        }
        members.take(messages.drain(..));
        let only_notes = members.accepts.is_empty() && members.applies.is_empty();
        let can_wait = arrived > 0 && only_notes && members.batch.len() < BATCH;
        if !can_wait && members.batch.len() > 0 {
            // In a separate task: if one batch panics, its members get an error and the next one is written.
            let members = std::mem::take(&mut members);
            let written = tokio::spawn(write(Arc::clone(&pools), hashes.clone(), members)).await;
            if let Err(error) = written {
                tracing::error!(%error, "a batch of webhooks panicked; its members got an error");
            }
        }
        if closed {
            return;
        }
    }
}

/// A batch and its callers: an answer each for accepts and applies, in order.
#[derive(Default)]
struct Members {
    batch: Batch,
    accepts: Vec<Answer<()>>,
    applies: Vec<Answer<Applied>>,
}

impl Members {
    fn take(&mut self, messages: impl Iterator<Item = Message>) {
        for message in messages {
            match message {
                Message::Accept(request, answer) => {
                    self.batch.accepts.push(*request);
                    self.accepts.push(answer);
                }
                Message::Apply(apply, answer) => {
                    self.batch.applies.push(*apply);
                    self.applies.push(answer);
                }
                Message::Note(note) => self.batch.notes.push(note),
                Message::Stop => {}
            }
        }
    }

    /// Splits into batches of one member each.
    fn singly(self) -> impl Iterator<Item = Self> {
        let accepts = self.batch.accepts.into_iter().zip(self.accepts).map(|(accept, answer)| {
            let batch = Batch { accepts: vec![accept], ..Batch::default() };
            Self { batch, accepts: vec![answer], applies: Vec::new() }
        });
        let applies = self.batch.applies.into_iter().zip(self.applies).map(|(apply, answer)| {
            let batch = Batch { applies: vec![apply], ..Batch::default() };
            Self { batch, accepts: Vec::new(), applies: vec![answer] }
        });
        let notes = Batch { notes: self.batch.notes, ..Batch::default() };
        accepts.chain(applies).chain([Self { batch: notes, ..Self::default() }])
    }

    fn fail(self, error: &StoreError) {
        for answer in self.accepts {
            // The caller may be gone.
            let _ = answer.send(Err(error.clone()));
        }
        for answer in self.applies {
            let _ = answer.send(Err(error.clone()));
        }
    }
}

/// Writes a batch. If one member's data make it fail, each is written separately, so that only that one fails.
async fn write(pools: Arc<Pools>, hashes: Hashes, members: Members) {
    let Err((members, error)) = attempt(&pools, &hashes, members).await else { return };
    if members.batch.len() == 1 || !matches!(error, BatchError::Refused(_)) {
        members.fail(&error.into());
        return;
    }
    for member in members.singly() {
        if let Err((member, error)) = attempt(&pools, &hashes, member).await {
            let error = StoreError::from(error);
            tracing::warn!(%error, "one member of a batch could not be written");
            member.fail(&error);
        }
    }
}

/// Writes a batch and answers its members, or returns them.
async fn attempt(pools: &Pools, hashes: &Hashes, members: Members) -> Result<(), (Members, BatchError)> {
    let mut attempts = 0;
    let applied = loop {
        attempts += 1;
        match commit(pools, hashes, &members.batch).await {
            Err(BatchError::Conflict) if attempts < ATTEMPTS => {}
            Err(error) => return Err((members, error)),
            Ok(applied) => break applied,
        }
    };
    for answer in members.accepts {
        // The caller may be gone.
        let _ = answer.send(Ok(()));
    }
    for note in members.batch.notes {
        // Few callers want to know.
        let _ = note.kept.send(());
    }
    for (answer, applied) in members.applies.into_iter().zip(applied) {
        let _ = answer.send(applied);
    }
    Ok(())
}
