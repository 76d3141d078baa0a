//! Operations that leave the script: `fetch`, storage, timers, the log. Each counts against the running call's limits.

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rquickjs::prelude::Opt;
use rquickjs::{Ctx, Exception, IntoJs, Object, Value};

use serde_json::Value as Json;

use super::bytes::Bytes;
use super::plain::{Helpers, Refused, plain};
use super::{define, or_undefined};
use crate::data::{MAX_DEPTH, is_deep};
use crate::host::{Body, FetchRequest, HostError, LogEntry, LogLevel, Redirect};
use crate::state::{Outgoing, State};
use crate::{FetchRoom, LimitKind, position};
use hookswitch_model::contract::MAX_STORAGE_KEY_BYTES;

/// Longest delay of a timer, in milliseconds: longer than any call can last.
const MAX_DELAY_MS: f64 = 86_400_000.0;

pub(super) fn install<'js>(natives: &Object<'js>, state: &Rc<State>) -> rquickjs::Result<()> {
    let shared = state.clone();
    define(natives, "fetch", move |ctx: Ctx<'js>, request: Object<'js>| fetch(&shared, &ctx, &request))?;
    install_storage(natives, state)?;
    let shared = state.clone();
    define(natives, "checkRoomForCode", move |ctx: Ctx<'js>, length: usize| {
        if shared.memory.has_room_for_code(length) {
            return Ok(());
        }
        Err(Exception::throw_range(&ctx, "there is too little memory left to compile code of this length"))
    })?;
    define(natives, "checkDepth", |ctx: Ctx<'js>, json: String| {
        if is_deep(&json) { Err(Exception::throw_range(&ctx, &too_deep("JSON"))) } else { Ok(()) }
    })?;
    define(natives, "refuseDepth", |ctx: Ctx<'js>| -> rquickjs::Result<()> {
        Err(Exception::throw_range(&ctx, &too_deep("JSON")))
    })?;
    let shared = state.clone();
    define(
        natives,
        "checkTime",
        move |ctx: Ctx<'js>| {
            if shared.must_stop() { Err(uncatchable(&ctx)) } else { Ok(()) }
        },
    )?;
    let shared = state.clone();
    define(natives, "clock", move |ctx: Ctx<'js>| {
        #[expect(clippy::cast_precision_loss, reason = "JavaScript represents times as doubles")]
        let stands = shared.guarded(&ctx, |host| host.clock_millis().map(|millis| millis as f64))?;
        or_undefined(&ctx, stands)
    })?;
    let shared = state.clone();
    define(natives, "timer", move |ctx: Ctx<'js>, delay: f64, repeat: bool| {
        timer(&shared, &ctx, delay, repeat)
    })?;
    let shared = state.clone();
    define(natives, "clearTimer", move |id: u64| {
        shared.take_operation(id);
    })?;
    let shared = state.clone();
    define(natives, "log", move |ctx: Ctx<'js>, level: String, text: String, stack: String| {
        log(&shared, &ctx, &level, text, &stack)
    })
}

/// The running call; an error while the script is loading, when nothing may leave it.
fn current(state: &State, ctx: &Ctx<'_>) -> rquickjs::Result<u64> {
    state.current.get().ok_or_else(|| {
        let message =
            "fetch, storage and timers work inside a function's call, not while the script is loaded";
        Exception::throw_message(ctx, message)
    })
}

/// Ends the call for exceeding this limit; the exception only unwinds the script's native function.
fn over(state: &State, ctx: &Ctx<'_>, limit: LimitKind) -> rquickjs::Error {
    let message = format!("over the limit of {}", limit.allowance(&state.limits));
    let error = Exception::from_message(ctx.clone(), &message);
    let stack = error.as_ref().ok().and_then(Exception::stack).unwrap_or_default();
    state.break_limit(limit, &stack);
    error.map_or_else(|error| error, Exception::throw)
}

/// The exception QuickJS itself throws when a script runs out of time.
#[expect(unsafe_code, reason = "rquickjs has no safe way to throw an uncatchable error")]
fn uncatchable(ctx: &Ctx<'_>) -> rquickjs::Error {
    let thrown = Exception::throw_message(ctx, "interrupted");
    let error = ctx.catch();
    // SAFETY: the value belongs to this context and is alive; it is only marked.
    unsafe { rquickjs::qjs::JS_SetUncatchableError(ctx.as_raw().as_ptr(), error.as_raw()) };
    ctx.throw(error);
    thrown
}

fn fetch<'js>(state: &State, ctx: &Ctx<'js>, request: &Object<'js>) -> rquickjs::Result<u64> {
    let call = current(state, ctx)?;
    let service: Option<String> = request.get("service")?;
    let body = match request.get::<_, Value>("body")? {
        body if body.is_undefined() => None,
        body if body.is_string() => Some(Body::Text(body.get()?)),
        body => Some(Body::Bytes(body.get::<Bytes>()?.0)),
    };
    let sent = body.as_ref().map_or(0, Body::len) as u64;
    let limits = &state.limits;
    let counted = state.with_current(|running| {
        running.fetches += 1;
        (running.fetches <= limits.fetch_count).then(|| running.fetch_left.clone())
    });
    let Some(Some(left)) = counted else { return Err(over(state, ctx, LimitKind::FetchCount)) };
    let room = FetchRoom::new(left.clone(), state.room.clone());
    room.for_sent(sent).map_err(|error| match error.code.as_str() {
        HostError::TOO_LARGE => over(state, ctx, LimitKind::FetchBytes),
        _ => Exception::throw_message(ctx, &error.message),
    })?;
    let request = FetchRequest {
        url: request.get("url")?,
        method: request.get("method")?,
        headers: request.get::<_, Vec<Vec<String>>>("headers")?.into_iter().filter_map(pair).collect(),
        body,
        redirect: match request.get::<_, String>("redirect")?.as_str() {
            "manual" => Redirect::Manual,
            "error" => Redirect::Error,
            _ => Redirect::Follow,
        },
        timeout_ms: request.get::<_, Option<f64>>("timeoutMs")?.map(|timeout| timeout as u64),
        max_response_bytes: left.load(Ordering::Relaxed).min(limits.fetch_response_bytes),
    };
    let host = state.host.clone();
    Ok(state.spawn(call, async move {
        let response = match service {
            Some(service) => host.service_fetch(service, request, &room).await,
            None => host.fetch(request, &room).await,
        }?;
        room.reserve_all(response.body.len() as u64).await?;
        Ok(Outgoing::Response(response, room))
    }))
}

fn pair(header: Vec<String>) -> Option<(String, String)> {
    <[String; 2]>::try_from(header).ok().map(|[name, value]| (name, value))
}

/// Starts a storage operation and returns the call it belongs to.
fn begin_storage(state: &State, ctx: &Ctx<'_>, key: &str) -> rquickjs::Result<u64> {
    let call = current(state, ctx)?;
    if key.is_empty() || key.len() > MAX_STORAGE_KEY_BYTES {
        let message =
            format!("a storage key must have 1 to {MAX_STORAGE_KEY_BYTES} bytes, not {}", key.len());
        return Err(Exception::throw_range(ctx, &message));
    }
    let stored = state.with_current(|running| {
        running.stored += 1;
        running.stored
    });
    if stored.is_none_or(|stored| stored > state.limits.storage_count) {
        return Err(over(state, ctx, LimitKind::StorageCount));
    }
    Ok(call)
}

/// The value to store: `None` for `undefined`.
fn stored_value<'js>(
    state: &State,
    ctx: &Ctx<'js>,
    helpers: &Helpers<'js>,
    value: Value<'js>,
) -> rquickjs::Result<Option<Json>> {
    let limit = state.limits.storage_value_bytes;
    let large = || Exception::throw_range(ctx, &format!("a stored value has at most {limit} bytes as JSON"));
    let value = plain(helpers, value, limit).map_err(|refused| match refused {
        Refused::Threw(error) => error,
        Refused::Large => large(),
        Refused::Deep => Exception::throw_range(ctx, &too_deep("a stored value")),
    })?;
    // The count made while reading leaves out escapes.
    if value.as_ref().is_some_and(|value| value.to_string().len() > limit) {
        return Err(large());
    }
    Ok(value)
}

fn too_deep(what: &str) -> String {
    format!("{what} has at most {MAX_DEPTH} levels of objects and lists, and does not refer to itself")
}

/// How long to keep a value, in seconds.
fn lifetime(ttl: Opt<Option<f64>>) -> Option<u64> {
    let seconds = ttl.0.flatten().filter(|seconds| seconds.is_finite());
    seconds.map(|seconds| seconds.max(0.0).ceil() as u64)
}

fn install_storage<'js>(natives: &Object<'js>, state: &Rc<State>) -> rquickjs::Result<()> {
    let shared = state.clone();
    define(natives, "storageGet", move |ctx: Ctx<'js>, key: String| {
        let call = begin_storage(&shared, &ctx, &key)?;
        let host = shared.host.clone();
        rquickjs::Result::Ok(shared.spawn(call, async move {
            let value = host.storage_get(key).await?;
            Ok(Outgoing::Stored(value.map(|value| value.to_string())))
        }))
    })?;
    let shared = state.clone();
    define(
        natives,
        "storageSet",
        move |ctx: Ctx<'js>, helpers: Helpers<'js>, key: String, value: Value<'js>, ttl: Opt<Option<f64>>| {
            let call = begin_storage(&shared, &ctx, &key)?;
            let message = "a stored value must be representable as JSON; use delete to remove one";
            let value = stored_value(&shared, &ctx, &helpers, value)?
                .ok_or_else(|| Exception::throw_type(&ctx, message))?;
            let (host, ttl) = (shared.host.clone(), lifetime(ttl));
            rquickjs::Result::Ok(shared.spawn(call, async move {
                host.storage_set(key, value, ttl).await?;
                Ok(Outgoing::Stored(None))
            }))
        },
    )?;
    let shared = state.clone();
    define(natives, "storageDelete", move |ctx: Ctx<'js>, key: String| {
        let call = begin_storage(&shared, &ctx, &key)?;
        let host = shared.host.clone();
        rquickjs::Result::Ok(shared.spawn(call, async move {
            host.storage_delete(key).await?;
            Ok(Outgoing::Stored(None))
        }))
    })?;
    let shared = state.clone();
    define(
        natives,
        "storageReplace",
        move |ctx: Ctx<'js>,
              helpers: Helpers<'js>,
              key: String,
              before: Option<String>,
              value: Value<'js>,
              ttl: Opt<Option<f64>>| {
            let call = begin_storage(&shared, &ctx, &key)?;
            let after = stored_value(&shared, &ctx, &helpers, value)?;
            let (host, ttl) = (shared.host.clone(), lifetime(ttl));
            rquickjs::Result::Ok(shared.spawn(call, async move {
                host.storage_replace(key, before, after, ttl).await.map(Outgoing::Replaced)
            }))
        },
    )
}

fn timer(state: &State, ctx: &Ctx<'_>, delay: f64, repeat: bool) -> rquickjs::Result<u64> {
    let call = current(state, ctx)?;
    if state.timers_of(call) >= state.limits.timer_count as usize {
        return Err(over(state, ctx, LimitKind::TimerCount));
    }
    let delay = if delay.is_nan() { 1.0 } else { delay.clamp(1.0, MAX_DELAY_MS) };
    Ok(state.start_timer(call, Duration::from_secs_f64(delay / 1_000.0), repeat))
}

fn log(state: &State, ctx: &Ctx<'_>, level: &str, text: String, stack: &str) -> rquickjs::Result<()> {
    let length = text.len();
    let current = state.with_current(|running| {
        running.logged += length;
        (running.logged, running.new.function, running.new.context.request_id.clone())
    });
    let (logged, function, request_id) = match current {
        Some((logged, function, request_id)) => (logged, Some(function), request_id),
        None => (state.count_loading_log(length), None, None),
    };
    if logged > state.limits.log_bytes {
        return Err(over(state, ctx, LimitKind::LogVolume));
    }
    let level = match level {
        "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" => LogLevel::Error,
        _ => LogLevel::Info,
    };
    let line = position::first(&state.compiled.map, stack).map(|position| position.line);
    let entry = LogEntry { level, text, line, function, request_id };
    state.guarded(ctx, |host| host.log(entry))
}

/// Whether a finished operation exceeded its limit; the call ends then.
pub(crate) fn is_over(state: &State, outcome: &Result<Outgoing, HostError>) -> bool {
    match outcome {
        Ok(Outgoing::Response(response, _)) => response.body.len() as u64 > state.limits.fetch_response_bytes,
        Ok(Outgoing::Stored(_) | Outgoing::Replaced(_)) => false,
        Err(error) => error.code == HostError::TOO_LARGE,
    }
}

/// Converts a finished operation's result for the prelude.
pub(crate) fn to_script<'js>(ctx: &Ctx<'js>, outgoing: Outgoing) -> rquickjs::Result<Value<'js>> {
    match outgoing {
        Outgoing::Stored(json) => or_undefined(ctx, json),
        Outgoing::Replaced(well) => well.into_js(ctx),
        Outgoing::Response(response, _room) => {
            let object = Object::new(ctx.clone())?;
            object.set("status", response.status)?;
            object.set("statusText", response.status_text)?;
            object.set("url", response.url)?;
            object.set("redirected", response.redirected)?;
            let headers: Vec<_> =
                response.headers.into_iter().map(|(name, value)| vec![name, value]).collect();
            object.set("headers", headers)?;
            object.set("body", Bytes(response.body))?;
            object.into_js(ctx)
        }
    }
}
