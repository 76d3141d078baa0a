//! The modules' log: collects lines written by scripts and stores them in batches.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hookswitch_model::ModuleId;
use hookswitch_script::{LogEntry, LogLevel};
use hookswitch_store::{self as store, NewLogEntry, Store, StoreError};
use metrics::Counter;
use tokio::sync::{mpsc, oneshot};

use crate::live::Activity;

/// Lines that may wait for the database; further ones are lost (and counted), since a script must not wait for its log.
const WAITING: usize = 10_000;
/// Lines stored per transaction.
const BATCH: usize = 500;

/// A handle to the log. Cheap to clone.
#[derive(Clone)]
pub struct ModuleLog {
    messages: mpsc::Sender<Message>,
    lost: Counter,
}

enum Message {
    Line(NewLogEntry),
    /// Answered once everything before it is stored.
    Flush(oneshot::Sender<()>),
}

impl ModuleLog {
    /// Starts the task that stores the lines; it ends when the last handle is dropped. Lost lines are counted.
    pub fn start(store: Store, activity: Arc<Activity>, lost: Counter) -> Self {
        let (sender, messages) = mpsc::channel(WAITING);
        tokio::spawn(keep(store, activity, messages, lost.clone()));
        Self { messages: sender, lost }
    }

    /// Waits until every line written so far is stored.
    pub async fn flush(&self) {
        let (reply, kept) = oneshot::channel();
        if self.messages.send(Message::Flush(reply)).await.is_ok() {
            // It ends without an answer only if the task is gone, and then nothing is left to store.
            let _ = kept.await;
        }
    }

    pub fn write(&self, module_id: ModuleId, at: DateTime<Utc>, entry: LogEntry) {
        let line = NewLogEntry {
            module_id,
            at,
            level: match entry.level {
                LogLevel::Debug => store::LogLevel::Debug,
                LogLevel::Info => store::LogLevel::Info,
                LogLevel::Warn => store::LogLevel::Warn,
                LogLevel::Error => store::LogLevel::Error,
            },
            message: entry.text,
            line: entry.line,
            function: entry.function.map(|function| function.name().to_owned()),
            request_id: entry.request_id.and_then(|id| id.parse().ok()),
        };
        if self.messages.try_send(Message::Line(line)).is_err() {
            self.lost.increment(1);
        }
    }
}

async fn keep(store: Store, activity: Arc<Activity>, mut messages: mpsc::Receiver<Message>, lost: Counter) {
    let mut batch = Vec::with_capacity(BATCH);
    while messages.recv_many(&mut batch, BATCH).await > 0 {
        let (mut lines, mut flushes) = (Vec::with_capacity(batch.len()), Vec::new());
        for message in batch.drain(..) {
            match message {
                Message::Line(line) => lines.push(line),
                Message::Flush(reply) => flushes.push(reply),
            }
        }
        keep_lines(&store, &lines, &lost).await;
        lines.iter().for_each(|line| activity.module(line.module_id));
        for reply in flushes {
            // The caller may have stopped waiting.
            let _ = reply.send(());
        }
    }
}

async fn keep_lines(store: &Store, lines: &[NewLogEntry], lost: &Counter) {
    if lines.is_empty() {
        return;
    }
    match store.append_log(lines).await {
        Ok(()) => {}
        // One of the modules was deleted meanwhile (or is only being tried): store the others' lines.
        Err(StoreError::UnknownModule) if lines.len() > 1 => {
            for line in lines {
                Box::pin(keep_lines(store, std::slice::from_ref(line), lost)).await;
            }
        }
        Err(StoreError::UnknownModule) => {}
        Err(error) => {
            lost.increment(lines.len() as u64);
            tracing::error!(%error, lines = lines.len(), "lines of the modules' log could not be stored")
        }
    }
}
