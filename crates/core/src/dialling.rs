//! Outgoing calls: whom to call, through which module, as which operator.

use hookswitch_model::ids::uuid_v7;
use hookswitch_model::phone::{masked, shown};
use hookswitch_model::{CallId, ClientId, ModuleId};
use hookswitch_script::Function;
use hookswitch_store::User;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::calls::Calls;
use crate::calls::controls::{find, number_of};
use crate::calls::dials::{Dial, patience};
use crate::calls::outgoing::{self, Dialled};
use crate::clients;
use crate::clock;
use crate::error::{Error, Result};
use crate::modules::run::run;
use crate::views::number::{self, Mask};

/// A call to make: to a number, to one of a client's numbers, or to the outside party of a call.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MakeCall {
    /// The number to call, if none of the fields below is used.
    #[schema(min_length = 1)]
    phone: Option<String>,
    /// The client to call, or the one on whom to log the call to `phone`.
    client_id: Option<ClientId>,
    /// The position of the client's number, from 0.
    position: Option<usize>,
    /// The call whose outside party to call.
    call_id: Option<CallId>,
    /// The module to call through; by default the first suitable one in which the caller has an extension.
    module_id: Option<ModuleId>,
}

/// A call being made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MakingCall {
    /// The dialled call; a `dialed` message on a socket reports when the call has appeared.
    dial_id: Uuid,
    /// The module used.
    module_id: ModuleId,
    /// The caller's extension.
    extension: String,
    /// The number as passed to the module; null if it is hidden from the user.
    phone: Option<String>,
    /// The number, formatted.
    phone_formatted: String,
    /// The extension following the number, if the module does not dial it: the caller enters it once somebody answers.
    extension_not_dialled: Option<String>,
    /// How long the call may take to appear, in seconds.
    expires_in_seconds: u32,
}

impl MakeCall {
    /// A call to a number through a module.
    #[must_use]
    pub const fn to_number(phone: String, module: ModuleId) -> Self {
        Self { phone: Some(phone), module_id: Some(module), ..Self::NOTHING }
    }

    /// A call to the outside party of a call through a module.
    #[must_use]
    pub const fn to_party_of(call: CallId, module: ModuleId) -> Self {
        Self { call_id: Some(call), module_id: Some(module), ..Self::NOTHING }
    }

    const NOTHING: Self =
        Self { phone: None, client_id: None, position: None, call_id: None, module_id: None };
}

/// Calls a number as the given user.
///
/// # Errors
/// A wrong number, no way to call out, or a failure of the module's function.
pub async fn dial(calls: &Calls, user: &User, wanted: MakeCall) -> Result<MakingCall> {
    let (module, extension) = outgoing::route(calls, user.id, wanted.module_id)?;
    // A number typed by the user is no secret to them.
    let hidden = wanted.phone.is_none() && calls.catalog.settings.get().hides_numbers(user.role);
    let (number, client) = target(calls, user, wanted).await?;
    let mask = Mask::of(&calls.catalog, user.role);
    let Dialled { number, extension: behind } = outgoing::number(&number, module.country)
        .map_err(|error| mask.knowing(Some(&number)).error(error))?;
    let (dialled, not_dialled) = match module.module.dials_extensions {
        true => (behind, None),
        false => (None, behind),
    };
    let mut call = json!({
        "direction": "out",
        "operator": { "id": user.id, "name": user.name, "extension": extension },
    });
    if let Some(dialled) = dialled {
        call["dstExtension"] = dialled.into();
    }
    let arguments = vec![Value::String(extension.clone()), Value::String(number.clone()), call];
    let now = calls.clock.now();
    let id = uuid_v7(now, clock::random());
    // Recorded before it is made: the provider may report it before answering.
    let dial = Dial {
        id,
        user: user.id,
        module: module.module.id,
        number: number.clone(),
        client,
        until: now + patience(calls),
        cancelled: false,
    };
    calls.dials.add(dial, now);
    if let Err(error) = run(&calls.modules, &module, Function::GenerateCall, arguments).await {
        calls.dials.remove(id);
        return Err(mask.knowing(Some(&number)).error(error));
    }
    let phone_formatted = if hidden { masked(&number) } else { shown(&number).formatted };
    Ok(MakingCall {
        dial_id: id,
        module_id: module.module.id,
        extension,
        phone: (!hidden).then_some(number),
        phone_formatted,
        extension_not_dialled: not_dialled,
        expires_in_seconds: calls.catalog.settings.get().dial_seconds,
    })
}

/// The number to call and the client to log it on.
async fn target(calls: &Calls, user: &User, wanted: MakeCall) -> Result<(String, Option<ClientId>)> {
    match wanted {
        MakeCall { phone: Some(phone), client_id, position: None, call_id: None, .. } => {
            Ok((phone, client_to_log_on(calls, user, client_id).await?))
        }
        MakeCall { phone: None, client_id: Some(id), position, call_id: None, .. } => {
            let client = clients::find(calls, user, id).await.map_err(|error| error.at("clientId"))?;
            let phone = client.fields.phones.get(position.unwrap_or_default());
            let phone = phone.ok_or_else(|| Error::invalid("position", "The client has no such number."))?;
            let extension = number::extension(phone);
            let number = phone.e164.clone().unwrap_or_else(|| phone.number.clone());
            let number = extension.map_or(number.clone(), |extension| format!("{number};ext={extension}"));
            Ok((number, Some(client.id)))
        }
        MakeCall { phone: None, client_id, position: None, call_id: Some(call), .. } => {
            let seen = find(calls, user, call).await.map_err(|error| error.at("callId"))?;
            let phone = number_of(&seen);
            let phone = phone.ok_or_else(|| Error::invalid("callId", "This call has no number to call."))?;
            let client = client_to_log_on(calls, user, client_id).await?;
            Ok((phone.number, client.or(seen.stored.added.client_id)))
        }
        _ => {
            let detail = "Give one of `phone`, `clientId` with `position`, or `callId`.";
            Err(Error::invalid("phone", detail))
        }
    }
}

/// The client named for a call, if the user may see it.
async fn client_to_log_on(calls: &Calls, user: &User, id: Option<ClientId>) -> Result<Option<ClientId>> {
    let Some(id) = id else { return Ok(None) };
    let client = clients::find(calls, user, id).await.map_err(|error| error.at("clientId"))?;
    Ok(Some(client.id))
}
