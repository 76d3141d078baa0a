//! A module's thread: takes messages, runs slices, ends overdue calls, replaces worn-out runtimes.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::engine::{Module, Outcome};
use crate::host::HostError;
use crate::sandbox::Sandbox;
use crate::state::{Outgoing, Parts, Running};
use crate::{CallContext, Function, ScriptError};

/// A message to a module's thread. The queue needs no bound of its own: each call holds a slot, and a call's operations
/// are limited.
pub(crate) enum Message {
    Call(NewCall),
    /// Return the functions the script implements.
    Functions(oneshot::Sender<Result<Vec<Function>, ScriptError>>),
    /// A host operation of a runtime has finished.
    Operation {
        generation: u64,
        id: u64,
        outcome: Result<Outgoing, HostError>,
    },
    /// The last handle was dropped: finish what is in flight and exit.
    Stop,
}

/// A call waiting for its turn.
pub(crate) struct NewCall {
    pub function: Function,
    /// JSON array.
    pub arguments: String,
    pub context: CallContext,
    pub queued: Instant,
    pub deadline: Instant,
    pub reply: oneshot::Sender<Result<Outcome, ScriptError>>,
    pub permit: OwnedSemaphorePermit,
}

impl NewCall {
    /// Releases the slot, then sends the answer.
    pub(crate) fn answer(self, result: Result<Outcome, ScriptError>) {
        drop(self.permit);
        // The caller may be gone; the call's effects stand.
        let _ = self.reply.send(result);
    }
}

pub(crate) struct Actor {
    parts: Parts,
    inbox: Receiver<Message>,
    module: Weak<Module>,
    sandbox: Option<Sandbox>,
    waiting: VecDeque<NewCall>,
    generation: u64,
    next_call: u64,
    stopping: bool,
}

impl Actor {
    pub(crate) fn new(parts: Parts, inbox: Receiver<Message>, module: Weak<Module>) -> Self {
        Self {
            parts,
            inbox,
            module,
            sandbox: None,
            waiting: VecDeque::new(),
            generation: 0,
            next_call: 1,
            stopping: false,
        }
    }

    /// Runs until the module is gone or has been idle for long.
    pub(crate) fn run(mut self, first: Message) {
        let mut next = Some(first);
        loop {
            if let Some(message) = next.take() {
                self.handle(message);
            }
            self.tidy();
            if self.stopping && self.is_idle() {
                return;
            }
            let wake = self.wake_in();
            next = match self.inbox.recv_timeout(wake.unwrap_or(self.parts.limits.idle())) {
                Ok(message) => Some(message),
                Err(RecvTimeoutError::Timeout) if wake.is_some() => None,
                Err(RecvTimeoutError::Timeout) => match self.retire() {
                    Some(message) => Some(message),
                    None => return,
                },
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    fn handle(&mut self, message: Message) {
        match message {
            Message::Call(call) => self.waiting.push_back(call),
            Message::Functions(reply) => {
                let functions = self.loaded().map(|sandbox| sandbox.functions.clone());
                // The caller may be gone.
                let _ = reply.send(functions);
            }
            Message::Operation { generation, id, outcome } => {
                if let Some(sandbox) = &mut self.sandbox
                    && generation == self.generation
                {
                    sandbox.settle(id, outcome);
                }
            }
            Message::Stop => self.stopping = true,
        }
    }

    /// Handles the consequences of a message or of time passing.
    fn tidy(&mut self) {
        loop {
            if let Some(sandbox) = &mut self.sandbox {
                while let Some((due, id)) = sandbox.state.next_timer()
                    && due <= Instant::now()
                {
                    sandbox.fire(id);
                    sandbox.end_overdue(Instant::now());
                }
                sandbox.end_overdue(Instant::now());
                sandbox.end_stuck();
            }
            if self.sandbox.as_ref().is_some_and(|sandbox| sandbox.retiring && sandbox.is_idle()) {
                self.sandbox = None;
            }
            if !self.admit() {
                return;
            }
        }
    }

    /// Starts the next waiting call, unless the runtime must be replaced first and still has calls in flight.
    fn admit(&mut self) -> bool {
        if self.is_outdated()
            || self.sandbox.as_ref().is_some_and(|sandbox| sandbox.retiring && !sandbox.is_idle())
        {
            return false;
        }
        let Some(call) = self.waiting.pop_front() else { return false };
        if call.deadline <= Instant::now() {
            call.answer(Err(ScriptError::Busy));
            return true;
        }
        let (id, function) = (self.next_call, call.function);
        self.next_call += 1;
        match self.loaded() {
            Ok(sandbox) if sandbox.functions.contains(&function) => {
                let running = Running::new(call, &sandbox.state.limits);
                sandbox.start(id, running);
            }
            Ok(_) => call.answer(Err(ScriptError::NotImplemented { function })),
            Err(error) => call.answer(Err(error)),
        }
        true
    }

    /// Whether the settings changed while calls with the old ones are in flight.
    fn is_outdated(&mut self) -> bool {
        let Some(sandbox) = &mut self.sandbox else { return false };
        if self.waiting.is_empty() || Arc::ptr_eq(&sandbox.state.environment, &self.parts.host.environment())
        {
            return false;
        }
        sandbox.retiring = true;
        if sandbox.is_idle() {
            self.sandbox = None;
        }
        self.sandbox.is_some()
    }

    fn loaded(&mut self) -> Result<&mut Sandbox, ScriptError> {
        let sandbox = match self.sandbox.take() {
            Some(sandbox) => sandbox,
            None => {
                self.generation += 1;
                let loaded = Sandbox::load(&self.parts, self.parts.host.environment(), self.generation);
                self.parts.watch.leave();
                loaded?
            }
        };
        Ok(self.sandbox.insert(sandbox))
    }

    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.sandbox.as_ref().is_none_or(Sandbox::is_idle)
    }

    /// Time until a timer or a call's deadline; `None` if only a message can bring work.
    fn wake_in(&self) -> Option<Duration> {
        let sandbox = self.sandbox.as_ref().filter(|sandbox| !sandbox.is_idle())?;
        let deadline = sandbox.state.calls.borrow().values().map(|running| running.new.deadline).min();
        let timer = sandbox.state.next_timer().map(|(due, _)| due);
        let at = deadline.into_iter().chain(timer).min()?;
        Some(at.saturating_duration_since(Instant::now()))
    }

    /// Ends the thread for good, unless a message arrived at the last moment.
    fn retire(&self) -> Option<Message> {
        let module = self.module.upgrade()?;
        let mut thread = module.thread();
        let message = self.inbox.try_recv().ok();
        if message.is_none() {
            *thread = None;
        }
        message
    }
}
