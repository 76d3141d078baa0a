//! The Rust functions behind the prelude, in an object that only the prelude sees.

mod bytes;
mod crypto;
mod form;
mod jws;
mod jwt;
mod keys;
mod operations;
mod pem;
mod plain;
mod text;
mod url;
mod zone;

use std::rc::Rc;

use rquickjs::{Coerced, Ctx, Function, IntoJs, Object, Value};

pub(crate) use operations::{is_over, to_script};

use crate::LimitKind;
use crate::memory::Memory;
use crate::state::{State, Thrown};
use plain::{Helpers, Refused};

/// Longest error message, name or stack kept, in bytes.
const MAX_ERROR_TEXT: usize = 4_096;

/// The object handed to the prelude.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> rquickjs::Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    results(&natives, state)?;
    operations::install(&natives, state)?;
    text::install(&natives)?;
    url::install(&natives)?;
    crypto::install(&natives, state)?;
    jwt::install(&natives)?;
    form::install(&natives)?;
    zone::install(&natives)?;
    let environment = serde_json::to_string(&*state.environment).unwrap_or_else(|_| "{}".into());
    natives.set("environment", environment)?;
    natives.set("functions", crate::Function::ALL.map(crate::Function::name).to_vec())?;
    Ok(natives)
}

/// The functions through which the prelude reports a call's result.
fn results<'js>(natives: &Object<'js>, state: &Rc<State>) -> rquickjs::Result<()> {
    let done = state.clone();
    define(natives, "done", move |call: u64, value: Value<'js>, helpers: Helpers<'js>| {
        let over = match plain::plain(&helpers, value, done.limits.result_bytes) {
            Ok(value) => {
                done.with_call(call, |running| running.result = Some(Ok(value.unwrap_or_default())));
                return Ok(());
            }
            Err(Refused::Threw(error)) => return Err(error),
            Err(Refused::Deep) => LimitKind::ResultDepth,
            Err(Refused::Large) => LimitKind::ResultSize,
        };
        done.with_call(call, |running| running.over = Some((over, None)));
        Ok(())
    })?;
    let failed = state.clone();
    define(
        natives,
        "failed",
        move |call: u64, is_null: bool, name: String, message: String, stack: String| {
            let thrown = new_thrown(&failed.memory, is_null, [name, message, stack]);
            failed.with_call(call, |running| running.result = Some(Err(thrown)));
        },
    )
}

/// With no memory left even for an error, QuickJS throws a bare null.
fn new_thrown(memory: &Memory, is_null: bool, [name, message, stack]: [String; 3]) -> Thrown {
    let like_memory = is_null || (name == "InternalError" && message.starts_with("out of memory"));
    Thrown {
        out_of_memory: like_memory && memory.was_refused(),
        name: bounded(name),
        message: bounded(message),
        stack: bounded(stack),
    }
}

/// Adds a function to the natives.
fn define<'js, P, F>(natives: &Object<'js>, name: &str, function: F) -> rquickjs::Result<()>
where
    F: rquickjs::function::IntoJsFunc<'js, P> + 'js,
{
    natives.set(name, Function::new(natives.ctx().clone(), function)?)
}

/// Describes an exception. Its properties may be getters that throw; they count as empty then.
pub(crate) fn thrown<'js>(ctx: &Ctx<'js>, memory: &Memory, value: Value<'js>) -> Thrown {
    let text = |value: rquickjs::Result<Coerced<String>>| match value {
        Ok(text) => text.0,
        Err(_) => {
            ctx.catch();
            String::new()
        }
    };
    let words = match value.as_object().filter(|object| object.is_error()) {
        Some(error) => [text(error.get("name")), text(error.get("message")), text(error.get("stack"))],
        None => [String::new(), text(value.get()), String::new()],
    };
    new_thrown(memory, value.is_null(), words)
}

fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_ERROR_TEXT));
    text
}

/// Text from outside for a message: quoted and short.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}

/// `undefined` for `None`, whatever the type.
fn or_undefined<'js, T: IntoJs<'js>>(ctx: &Ctx<'js>, value: Option<T>) -> rquickjs::Result<Value<'js>> {
    match value {
        Some(value) => value.into_js(ctx),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}
