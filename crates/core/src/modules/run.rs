//! Runs a module's function for a waiting user.

use hookswitch_model::contract::ContractError;
use hookswitch_script::{CallContext, Function, LogEntry, LogLevel, ScriptError};
use serde_json::{Value, json};

use super::registry::{Active, Modules};
use crate::error::{Error, Kind, Result, sentence};

/// Runs a function of a module for a waiting user. Failures are also written to the module's log.
///
/// # Errors
/// 409 if the module has no such function, 429/503 if it is busy, 502 if the function failed.
pub async fn run(
    modules: &Modules,
    module: &Active,
    function: Function,
    arguments: Vec<Value>,
) -> Result<Value> {
    match module.call(function, arguments, CallContext::default()).await {
        Ok(outcome) => Ok(outcome.value),
        Err(error) => {
            log_failure(modules, module, function, &error);
            Err(failed(module, function, &error))
        }
    }
}

/// Writes a function's failure to its module's log.
pub fn log_failure(modules: &Modules, module: &Active, function: Function, error: &ScriptError) {
    let entry = LogEntry {
        level: LogLevel::Error,
        text: format!("{function} failed: {error}"),
        line: error.position().map(|position| position.line),
        function: Some(function),
        request_id: None,
    };
    modules.log.write(module.module.id, modules.world.clock.now(), entry);
}

fn failed(module: &Active, function: Function, error: &ScriptError) -> Error {
    match error {
        ScriptError::Busy => Error::unavailable(1, "The module is busy; try again."),
        ScriptError::NotImplemented { .. } => not_implemented(Some(module), function),
        // A thrown message is meant for the user; everything else is the engine's own plain sentence.
        ScriptError::Threw { message, .. } => module_failed(message.clone(), function),
        error => module_failed(sentence(&error.to_string()), function),
    }
}

fn module_failed(detail: String, function: Function) -> Error {
    Error::new(Kind::ModuleFailed, "moduleFailed", detail).with("function", json!(function))
}

/// The error for a result that breaks the contract.
pub fn broke_contract(function: Function, error: &ContractError) -> Error {
    module_failed(format!("{function} returned something that breaks the contract: {error}."), function)
}

/// 409: there is no such button.
pub(crate) fn not_implemented(module: Option<&Active>, function: Function) -> Error {
    let detail = match module {
        None => "The call's module was deleted.".to_owned(),
        Some(module) if !module.module.enabled => {
            format!("The module \"{}\" is switched off.", module.module.name)
        }
        Some(module) => {
            format!("The module \"{}\" cannot do this: its script has no {function}.", module.module.name)
        }
    };
    Error::conflict("notImplemented", detail).with("function", json!(function))
}
