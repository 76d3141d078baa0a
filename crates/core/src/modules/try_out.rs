//! Tries out a script on a logged request without changing anything.

use std::sync::Arc;

use hookswitch_script::{Compiled, ScriptError};
use hookswitch_store::StoredRequest;

use super::masks::{Masks, changed, of_header, secrets_of};
use super::registry::Active;
use super::registry::Modules;
use super::trial::{self, Ran};
use crate::error::Result;
use crate::requests::headers::{HIDDEN, is_secret};
use crate::requests::script_request::{Received, script_request};

/// Runs a script on a stored request as when it arrived, with the module's settings and current storage. Secrets are
/// masked in the result: they never leave the server.
///
/// # Errors
/// If the database fails.
pub async fn request(
    modules: &Modules,
    module: &Active,
    script: &Arc<Compiled>,
    stored: StoredRequest,
    body_bytes: usize,
) -> Result<Ran> {
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
    without_secrets(secrets_of(module, &request), ran)
}

fn without_secrets(mut secrets: Vec<String>, mut ran: Ran) -> Result<Ran> {
    for fetch in &mut ran.fetches {
        for (name, value) in &mut fetch.headers {
            if is_secret(&name.to_ascii_lowercase()) {
                // The report of an unrecorded fetch contains its headers.
                secrets.extend(of_header(value));
                HIDDEN.clone_into(value);
            }
        }
    }
    let masks = Masks::new(secrets, HIDDEN, [])?;
    let hide = |text: &mut String| *text = masks.masked(text);
    match &mut ran.outcome {
        Ok(value) => *value = changed(value.take(), &|text| masks.masked(text)),
        Err(ScriptError::Threw { name, message, stack, .. }) => {
            [name, message, stack].into_iter().for_each(hide)
        }
        Err(ScriptError::Engine { reason }) => hide(reason),
        Err(_) => {}
    }
    ran.problems.iter_mut().chain(&mut ran.breach).for_each(hide);
    ran.warnings.iter_mut().flat_map(|warning| [&mut warning.path, &mut warning.message]).for_each(hide);
    ran.log.iter_mut().for_each(|entry| hide(&mut entry.text));
    for fetch in &mut ran.fetches {
        [&mut fetch.method, &mut fetch.url].into_iter().for_each(hide);
        fetch.body = fetch.body.take().map(|body| changed(body, &|text| masks.masked(text)));
        let headers = std::mem::take(&mut fetch.headers).into_iter();
        fetch.headers = headers.map(|(name, value)| (masks.masked(&name), masks.masked(&value))).collect();
    }
    Ok(ran)
}
