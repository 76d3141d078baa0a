//! State shared by a runtime's natives and its actor: calls in flight, what each has used, and what is outstanding.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use cpu_time::ThreadTime;
use rquickjs::{Ctx, Exception};
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use crate::actor::{Message, NewCall};
use crate::compile::Compiled;
use crate::host::{Environment, FetchResponse, Host, HostError};
use crate::memory::Memory;
use crate::position::Position;
use crate::room::ProcessRoom;
use crate::watch::Watch;
use crate::{FetchRoom, LimitKind, Limits, position};

/// The result of a finished host operation.
pub(crate) enum Outgoing {
    /// With the room it occupies.
    Response(FetchResponse, FetchRoom),
    /// JSON text, if there is a value.
    Stored(Option<String>),
    /// Whether the stored value was still the one expected.
    Replaced(bool),
}

/// An operation a call waits for.
pub(crate) enum Pending {
    Host { call: u64, task: AbortHandle },
    Timer { call: u64, due: Instant, every: Option<Duration> },
}

impl Pending {
    const fn call(&self) -> u64 {
        match self {
            Self::Host { call, .. } | Self::Timer { call, .. } => *call,
        }
    }
}

/// What the script threw, as QuickJS describes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Thrown {
    pub name: String,
    pub message: String,
    pub stack: String,
    /// Whether QuickJS threw it because no memory was left.
    pub out_of_memory: bool,
}

/// A call in flight and what it has used.
pub(crate) struct Running {
    pub new: NewCall,
    pub cpu: Duration,
    pub fetches: u32,
    /// Bytes that `fetch` may still send and receive.
    pub fetch_left: Arc<AtomicU64>,
    pub stored: u32,
    pub logged: usize,
    pub over: Option<(LimitKind, Option<Position>)>,
    pub result: Option<Result<serde_json::Value, Thrown>>,
    pub host_failed: bool,
}

impl Running {
    pub(crate) fn new(new: NewCall, limits: &Limits) -> Self {
        Self {
            new,
            cpu: Duration::ZERO,
            fetches: 0,
            fetch_left: Arc::new(AtomicU64::new(limits.fetch_bytes)),
            stored: 0,
            logged: 0,
            over: None,
            result: None,
            host_failed: false,
        }
    }
}

/// Shared by the natives of one runtime and the actor that drives it.
pub(crate) struct State {
    pub limits: Arc<Limits>,
    pub host: Arc<dyn Host>,
    pub environment: Arc<Environment>,
    pub compiled: Arc<Compiled>,
    pub calls: RefCell<BTreeMap<u64, Running>>,
    pub pending: RefCell<BTreeMap<u64, Pending>>,
    /// The call the running slice belongs to; `None` while the script is loading.
    pub current: Cell<Option<u64>>,
    slice: Cell<Slice>,
    /// The limit broken by the running slice; the script is interrupted from then on, wherever it is.
    broken: Cell<Option<LimitKind>>,
    pub memory: Rc<Memory>,
    pub room: ProcessRoom,
    watch: Arc<Watch>,
    logged_loading: Cell<usize>,
    generation: u64,
    next_operation: Cell<u64>,
    tokio: Handle,
    inbox: Sender<Message>,
}

#[derive(Clone, Copy)]
struct Slice {
    started: ThreadTime,
    used_before: Duration,
    deadline: Instant,
}

/// The parts a runtime's state is created from.
pub(crate) struct Parts {
    pub limits: Arc<Limits>,
    pub host: Arc<dyn Host>,
    pub compiled: Arc<Compiled>,
    pub tokio: Handle,
    pub inbox: Sender<Message>,
    pub watch: Arc<Watch>,
    pub room: ProcessRoom,
}

impl State {
    pub(crate) fn new(parts: &Parts, environment: Arc<Environment>, generation: u64) -> Self {
        parts.watch.enter();
        let deadline = Instant::now() + parts.limits.wall();
        Self {
            limits: parts.limits.clone(),
            host: parts.host.clone(),
            environment,
            compiled: parts.compiled.clone(),
            calls: RefCell::default(),
            pending: RefCell::default(),
            current: Cell::new(None),
            slice: Cell::new(Slice { started: ThreadTime::now(), used_before: Duration::ZERO, deadline }),
            broken: Cell::new(None),
            memory: Memory::new(parts.limits.memory_bytes),
            room: parts.room.clone(),
            watch: parts.watch.clone(),
            logged_loading: Cell::new(0),
            generation,
            next_operation: Cell::new(1),
            tokio: parts.tokio.clone(),
            inbox: parts.inbox.clone(),
        }
    }

    /// From here on, the script's usage is charged to this call.
    pub(crate) fn begin(&self, call: u64) {
        self.watch.enter();
        self.current.set(Some(call));
        self.broken.set(None);
        self.memory.forget_refusal();
        if let Some(running) = self.calls.borrow().get(&call) {
            let (used_before, deadline) = (running.cpu, running.new.deadline);
            self.slice.set(Slice { started: ThreadTime::now(), used_before, deadline });
        }
    }

    /// Ends the slice: charges its CPU time and returns the limit it broke, if any.
    pub(crate) fn end(&self) -> Option<LimitKind> {
        self.watch.leave();
        let slice = self.slice.get();
        let broken = self.broken.take();
        if let Some(call) = self.current.take()
            && let Some(running) = self.calls.borrow_mut().get_mut(&call)
        {
            running.cpu = slice.used_before + slice.started.elapsed();
        }
        broken
    }

    /// Whether the script must stop; called by QuickJS every few thousand steps.
    pub(crate) fn must_stop(&self) -> bool {
        if self.broken.get().is_none() {
            let slice = self.slice.get();
            if slice.used_before + slice.started.elapsed() > self.limits.cpu() {
                self.broken.set(Some(LimitKind::CpuTime));
            } else if Instant::now() > slice.deadline {
                self.broken.set(Some(LimitKind::WallTime));
            }
        }
        self.broken.get().is_some() || self.watch.is_stopped()
    }

    /// Whether the running slice broke a limit.
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.get().is_some()
    }

    /// Ends the running call with this limit, however the script reacts.
    pub(crate) fn break_limit(&self, limit: LimitKind, stack: &str) {
        if self.broken.get().is_none() {
            self.broken.set(Some(limit));
        }
        let position = position::first(&self.compiled.map, stack);
        self.with_current(|running| running.over.get_or_insert((limit, position)).0);
    }

    /// Calls the host on this thread. If it panics, the call ends with an engine error: a panic unwinding through
    /// QuickJS would be taken for an exception of the script.
    pub(crate) fn guarded<R>(&self, ctx: &Ctx<'_>, work: impl FnOnce(&dyn Host) -> R) -> rquickjs::Result<R> {
        catch_unwind(AssertUnwindSafe(|| work(&*self.host))).map_err(|_| {
            self.with_current(|running| running.host_failed = true);
            Exception::throw_internal(ctx, "the host failed")
        })
    }

    pub(crate) fn with_current<R>(&self, change: impl FnOnce(&mut Running) -> R) -> Option<R> {
        self.with_call(self.current.get()?, change)
    }

    /// Changes a call that is in flight.
    pub(crate) fn with_call<R>(&self, call: u64, change: impl FnOnce(&mut Running) -> R) -> Option<R> {
        self.calls.borrow_mut().get_mut(&call).map(change)
    }

    /// Adds to the bytes logged while the script is loading and returns the total.
    pub(crate) fn count_loading_log(&self, length: usize) -> usize {
        self.logged_loading.set(self.logged_loading.get() + length);
        self.logged_loading.get()
    }

    /// Runs a host operation on tokio; its result returns to the actor as a message.
    pub(crate) fn spawn(
        &self,
        call: u64,
        operation: impl Future<Output = Result<Outgoing, HostError>> + Send + 'static,
    ) -> u64 {
        let id = self.new_operation();
        let (inbox, generation) = (self.inbox.clone(), self.generation);
        let task = self.tokio.spawn(async move {
            let outcome = operation.await;
            // The actor ends with its module; nobody waits for the result then.
            let _ = inbox.send(Message::Operation { generation, id, outcome });
        });
        self.pending.borrow_mut().insert(id, Pending::Host { call, task: task.abort_handle() });
        id
    }

    pub(crate) fn start_timer(&self, call: u64, delay: Duration, repeat: bool) -> u64 {
        let id = self.new_operation();
        let (due, every) = (Instant::now() + delay, repeat.then_some(delay));
        self.pending.borrow_mut().insert(id, Pending::Timer { call, due, every });
        id
    }

    pub(crate) fn timers_of(&self, call: u64) -> usize {
        let pending = self.pending.borrow();
        pending.values().filter(|one| matches!(one, Pending::Timer { .. }) && one.call() == call).count()
    }

    fn new_operation(&self) -> u64 {
        let id = self.next_operation.get();
        self.next_operation.set(id + 1);
        id
    }

    /// When the next timer is due.
    pub(crate) fn next_timer(&self) -> Option<(Instant, u64)> {
        let pending = self.pending.borrow();
        let timers = pending.iter().filter_map(|(id, one)| match one {
            Pending::Timer { due, .. } => Some((*due, *id)),
            Pending::Host { .. } => None,
        });
        timers.min()
    }

    /// Takes a due timer (a repeating one stays) and returns its call.
    pub(crate) fn take_timer(&self, id: u64) -> Option<u64> {
        let mut pending = self.pending.borrow_mut();
        let call = pending.get(&id)?.call();
        match pending.get_mut(&id)? {
            Pending::Timer { due, every: Some(every), .. } => *due = Instant::now() + *every,
            _ => {
                pending.remove(&id);
            }
        }
        Some(call)
    }

    /// Takes a finished host operation and returns its call; `None` if that has ended.
    pub(crate) fn take_operation(&self, id: u64) -> Option<u64> {
        self.pending.borrow_mut().remove(&id).map(|one| one.call())
    }

    /// Removes what an ended call left outstanding and returns the ids to forget.
    ///
    /// Calls may share a promise through a global (a token being refreshed, say). So while other calls are in flight,
    /// host operations and one-shot timers pass to the oldest of them; they end by themselves.
    pub(crate) fn release(&self, call: u64) -> Vec<u64> {
        let heir = self.calls.borrow().keys().next().copied();
        let mut forgotten = Vec::new();
        self.pending.borrow_mut().retain(|id, one| {
            if one.call() != call {
                return true;
            }
            match (heir, &mut *one) {
                (Some(heir), Pending::Host { call, .. } | Pending::Timer { call, every: None, .. }) => {
                    *call = heir;
                    true
                }
                (_, Pending::Host { task, .. }) => {
                    task.abort();
                    forgotten.push(*id);
                    false
                }
                (_, Pending::Timer { .. }) => {
                    forgotten.push(*id);
                    false
                }
            }
        });
        forgotten
    }
}

impl Drop for State {
    fn drop(&mut self) {
        for one in self.pending.borrow().values() {
            if let Pending::Host { task, .. } = one {
                task.abort();
            }
        }
    }
}
