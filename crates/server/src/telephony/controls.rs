//! The buttons of a call: each runs a function of the call's module. The call's state changes only when the provider
//! reports that it did.

use std::sync::Arc;

use axum::http::StatusCode;
use hookswitch_model::{Call, CallId, CallState, CallView, OperatorLeg, UserId, view};
use hookswitch_script::{CallContext, Function, LogEntry, LogLevel, ScriptError};
use hookswitch_store::{Role, StoreError, StoredCall, User};
use serde_json::{Value, json};

use super::actions::{Action, leg_of};
use super::functions;
use crate::app::App;
use crate::clients::{self, numbers::Mask};
use crate::error::{ApiError, ApiResult, sentence};
use crate::modules::registry::Active;

/// A call that a user may see, and what goes with it.
pub struct Seen {
    /// The call.
    pub stored: StoredCall,
    /// The same, derived.
    pub view: CallView,
    /// Its module, unless it was deleted.
    pub module: Option<Arc<Active>>,
}

/// The call, where the user may see it: administrators all, operators those that rang at them, those of clients that they may
/// see, and missed ones whose caller they call back.
///
/// # Errors
/// 404 where it is not there or not theirs.
pub async fn find(app: &App, user: &User, id: CallId) -> ApiResult<Seen> {
    let stored = app.store.call(id).await?;
    let stored = stored.ok_or_else(|| ApiError::not_found("call"))?;
    let view = view(&stored.call);
    if !may_see(app, user, &stored, &view).await? {
        return Err(ApiError::not_found("call"));
    }
    let module = app.modules.get(stored.call.module_id);
    Ok(Seen { stored, view, module })
}

async fn may_see(app: &App, user: &User, stored: &StoredCall, view: &CallView) -> Result<bool, StoreError> {
    if view.direction.is_none() {
        return Ok(false);
    }
    if user.role == Role::Admin || view.operators.iter().any(|leg| leg.user == Some(user.id)) {
        return Ok(true);
    }
    let found = app.store.client_summaries(&stored.added.client_id.into_iter().collect()).await?;
    if found.values().any(|client| clients::scope(app, user).has(client.responsible)) {
        return Ok(true);
    }
    Ok(view.missed && app.store.calls_back(stored.call.id, Some(user.id)).await?)
}

/// Does `action` to a call; `arguments` stand between the two numbers and the call.
///
/// # Errors
/// 409 where the module cannot do that or the call's state does not allow it, 502 where the module's function failed.
pub async fn control(
    app: &App,
    user: &User,
    seen: &Seen,
    action: Action,
    arguments: Vec<Value>,
) -> ApiResult<()> {
    let function = action.function();
    if !functions(seen.module.as_deref()).contains(&function) {
        return Err(not_implemented(seen.module.as_deref(), function));
    }
    let module = seen.module.as_deref().ok_or_else(|| not_implemented(None, function))?;
    let leg = leg_of(&seen.view, user.id, user.role == Role::Admin)
        .filter(|leg| action.allowed(&seen.view, leg))
        .ok_or_else(|| wrong_state(&seen.view))?;
    let mut all = vec![json!(leg.src), json!(leg.dst)];
    all.extend(arguments);
    all.push(call_argument(app, &seen.stored.call, &seen.view, leg));
    let failed = |error| mask(app, user, &seen.view).error(error);
    run(app, module, function, all).await.map(drop).map_err(failed)
}

/// What hides numbers in that call's texts from the user.
pub fn mask<'a>(app: &App, user: &User, view: &'a CallView) -> Mask<'a> {
    Mask::of(app, user.role).knowing(view.client_e164.as_deref().or(view.client_raw.as_deref()))
}

/// The last argument of control functions *(ours)*: tells two calls between the same numbers apart.
fn call_argument(app: &App, call: &Call, view: &CallView, leg: &OperatorLeg) -> Value {
    let operator = json!({
        "id": leg.user,
        "name": leg.user.and_then(|user: UserId| app.directory.name_of(user)),
        "extension": leg.extension,
    });
    let mut argument = json!({ "id": call.id, "direction": view.direction, "operator": operator });
    let optional = [
        ("callId", call.call_id.clone().map(Value::String)),
        ("legId", leg.leg.clone().map(Value::String)),
        ("data", view.recording.clone()),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            argument[name] = value;
        }
    }
    argument
}

/// Runs a function of a module for a user who waits for it. What fails stands in the module's log too.
///
/// # Errors
/// 409 where the module has no such function, 429/503 where it is busy, 502 where the function failed.
pub async fn run(app: &App, module: &Active, function: Function, arguments: Vec<Value>) -> ApiResult<Value> {
    match module.call(function, arguments, CallContext::default()).await {
        Ok(outcome) => Ok(outcome.value),
        Err(error) => {
            log_failure(app, module, function, &error);
            Err(failed(module, function, &error))
        }
    }
}

/// Writes a function's failure to its module's log.
pub fn log_failure(app: &App, module: &Active, function: Function, error: &ScriptError) {
    let entry = LogEntry {
        level: LogLevel::Error,
        text: format!("{function} failed: {error}"),
        line: error.position().map(|position| position.line),
        function: Some(function),
        request_id: None,
    };
    app.module_log.write(module.module.id, app.clock.now(), entry);
}

fn failed(module: &Active, function: Function, error: &ScriptError) -> ApiError {
    match error {
        ScriptError::Busy => ApiError::unavailable(1, "The module has too much to do; try again."),
        ScriptError::NotImplemented { .. } => not_implemented(Some(module), function),
        // What a script throws is meant for whoever clicked; everything else is the engine's own plain sentence.
        ScriptError::Threw { message, .. } => module_failed(message.clone(), function),
        error => module_failed(sentence(&error.to_string()), function),
    }
}

fn module_failed(detail: String, function: Function) -> ApiError {
    ApiError::new(StatusCode::BAD_GATEWAY, "moduleFailed", detail).with("function", json!(function))
}

/// What a module returned breaks the contract.
pub fn broke_contract(function: Function, error: &hookswitch_model::contract::ContractError) -> ApiError {
    module_failed(format!("What {function} returned breaks the contract: {error}."), function)
}

fn not_implemented(module: Option<&Active>, function: Function) -> ApiError {
    let detail = match module {
        None => "The call's module was deleted.".to_owned(),
        Some(module) if !module.module.enabled => {
            format!("The module \"{}\" is switched off.", module.module.name)
        }
        Some(module) => {
            format!("The module \"{}\" cannot do this: its script has no {function}.", module.module.name)
        }
    };
    ApiError::conflict("notImplemented", detail).with("function", json!(function))
}

fn wrong_state(view: &CallView) -> ApiError {
    let now = match view.state {
        CallState::Ringing => "the call still rings",
        CallState::Talking => "somebody talks",
        CallState::Held => "the call is on hold",
        CallState::Ended => "the call has ended",
    };
    ApiError::conflict("wrongState", format!("That cannot be done now: {now}."))
}
