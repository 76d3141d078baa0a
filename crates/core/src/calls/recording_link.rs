//! The location of a call's recording.

use hookswitch_model::contract::{self, CallLink};
use hookswitch_script::Function;
use hookswitch_store::User;

use super::Calls;
use super::controls::{Seen, mask};
use crate::error::{Error, Result};
use crate::modules::run::{broke_contract, run};

/// Asks the module for the location of a call's recording.
///
/// # Errors
/// 404 if there is none, 502 if the module's function failed.
pub async fn recording_link(calls: &Calls, user: &User, seen: &Seen) -> Result<CallLink> {
    let mask = mask(calls, user, &seen.view);
    let data = seen.view.recording.clone().ok_or_else(|| Error::not_found("recording"))?;
    let module = seen.module.as_deref();
    let module = module.ok_or_else(|| Error::conflict("notImplemented", "The call's module was deleted."))?;
    let function = Function::GetCallLink;
    let link = run(&calls.modules, module, function, vec![data]).await.map_err(|error| mask.error(error))?;
    contract::call_link(link).map_err(|error| mask.error(broke_contract(function, &error)))
}
