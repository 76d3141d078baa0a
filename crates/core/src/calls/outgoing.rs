//! Outgoing calls: the module, the caller's extension, and the number to dial.

use std::sync::Arc;

use hookswitch_model::phone::{self, Country, Written};
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::Function;

use super::Calls;
use crate::error::{Error, Result};
use crate::modules::registry::Active;

/// The module an operator calls out through, and their extension in it: the requested module, else the oldest suitable
/// one.
///
/// # Errors
/// 409 if no module is suitable, 422 if the requested module does not exist.
pub fn route(calls: &Calls, user: UserId, module: Option<ModuleId>) -> Result<(Arc<Active>, String)> {
    let modules = match module {
        None => calls.modules.all(),
        Some(id) => {
            vec![calls.modules.get(id).ok_or_else(|| {
                Error::invalid("moduleId", "There is no such module. Choose an existing one.")
            })?]
        }
    };
    let found = routes(&modules, user).next().map(|(module, extension)| (Arc::clone(module), extension));
    found.ok_or_else(|| {
        let detail = "No module can make this call: it must be switched on, able to call out, and have an extension bound to you. \
                      An administrator binds numbers under the module's telephony settings.";
        Error::conflict("noRoute", detail)
    })
}

/// The modules a user can call out through, and their extension in each.
pub fn routes(modules: &[Arc<Active>], user: UserId) -> impl Iterator<Item = (&Arc<Active>, String)> {
    let able = modules
        .iter()
        .filter(|module| module.module.enabled && module.functions.contains(&Function::GenerateCall));
    able.filter_map(move |module| Some((module, number_of(module, user)?)))
}

/// The user's extension in a module; the lowest if there are several.
fn number_of(module: &Active, user: UserId) -> Option<String> {
    module.bindings.iter().filter(|(_, bound)| **bound == user).map(|(number, _)| number.clone()).min()
}

/// A number to dial.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialled {
    /// E.164 for a valid number, otherwise the digits as they are (internal and short numbers, codes).
    pub number: String,
    /// The extension following it.
    pub extension: Option<String>,
}

/// Longest number that is not valid in any country: more digits are several numbers, or none.
const MOST_DIGITS: usize = 15;
/// Longest number after a code such as `*31#`.
const MOST_DIGITS_OF_A_CODE: usize = 24;

/// Parses a number to dial.
///
/// # Errors
/// 422 if it is not a number, or more than one.
pub fn number(text: &str, country: Option<Country>) -> Result<Dialled> {
    let read = phone::read(text, country, Written::Both);
    let invalid = |detail: &str| Err(Error::invalid("phone", detail));
    if read.several {
        return invalid("These are several numbers. Enter only one.");
    }
    if let Some(number) = read.readings.into_iter().next() {
        return Ok(Dialled { number, extension: read.extension });
    }
    let text = phone::clean(text);
    // A lone 0 calls the exchange; it is not a caller's number.
    if read.withheld && text != "0" {
        return invalid("The number is withheld and cannot be called.");
    }
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let dialable = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let most = if number.starts_with(['*', '#']) { MOST_DIGITS_OF_A_CODE } else { MOST_DIGITS };
    if (1..=most).contains(&digits) && number.len() <= 32 && number.chars().all(dialable) {
        return Ok(Dialled { number, extension: None });
    }
    invalid("Enter a valid number, e.g. +44 20 7946 0123.")
}
