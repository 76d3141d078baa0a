//! The Rust functions behind the prelude. They form one object that only the prelude sees.

mod bytes;
mod crypto;
mod keys;
mod operations;
mod text;
mod url;

use std::rc::Rc;

use rquickjs::{Coerced, Ctx, Function, IntoJs, Object, Value};

pub(crate) use operations::{arrived, to_script};

use crate::state::{State, Thrown};

/// Longest error message, name or stack kept, bytes.
const MAX_ERROR_TEXT: usize = 4_096;

/// The object handed to the prelude.
pub(crate) fn install<'js>(ctx: &Ctx<'js>, state: &Rc<State>) -> rquickjs::Result<Object<'js>> {
    let natives = Object::new(ctx.clone())?;
    results(&natives, state)?;
    operations::install(&natives, state)?;
    text::install(&natives)?;
    url::install(&natives)?;
    crypto::install(&natives, state)?;
    let environment = serde_json::to_string(&*state.environment).unwrap_or_else(|_| "{}".into());
    natives.set("environment", environment)?;
    natives.set("functions", crate::Function::ALL.map(crate::Function::name).to_vec())?;
    Ok(natives)
}

/// How the prelude hands over what a call gave.
fn results(natives: &Object<'_>, state: &Rc<State>) -> rquickjs::Result<()> {
    let done = state.clone();
    define(natives, "done", move |call: u64, json: String| {
        let over = json.len() > done.limits.result_bytes;
        if let Some(running) = done.calls.borrow_mut().get_mut(&call) {
            if over {
                running.over = Some((crate::LimitKind::ResultSize, None));
            }
            running.result = Some(Ok(json));
        }
    })?;
    let failed = state.clone();
    define(natives, "failed", move |call: u64, name: String, message: String, stack: String| {
        if let Some(running) = failed.calls.borrow_mut().get_mut(&call) {
            let thrown = Thrown { name: bounded(name), message: bounded(message), stack: bounded(stack) };
            running.result = Some(Err(thrown));
        }
    })
}

/// Adds a function to the natives.
fn define<'js, P, F>(natives: &Object<'js>, name: &str, function: F) -> rquickjs::Result<()>
where
    F: rquickjs::function::IntoJsFunc<'js, P> + 'js,
{
    natives.set(name, Function::new(natives.ctx().clone(), function)?)
}

/// An exception in plain words. Its properties may be getters that throw in their turn: then they count as empty.
pub(crate) fn thrown<'js>(ctx: &Ctx<'js>, value: Value<'js>) -> Thrown {
    let text = |value: rquickjs::Result<Coerced<String>>| match value {
        Ok(text) => bounded(text.0),
        Err(_) => {
            ctx.catch();
            String::new()
        }
    };
    match value.as_object().filter(|object| object.is_error()) {
        Some(error) => Thrown {
            name: text(error.get("name")),
            message: text(error.get("message")),
            stack: text(error.get("stack")),
        },
        None => Thrown { message: text(value.get()), ..Thrown::default() },
    }
}

fn bounded(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_ERROR_TEXT));
    text
}

/// `undefined` for `None`, whatever the type.
fn or_undefined<'js, T: IntoJs<'js>>(ctx: &Ctx<'js>, value: Option<T>) -> rquickjs::Result<Value<'js>> {
    match value {
        Some(value) => value.into_js(ctx),
        None => Ok(Value::new_undefined(ctx.clone())),
    }
}
