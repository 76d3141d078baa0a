//! A QuickJS runtime with the prelude and a module's script.
//!
//! Work enters in *slices*: start a call, settle an operation, fire a timer. A slice runs what it wakes and then every
//! job that follows, and is charged to one call.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rquickjs::context::intrinsic;
use rquickjs::{Context, Ctx, Function as JsFunction, Object, Persistent, Runtime, Value, WriteOptions};

use crate::data;
use crate::engine::Outcome;
use crate::error::ScriptError;
use crate::function::Function;
use crate::host::{Environment, HostError};
use crate::limits::Limits;
use crate::natives;
use crate::position::{self, SCRIPT_FILE};
use crate::prelude;
use crate::state::{Outgoing, Parts, Running, State, Thrown};
use crate::{Compiled, LimitKind};

/// The language features of a context: everything except clocks and shared memory.
type Language = (
    intrinsic::Date,
    intrinsic::Eval,
    intrinsic::RegExpCompiler,
    intrinsic::RegExp,
    intrinsic::Json,
    intrinsic::Proxy,
    intrinsic::MapSet,
    intrinsic::TypedArrays,
    intrinsic::Promise,
    intrinsic::WeakRef,
);

/// Jobs that still run after a broken limit (each ends at its first check); with more pending, the runtime is
/// discarded.
const JOBS_AFTER_LIMIT: u32 = 1_000;

/// Calls between two checks of the runtime's memory.
const MEMORY_CHECK_CALLS: u64 = 100;

/// A runtime, its context and the prelude's boundary functions. Field order is drop order: JavaScript values first.
pub(crate) struct Sandbox {
    border: Border,
    context: Context,
    runtime: Runtime,
    pub state: Rc<State>,
    pub functions: Vec<Function>,
    /// Takes no new calls; replaced when the calls in flight have ended.
    pub retiring: bool,
    calls_taken: u64,
}

/// The prelude's functions called by the engine.
struct Border {
    /// `(namespace) -> names`: remembers the module's functions.
    register: Persistent<JsFunction<'static>>,
    /// `(call, name, arguments as JSON, whether they contain bytes)`
    start: Persistent<JsFunction<'static>>,
    /// `(operation, whether it succeeded, result)`
    settle: Persistent<JsFunction<'static>>,
    /// `(timer, whether it fires again)`
    fire: Persistent<JsFunction<'static>>,
    /// `(operations)`: their calls have ended.
    forget: Persistent<JsFunction<'static>>,
}

impl Sandbox {
    /// Creates a fresh runtime with the script loaded.
    pub(crate) fn load(
        parts: &Parts,
        environment: Arc<Environment>,
        generation: u64,
    ) -> Result<Self, ScriptError> {
        let failed = |error: rquickjs::Error| ScriptError::engine(error.to_string());
        let state = Rc::new(State::new(parts, environment, generation));
        let runtime = Runtime::new_with_alloc(state.memory.allocator()).map_err(failed)?;
        runtime.set_max_stack_size(parts.limits.stack_bytes);
        let context = Context::custom::<Language>(&runtime).map_err(failed)?;
        let border = context.with(|ctx| install(&ctx, &state)).map_err(failed)?;
        let watched = state.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || watched.must_stop())));
        let mut sandbox =
            Self { border, context, runtime, state, functions: vec![], retiring: false, calls_taken: 0 };
        sandbox.functions = sandbox.evaluate()?;
        Ok(sandbox)
    }

    /// Evaluates the script as a module and returns the functions it declares.
    fn evaluate(&mut self) -> Result<Vec<Function>, ScriptError> {
        let compiled = Arc::clone(&self.state.compiled);
        let memory = Rc::clone(&self.state.memory);
        let mut module = None;
        let mut threw = self.run(|ctx, _| {
            // A script's length is bounded, and so is the memory to compile it.
            let source = || prelude::with_epilogue(&compiled.code);
            let declare = || compiled.bytecode.declare(ctx, SCRIPT_FILE, source, WriteOptions::default());
            let (evaluated, promise) = memory.without_limit(declare)?.eval()?;
            module = Some((Persistent::save(ctx, evaluated.namespace()?), Persistent::save(ctx, promise)));
            Ok(())
        });
        let mut names = None;
        if let Some((namespace, promise)) = module
            && threw.is_none()
            && !self.state.is_broken()
        {
            threw = self.run(|ctx, border| {
                if let Some(result) = promise.restore(ctx)?.result::<Value>() {
                    result?;
                    let register = border.register.clone().restore(ctx)?;
                    names = Some(register.call::<_, Vec<String>>((namespace.restore(ctx)?,))?);
                }
                Ok(())
            });
        }
        let broken = self.state.end();
        let state = &self.state;
        match (broken, threw, names) {
            (Some(limit), threw, _) => Err(over(&state.compiled, &state.limits, limit, threw)),
            (None, Some(threw), _) => Err(error(&state.compiled, &state.limits, threw)),
            (None, None, None) => Err(ScriptError::NeverSettles { function: "loading the script".into() }),
            (None, None, Some(names)) => {
                Ok(names.iter().filter_map(|name| Function::from_name(name)).collect())
            }
        }
    }

    /// Starts a call.
    pub(crate) fn start(&mut self, id: u64, call: Running) {
        let (name, arguments) = (call.new.function.name(), call.new.arguments.clone());
        let has_bytes = arguments.contains(data::MARKER);
        self.state.calls.borrow_mut().insert(id, call);
        self.calls_taken += 1;
        self.slice(id, |ctx, border| {
            border.start.clone().restore(ctx)?.call((id, name, arguments, has_bytes))
        });
        if self.calls_taken >= self.state.limits.recycle_calls
            || (self.calls_taken.is_multiple_of(MEMORY_CHECK_CALLS) && self.memory_is_high())
        {
            self.retiring = true;
        }
    }

    /// Passes a finished host operation to the promise waiting for it.
    pub(crate) fn settle(&mut self, id: u64, outcome: Result<Outgoing, HostError>) {
        let Some(call) = self.state.take_operation(id) else { return };
        let state = self.state.clone();
        self.slice(call, |ctx, border| {
            let settle = border.settle.clone().restore(ctx)?;
            if natives::is_over(&state, &outcome) {
                state.break_limit(LimitKind::FetchBytes, "");
                return Ok(());
            }
            match outcome {
                Ok(outgoing) => settle.call((id, true, natives::to_script(ctx, outgoing)?)),
                Err(error) => settle.call((id, false, vec![error.code, error.message])),
            }
        });
    }

    /// Fires a due timer.
    pub(crate) fn fire(&mut self, id: u64) {
        let Some(call) = self.state.take_timer(id) else { return };
        let again = self.state.pending.borrow().contains_key(&id);
        self.slice(call, |ctx, border| border.fire.clone().restore(ctx)?.call((id, again)));
    }

    /// Ends calls that exceeded their wall time.
    pub(crate) fn end_overdue(&mut self, now: Instant) {
        let overdue = |calls: &std::collections::BTreeMap<u64, Running>| {
            calls.iter().find(|(_, running)| running.new.deadline <= now).map(|(id, _)| *id)
        };
        while let Some(id) = {
            let calls = self.state.calls.borrow();
            overdue(&calls)
        } {
            self.retiring = true;
            self.finish(id, Err(ScriptError::over(LimitKind::WallTime, &self.state.limits, None)));
        }
    }

    /// Ends calls that wait although nothing outstanding could wake them.
    pub(crate) fn end_stuck(&mut self) {
        if !self.state.pending.borrow().is_empty() {
            return;
        }
        let stuck: Vec<(u64, String)> = {
            let calls = self.state.calls.borrow();
            calls.iter().map(|(id, running)| (*id, running.new.function.name().to_owned())).collect()
        };
        // What they wait for may be shared, and the next call would wait for it as well.
        self.retiring |= !stuck.is_empty();
        for (id, function) in stuck {
            self.finish(id, Err(ScriptError::NeverSettles { function }));
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.state.calls.borrow().is_empty()
    }

    /// Runs one slice of a call and ends every call that has its answer.
    fn slice(&mut self, call: u64, enter: impl FnOnce(&Ctx<'_>, &Border) -> rquickjs::Result<()>) {
        self.state.begin(call);
        let threw = self.run(enter);
        let gave_up = self.state.is_broken() && self.runtime.is_job_pending();
        let broken = self.state.end();
        self.conclude(call, broken, threw);
        if gave_up {
            self.end_all("another call of this module ran over a limit");
        }
    }

    /// Enters the script and runs the jobs that follow. Returns what was thrown past every `catch`.
    fn run(&self, enter: impl FnOnce(&Ctx<'_>, &Border) -> rquickjs::Result<()>) -> Option<Thrown> {
        let mut threw =
            self.context.with(|ctx| enter(&ctx, &self.border).err().map(|error| self.caught(&ctx, &error)));
        let mut after_limit = 0;
        loop {
            match self.runtime.execute_pending_job() {
                Ok(false) => return threw,
                Ok(true) => {}
                Err(job) => {
                    let thrown = job.0.with(|ctx| natives::thrown(&ctx, &self.state.memory, ctx.catch()));
                    threw.get_or_insert(thrown);
                }
            }
            after_limit += u32::from(self.state.is_broken());
            if after_limit > JOBS_AFTER_LIMIT {
                return threw;
            }
        }
    }

    fn caught(&self, ctx: &Ctx<'_>, error: &rquickjs::Error) -> Thrown {
        if error.is_exception() {
            natives::thrown(ctx, &self.state.memory, ctx.catch())
        } else {
            Thrown { name: "Error".into(), message: error.to_string(), ..Thrown::default() }
        }
    }

    fn conclude(&mut self, call: u64, broken: Option<LimitKind>, threw: Option<Thrown>) {
        let mut verdicts = Vec::new();
        {
            let (compiled, limits) = (&self.state.compiled, &self.state.limits);
            for (id, running) in self.state.calls.borrow_mut().iter_mut() {
                let mine = *id == call;
                if running.host_failed {
                    verdicts.push((
                        *id,
                        Err(ScriptError::engine("the host of the script failed; see the server's log")),
                    ));
                    continue;
                }
                let verdict = match (running.over.take(), broken, running.result.take(), &threw) {
                    (Some((limit, position)), ..) => {
                        let position =
                            position.or_else(|| position::first(&compiled.map, &threw.as_ref()?.stack));
                        Err(ScriptError::over(limit, limits, position))
                    }
                    (None, Some(limit), ..) if mine => Err(over(compiled, limits, limit, threw.clone())),
                    (None, _, Some(result), _) => result.map_err(|threw| error(compiled, limits, threw)),
                    (None, _, None, Some(threw)) if mine => Err(error(compiled, limits, threw.clone())),
                    _ => continue,
                };
                verdicts.push((*id, verdict));
            }
        }
        for (id, verdict) in verdicts {
            // An unsuitable result says nothing about the runtime.
            let harmless = |limit| matches!(limit, LimitKind::ResultSize | LimitKind::ResultDepth);
            self.retiring |=
                matches!(&verdict, Err(ScriptError::OverLimit { limit, .. }) if !harmless(*limit));
            self.finish(id, verdict);
        }
    }

    /// Answers a call and releases what it left outstanding.
    fn finish(&mut self, id: u64, result: Result<serde_json::Value, ScriptError>) {
        let Some(running) = self.state.calls.borrow_mut().remove(&id) else { return };
        let forgotten = self.state.release(id);
        if !forgotten.is_empty() {
            let forget = |ctx: Ctx<'_>| self.border.forget.clone().restore(&ctx)?.call::<_, ()>((forgotten,));
            self.retiring |= self.context.with(forget).is_err();
        }
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let (cpu_micros, wall_micros) = (micros(running.cpu), micros(running.new.queued.elapsed()));
        running.new.answer(result.map(|value| Outcome { value, cpu_micros, wall_micros }));
    }

    fn end_all(&mut self, reason: &str) {
        self.retiring = true;
        let ids: Vec<u64> = self.state.calls.borrow().keys().copied().collect();
        for id in ids {
            self.finish(id, Err(ScriptError::engine(reason)));
        }
    }

    fn memory_is_high(&self) -> bool {
        if self.state.memory.is_high() {
            self.runtime.run_gc();
        }
        self.state.memory.is_high()
    }
}

/// Evaluates the prelude and returns its boundary functions.
fn install<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> rquickjs::Result<Border> {
    let natives = natives::install(ctx, state)?;
    let border: Object<'js> = prelude::function(ctx)?.call((natives,))?;
    let keep = |name| border.get::<_, JsFunction<'js>>(name).map(|function| Persistent::save(ctx, function));
    Ok(Border {
        register: keep("register")?,
        start: keep("start")?,
        settle: keep("settle")?,
        fire: keep("fire")?,
        forget: keep("forget")?,
    })
}

fn over(compiled: &Compiled, limits: &Limits, limit: LimitKind, threw: Option<Thrown>) -> ScriptError {
    ScriptError::over(limit, limits, threw.and_then(|threw| position::first(&compiled.map, &threw.stack)))
}

/// Classifies what the script threw: QuickJS throws ordinary errors when memory or stack run out.
fn error(compiled: &Compiled, limits: &Limits, threw: Thrown) -> ScriptError {
    let position = position::first(&compiled.map, &threw.stack);
    let limit = match (threw.name.as_str(), threw.message.as_str()) {
        _ if threw.out_of_memory => LimitKind::Memory,
        ("RangeError", "Maximum call stack size exceeded") | ("InternalError", "stack overflow") => {
            LimitKind::Stack
        }
        _ => {
            let stack = position::rewrite(&compiled.map, &threw.stack);
            let message = match threw.message.is_empty() {
                true => "the script threw without a message".to_owned(),
                false => threw.message,
            };
            return ScriptError::Threw { name: threw.name, message, position, stack };
        }
    };
    ScriptError::over(limit, limits, position)
}
