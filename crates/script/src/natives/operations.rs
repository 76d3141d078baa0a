//! What leaves the script: `fetch`, storage, timers, the log. Each counts against the running call's limits.

use std::rc::Rc;
use std::time::Duration;

use rquickjs::prelude::Opt;
use rquickjs::{Ctx, Exception, IntoJs, Object, Value};

use super::bytes::Bytes;
use super::{define, or_undefined};
use crate::host::{Body, FetchRequest, HostError, LogEntry, LogLevel, Redirect};
use crate::state::{Outgoing, State};
use crate::{LimitKind, position};

/// Longest storage key, bytes.
const MAX_KEY_BYTES: usize = 512;

/// Longest delay of a timer, milliseconds: longer than any call can last.
const MAX_DELAY_MS: f64 = 86_400_000.0;

pub(super) fn install<'js>(natives: &Object<'js>, state: &Rc<State>) -> rquickjs::Result<()> {
    let shared = state.clone();
    define(natives, "fetch", move |ctx: Ctx<'js>, request: Object<'js>| fetch(&shared, &ctx, &request))?;
    let shared = state.clone();
    define(
        natives,
        "storage",
        move |ctx: Ctx<'js>, verb: String, key: String, value: Opt<Option<String>>, ttl: Opt<Option<f64>>| {
            storage(&shared, &ctx, &verb, key, value.0.flatten(), ttl.0.flatten())
        },
    )?;
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

/// The call that runs; an error while the script is loaded, when nothing may leave it.
fn current(state: &State, ctx: &Ctx<'_>) -> rquickjs::Result<u64> {
    state.current.get().ok_or_else(|| {
        let message =
            "fetch, storage and timers work inside a function's call, not while the script is loaded";
        Exception::throw_message(ctx, message)
    })
}

/// Ends the call over this limit; the exception only gets the script out of its native function.
fn over(state: &State, ctx: &Ctx<'_>, limit: LimitKind) -> rquickjs::Error {
    let message = format!("over the limit of {}", limit.allowance(&state.limits));
    let error = Exception::from_message(ctx.clone(), &message);
    let stack = error.as_ref().ok().and_then(Exception::stack).unwrap_or_default();
    state.break_limit(limit, &stack);
    error.map_or_else(|error| error, Exception::throw)
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
    let left = state.with_current(|running| {
        running.fetches += 1;
        running.fetched += sent;
        (running.fetches <= limits.fetch_count, limits.fetch_bytes.checked_sub(running.fetched))
    });
    let left = match left {
        Some((true, Some(left))) => left,
        Some((true, None)) => return Err(over(state, ctx, LimitKind::FetchBytes)),
        _ => return Err(over(state, ctx, LimitKind::FetchCount)),
    };
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
        max_response_bytes: left.min(limits.fetch_response_bytes),
    };
    let host = state.host.clone();
    Ok(state.spawn(call, async move {
        let response = match service {
            Some(service) => host.service_fetch(service, request).await,
            None => host.fetch(request).await,
        };
        response.map(Outgoing::Response)
    }))
}

fn pair(header: Vec<String>) -> Option<(String, String)> {
    <[String; 2]>::try_from(header).ok().map(|[name, value]| (name, value))
}

fn storage(
    state: &State,
    ctx: &Ctx<'_>,
    verb: &str,
    key: String,
    value: Option<String>,
    ttl: Option<f64>,
) -> rquickjs::Result<u64> {
    let call = current(state, ctx)?;
    if key.is_empty() || key.len() > MAX_KEY_BYTES {
        let message = format!("a storage key has 1 to {MAX_KEY_BYTES} bytes, this one has {}", key.len());
        return Err(Exception::throw_range(ctx, &message));
    }
    let stored = state.with_current(|running| {
        running.stored += 1;
        running.stored
    });
    if stored.is_none_or(|stored| stored > state.limits.storage_count) {
        return Err(over(state, ctx, LimitKind::StorageCount));
    }
    let host = state.host.clone();
    if verb == "get" {
        return Ok(state.spawn(call, async move {
            let value = host.storage_get(key).await?;
            Ok(Outgoing::Stored(value.map(|value| value.to_string())))
        }));
    }
    let Some(json) = value else {
        return Ok(
            state.spawn(call, async move { host.storage_delete(key).await.map(|()| Outgoing::Stored(None)) })
        );
    };
    if json.len() > state.limits.storage_value_bytes {
        let message = format!(
            "a stored value has at most {} bytes as JSON, this one has {}",
            state.limits.storage_value_bytes,
            json.len()
        );
        return Err(Exception::throw_range(ctx, &message));
    }
    let value = crate::data::parse(&json).map_err(|error| Exception::throw_type(ctx, &error.to_string()))?;
    let ttl = ttl.filter(|seconds| seconds.is_finite()).map(|seconds| seconds.max(0.0).ceil() as u64);
    Ok(state
        .spawn(call, async move { host.storage_set(key, value, ttl).await.map(|()| Outgoing::Stored(None)) }))
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

/// Counts what a finished operation brought in. Over the limit, the call ends.
pub(crate) fn arrived(state: &State, outcome: &Result<Outgoing, HostError>) -> Result<(), LimitKind> {
    let limits = &state.limits;
    let within = match outcome {
        Ok(Outgoing::Response(response)) => {
            let length = response.body.len() as u64;
            let fetched = state.with_current(|running| {
                running.fetched += length;
                running.fetched
            });
            length <= limits.fetch_response_bytes
                && fetched.is_none_or(|fetched| fetched <= limits.fetch_bytes)
        }
        Ok(Outgoing::Stored(_)) => true,
        Err(error) => error.code != HostError::TOO_LARGE,
    };
    if within { Ok(()) } else { Err(LimitKind::FetchBytes) }
}

/// A finished operation's result as the prelude takes it.
pub(crate) fn to_script<'js>(ctx: &Ctx<'js>, outgoing: Outgoing) -> rquickjs::Result<Value<'js>> {
    match outgoing {
        Outgoing::Stored(json) => or_undefined(ctx, json),
        Outgoing::Response(response) => {
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
