//! The buttons of a call. Each runs a function of the call's module; the call's state changes only when the provider
//! reports it.

use std::sync::Arc;

use hookswitch_model::{Call, CallId, CallState, CallView, OperatorLeg, UserId, view};
use hookswitch_store::{ClientPhone, Role, StoredCall, User};
use serde_json::{Value, json};

use super::access::may_see;
use super::{Calls, functions};
use crate::error::{Error, Result};
use crate::modules::registry::Active;
use crate::modules::run::{not_implemented, run};
use crate::views::actions::{Action, leg_of};
use crate::views::number::Mask;

/// A call that a user may see, with its derived state and module.
pub struct Seen {
    pub stored: StoredCall,
    /// The derived view.
    pub view: CallView,
    /// Its module, unless deleted.
    pub module: Option<Arc<Active>>,
}

/// Finds a call that the user may see.
///
/// # Errors
/// 404 if it does not exist or the user may not see it.
pub async fn find(calls: &Calls, user: &User, id: CallId) -> Result<Seen> {
    let stored = calls.store.call(id).await?;
    let stored = stored.ok_or_else(|| Error::not_found("call"))?;
    let view = view(&stored.call);
    if !may_see(calls, user, &stored, &view).await? {
        return Err(Error::not_found("call"));
    }
    let module = calls.modules.get(stored.call.module_id);
    Ok(Seen { stored, view, module })
}

/// Performs `action` on a call; `arguments` go between the two numbers and the call.
///
/// # Errors
/// 409 if the module cannot do that or the call's state does not allow it, 502 if the module's function failed.
pub async fn control(
    calls: &Calls,
    user: &User,
    seen: &Seen,
    action: Action,
    arguments: Vec<Value>,
) -> Result<()> {
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
    all.push(call_argument(calls, &seen.stored.call, &seen.view, leg));
    let failed = |error| mask(calls, user, &seen.view).error(error);
    run(&calls.modules, module, function, all).await.map(drop).map_err(failed)
}

/// Hides the call's numbers in texts for the user.
pub fn mask<'a>(calls: &Calls, user: &User, view: &'a CallView) -> Mask<'a> {
    Mask::of(&calls.catalog, user.role).knowing(view.client_e164.as_deref().or(view.client_raw.as_deref()))
}

/// The last argument of control functions *(ours)*: distinguishes two calls between the same numbers.
fn call_argument(calls: &Calls, call: &Call, view: &CallView, leg: &OperatorLeg) -> Value {
    let operator = json!({
        "id": leg.user,
        "name": leg.user.and_then(|user: UserId| calls.catalog.directory.name_of(user)),
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

fn wrong_state(view: &CallView) -> Error {
    let now = match view.state {
        CallState::Ringing => "the call is still ringing",
        CallState::Talking => "somebody is talking",
        CallState::Held => "the call is on hold",
        CallState::Ended => "the call has ended",
    };
    Error::conflict("wrongState", format!("This is not possible now: {now}."))
}

/// The outside party's number; `None` if it is withheld.
pub fn number_of(seen: &Seen) -> Option<ClientPhone> {
    if seen.view.is_withheld() {
        return None;
    }
    let e164 = seen.view.client_e164.clone();
    let number = e164.clone().or_else(|| seen.view.client_raw.clone());
    let number = number.filter(|number| number.contains(|c: char| c.is_ascii_digit()))?;
    Some(ClientPhone { label: None, number, e164 })
}
