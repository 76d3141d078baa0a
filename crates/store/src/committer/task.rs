//! The committer's task: collects batches, and decides what a failed batch means for its members.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::timeout;

use super::batch::{Applying, Batch, BatchError, Incoming, Note, Writer};
use super::notes::Notes;
use super::types::Applied;
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
    Apply(Box<Applying>, Answer<Applied>),
    /// Notes wait.
    Wake,
    Stop,
}

/// The handle to the task.
pub(crate) struct Committer {
    queue: mpsc::Sender<Message>,
    /// Says when the task has ended.
    ended: Mutex<Option<oneshot::Receiver<()>>>,
    notes: Arc<Notes>,
    failing: Arc<AtomicBool>,
}

impl Committer {
    /// Starts the task: with SQLite on a thread of its own, which does all of a batch's work, so that nothing is handed over
    /// in the middle of it.
    pub(crate) fn start(pools: Arc<Pools>, hashes: Hashes) -> io::Result<Self> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let (end, ended) = oneshot::channel();
        let on_a_thread = matches!(*pools, Pools::Sqlite { .. });
        let notes = Arc::new(Notes::default());
        let noted = Arc::clone(&notes);
        let failing = Arc::new(AtomicBool::new(false));
        let writer = Writer::new(pools, hashes, Arc::clone(&failing));
        let task = async move {
            run(writer, &noted, waiting).await;
            // Nobody may wait for it.
            let _ = end.send(());
        };
        if on_a_thread {
            thread::Builder::new().name("committer".into()).spawn(move || {
                match runtime::Builder::new_current_thread().enable_time().build() {
                    Ok(runtime) => runtime.block_on(task),
                    Err(error) => tracing::error!(%error, "the committer cannot run"),
                }
            })?;
        } else {
            tokio::spawn(task);
        }
        Ok(Self { queue, ended: Mutex::new(Some(ended)), notes, failing })
    }

    pub(crate) async fn send(&self, message: Message) -> Result<(), StoreError> {
        self.queue.send(message).await.map_err(|_| StoreError::Closed)
    }

    pub(crate) fn note(&self, note: Note) {
        if self.notes.add(note) {
            // Fails only where the committer is at work, and then it takes the notes along, or where it has ended.
            let _ = self.queue.try_send(Message::Wake);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    pub(crate) fn notes_dropped(&self) -> u64 {
        self.notes.dropped()
    }

    /// Writes what is waiting, then ends the task.
    pub(crate) async fn stop(&self) {
        let mut ended = self.ended.lock().await;
        if let Some(ended) = ended.take() {
            // Fails only if the task has already ended.
            let _ = self.queue.send(Message::Stop).await;
            if ended.await.is_err() {
                tracing::error!("the committer's task failed");
            }
        }
    }
}

async fn run(mut writer: Writer, notes: &Notes, mut waiting: mpsc::Receiver<Message>) {
    let mut messages = Vec::with_capacity(BATCH);
    loop {
        let arrived = match timeout(NOTES_WAIT, waiting.recv_many(&mut messages, BATCH)).await {
            Ok(arrived) => arrived,
            Err(_) if notes.sleep() => waiting.recv_many(&mut messages, BATCH).await,
            Err(_) => 0,
        };
        notes.wake();
        let ended = arrived == 0 && waiting.is_closed();
        if messages.iter().any(|message| matches!(message, Message::Stop)) {
            waiting.close();
        }
        let mut members = Members::default();
        members.take(messages.drain(..));
        members.batch.notes = notes.take(if ended { usize::MAX } else { BATCH });
        if members.batch.len() > 0 {
            let again = writer.again();
            // In a separate task: if one batch panics, its members get an error and the next one is written.
            writer = match tokio::spawn(write(writer, members)).await {
                Ok(writer) => writer,
                Err(error) => {
                    tracing::error!(%error, "a batch of webhooks panicked; its members got an error");
                    again
                }
            };
        }
        if ended {
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
                Message::Wake | Message::Stop => {}
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
async fn write(mut writer: Writer, members: Members) -> Writer {
    let Err((members, error)) = attempt(&mut writer, members).await else { return writer };
    if members.batch.len() == 1 || matches!(error, BatchError::Failed(_)) {
        members.fail(&error.into());
        return writer;
    }
    for member in members.singly() {
        if let Err((member, error)) = attempt(&mut writer, member).await {
            let error = StoreError::from(error);
            tracing::warn!(%error, "one member of a batch could not be written");
            member.fail(&error);
        }
    }
    writer
}

/// Writes a batch and answers its members, or returns them.
async fn attempt(writer: &mut Writer, members: Members) -> Result<(), (Members, BatchError)> {
    let mut attempts = 0;
    let applied = loop {
        attempts += 1;
        match writer.commit(&members.batch).await {
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
