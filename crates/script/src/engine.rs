//! The engine's public interface: load a module, reserve a slot, call a function.

use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::actor::{Actor, Message, NewCall};
use crate::room::ProcessRoom;
use crate::state::Parts;
use crate::watch::{Threads, Watch};
use crate::{CallContext, Compiled, Function, Host, LimitKind, Limits, ScriptError};

/// How long to wait for a call's answer after its wall time.
const GRACE: Duration = Duration::from_secs(1);

/// Stack of a module's thread beyond what the script may use, in bytes.
const NATIVE_STACK: usize = 1 << 20;

/// Creates module handles. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

/// State shared by an engine's modules.
#[derive(Debug)]
struct Shared {
    limits: Arc<Limits>,
    tokio: Handle,
    room: ProcessRoom,
    threads: Threads,
}

/// The state of an engine's threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineThreads {
    /// Threads stuck in native code where no limit reaches them, including those of dropped modules.
    pub stuck: usize,
    /// With this many stuck, no further module gets a thread.
    pub most: usize,
}

impl Engine {
    /// Creates an engine that runs host operations on the given tokio runtime.
    pub fn new(limits: Limits, tokio: Handle) -> Self {
        let room = ProcessRoom::new(limits.fetch_process_bytes);
        Self(Arc::new(Shared { limits: Arc::new(limits), tokio, room, threads: Threads::default() }))
    }

    /// Whether scripts hold processor time that cannot be reclaimed.
    pub fn threads(&self) -> EngineThreads {
        self.0.threads()
    }

    /// Creates a module, ready to be called. Its thread starts with the first call and ends when it has been idle for a
    /// while or the last handle is dropped. `key` names the thread.
    pub fn load(&self, key: &str, compiled: Arc<Compiled>, host: Arc<dyn Host>) -> ModuleHandle {
        ModuleHandle(Arc::new(Module {
            name: format!("js {key}"),
            compiled,
            host,
            limits: self.0.limits.clone(),
            shared: self.0.clone(),
            slots: Arc::new(Semaphore::new(self.0.limits.queue_calls)),
            thread: Mutex::new(None),
        }))
    }
}

impl Shared {
    fn threads(&self) -> EngineThreads {
        EngineThreads { stuck: self.threads.stuck(&self.limits), most: self.limits.stuck_threads }
    }
}

/// A loaded module. Cheap to clone; calls through all clones share one thread and one queue.
#[derive(Clone)]
pub struct ModuleHandle(Arc<Module>);

impl std::fmt::Debug for ModuleHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("ModuleHandle").field(&self.0.name).finish()
    }
}

/// What a call returned and used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The function's result as plain data; `null` if it returned nothing.
    pub value: Value,
    /// CPU time in microseconds.
    pub cpu_micros: u64,
    /// Time from queueing to the result, in microseconds.
    pub wall_micros: u64,
}

impl ModuleHandle {
    /// Calls a function.
    ///
    /// # Errors
    /// [`ScriptError`]; `busy` if the module's queue is full.
    pub async fn call(
        &self,
        function: Function,
        arguments: Vec<Value>,
        context: CallContext,
    ) -> Result<Outcome, ScriptError> {
        self.try_reserve().ok_or(ScriptError::Busy)?.call(function, arguments, context).await
    }

    /// Reserves a place in the module's queue; `None` if it is full.
    pub fn try_reserve(&self) -> Option<Slot> {
        let permit = self.0.slots.clone().try_acquire_owned().ok()?;
        Some(Slot { module: self.0.clone(), permit })
    }

    /// The functions the script implements, determined by loading it.
    ///
    /// # Errors
    /// What the script throws, or the limit it exceeds, while loading.
    pub async fn functions(&self) -> Result<Vec<Function>, ScriptError> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Message::Functions(reply))?;
        self.0.wait(answer).await
    }
}

/// A place in a module's queue, released when its call has ended or when dropped.
pub struct Slot {
    module: Arc<Module>,
    permit: OwnedSemaphorePermit,
}

impl Slot {
    /// Calls a function. The call runs to its end even if this future is dropped.
    ///
    /// # Errors
    /// [`ScriptError`].
    pub async fn call(
        self,
        function: Function,
        arguments: Vec<Value>,
        context: CallContext,
    ) -> Result<Outcome, ScriptError> {
        let (reply, answer) = oneshot::channel();
        let queued = Instant::now();
        self.module.send(Message::Call(NewCall {
            function,
            arguments: Value::Array(arguments).to_string(),
            context,
            queued,
            deadline: queued + self.module.limits.wall(),
            reply,
            permit: self.permit,
        }))?;
        self.module.wait(answer).await
    }
}

/// The parts of a module and, while it runs, its thread.
pub(crate) struct Module {
    name: String,
    compiled: Arc<Compiled>,
    host: Arc<dyn Host>,
    limits: Arc<Limits>,
    shared: Arc<Shared>,
    slots: Arc<Semaphore>,
    thread: Mutex<Option<Thread>>,
}

/// The connection to a module's running thread.
pub(crate) struct Thread {
    inbox: Sender<Message>,
    pub watch: Arc<Watch>,
}

impl Module {
    pub(crate) fn thread(&self) -> MutexGuard<'_, Option<Thread>> {
        self.thread.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message to the module's thread, starting one if there is none.
    fn send(self: &Arc<Self>, mut message: Message) -> Result<(), ScriptError> {
        let mut thread = self.thread();
        if let Some(running) = &*thread {
            if running.watch.is_stuck(&self.limits) {
                return Err(ScriptError::engine(
                    "the module's script is stuck; fix and save it, or restart the server",
                ));
            }
            match running.inbox.send(message) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(returned)) => message = returned,
            }
        }
        *thread = Some(self.start(message)?);
        Ok(())
    }

    fn start(self: &Arc<Self>, first: Message) -> Result<Thread, ScriptError> {
        let EngineThreads { stuck, most } = self.shared.threads();
        if stuck >= most {
            return Err(ScriptError::engine(format!(
                "{stuck} other scripts are stuck and cannot be stopped; no further script is started until they finish or \
                 the server is restarted"
            )));
        }
        let (inbox, messages) = mpsc::channel();
        let watch = Arc::new(Watch::new());
        self.shared.threads.add(&watch);
        let parts = Parts {
            limits: self.limits.clone(),
            host: self.host.clone(),
            compiled: self.compiled.clone(),
            tokio: self.shared.tokio.clone(),
            room: self.shared.room.clone(),
            inbox: inbox.clone(),
            watch: watch.clone(),
        };
        let module = Arc::downgrade(self);
        std::thread::Builder::new()
            .name(self.name.clone())
            .stack_size(self.limits.stack_bytes + NATIVE_STACK)
            .spawn(move || Actor::new(parts, messages, module).run(first))
            .map_err(|error| ScriptError::engine(format!("cannot start the module's thread: {error}")))?;
        Ok(Thread { inbox, watch })
    }

    /// Waits for an answer, but not forever: the thread may be stuck in native code where no limit reaches it.
    async fn wait<T>(&self, answer: oneshot::Receiver<Result<T, ScriptError>>) -> Result<T, ScriptError> {
        match tokio::time::timeout(self.limits.wall() + GRACE, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(ScriptError::engine("the module's thread ended")),
            Err(_) if self.is_stuck() => Err(ScriptError::over(LimitKind::CpuTime, &self.limits, None)),
            Err(_) => Err(ScriptError::Busy),
        }
    }

    fn is_stuck(&self) -> bool {
        self.thread().as_ref().is_some_and(|thread| thread.watch.is_stuck(&self.limits))
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if let Some(thread) = self.thread().take() {
            thread.watch.stop();
            // The thread may have ended already.
            let _ = thread.inbox.send(Message::Stop);
        }
    }
}
