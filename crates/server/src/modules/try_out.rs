//! Running a script on a request of the log without anything changing.

use std::sync::Arc;

use hookswitch_script::{Compiled, ScriptError};
use hookswitch_store::{StoreError, StoredRequest};
use serde_json::Value;

use super::manifest::SettingKind;
use super::registry::Active;
use super::registry::Modules;
use super::trial::{self, Ran};
use crate::requests::headers::HIDDEN;
use crate::requests::script_request::{Received, script_request};

/// Shorter values than this are in any text.
const SECRET_BYTES: usize = 4;

/// Runs a script on a stored request, as when it arrived, with the module's settings and what its storage holds now.
///
/// # Errors
/// When the database fails.
pub async fn request(
    modules: &Modules,
    module: &Active,
    script: &Arc<Compiled>,
    stored: StoredRequest,
    body_bytes: usize,
) -> Result<Ran, StoreError> {
    let storage = modules.world.store.storage_all(module.module.id, modules.world.clock.now()).await?;
    let (request, arrival) = Received::of_stored(stored, &module.module.webhook_token);
    let argument = script_request(&request, |target| modules.world.public_url.join(target), body_bytes).await;
    let ran = match argument {
        Err(error) => Ran::refused(error.to_string()),
        Ok((argument, warning)) => {
            let world = trial::World {
                settings: module.values.clone(),
                webhook_url: modules.webhook_url(&module.module),
                now: arrival.received_at,
                storage,
            };
            let mut ran = trial::run_request(&modules.engine, script, world, argument).await;
            ran.warnings.extend(warning);
            ran
        }
    };
    Ok(ran)
}

/// The same without the values of secret settings: they never leave the server.
#[must_use]
pub fn without_secrets(module: &Active, mut ran: Ran) -> Ran {
    let is_secret = |name: &str| {
        let declared =
            module.settings.iter().any(|field| field.name == name && field.kind == SettingKind::Secret);
        declared || module.sealed.contains(name)
    };
    let secrets = module.values.iter().filter(|(name, _)| is_secret(name));
    let secrets: Vec<&str> =
        secrets.filter_map(|(_, value)| value.as_str()).filter(|value| value.len() >= SECRET_BYTES).collect();
    let hide = |text: &mut String| {
        for secret in &secrets {
            *text = text.replace(secret, HIDDEN);
        }
    };
    match &mut ran.outcome {
        Ok(value) => hide_in(value, &hide),
        Err(ScriptError::Threw { message, .. }) => hide(message),
        Err(_) => {}
    }
    ran.problems.iter_mut().for_each(&hide);
    ran.log.iter_mut().for_each(|entry| hide(&mut entry.text));
    for fetch in &mut ran.fetches {
        hide(&mut fetch.url);
        fetch.headers.values_mut().chain(fetch.body.as_mut()).for_each(&hide);
    }
    ran
}

fn hide_in(value: &mut Value, hide: &impl Fn(&mut String)) {
    match value {
        Value::String(text) => hide(text),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_in(value, hide)),
        Value::Object(members) => members.values_mut().for_each(|value| hide_in(value, hide)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
