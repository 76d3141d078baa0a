//! Calling out: through which module, from which number, to which.

use std::sync::Arc;

use hookswitch_model::phone::{self, Country, Written};
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::Function;

use super::Calls;
use crate::error::{Error, Result};
use crate::modules::registry::Active;

/// The module an operator calls out through, and their number in it: the one asked for, else the oldest that can.
///
/// # Errors
/// 409 where no module can, 422 where the module asked for is not there.
pub fn route(calls: &Calls, user: UserId, module: Option<ModuleId>) -> Result<(Arc<Active>, String)> {
    let modules = match module {
        None => calls.modules.all(),
        Some(id) => {
            vec![
                calls
                    .modules
                    .get(id)
                    .ok_or_else(|| Error::invalid("moduleId", "There is no such module."))?,
            ]
        }
    };
    let found = routes(&modules, user).next().map(|(module, extension)| (Arc::clone(module), extension));
    found.ok_or_else(|| {
        let detail = "No module can make this call: one has to be on, able to call out, and have a number bound to you. \
                      An administrator binds numbers under the module's telephony settings.";
        Error::conflict("noRoute", detail)
    })
}

/// The modules that a user can call out through, and their number in each.
pub fn routes(modules: &[Arc<Active>], user: UserId) -> impl Iterator<Item = (&Arc<Active>, String)> {
    let able = modules
        .iter()
        .filter(|module| module.module.enabled && module.functions.contains(&Function::GenerateCall));
    able.filter_map(move |module| Some((module, number_of(module, user)?)))
}

/// The user's number in a module; the first in order where there are several.
fn number_of(module: &Active, user: UserId) -> Option<String> {
    module.bindings.iter().filter(|(_, bound)| **bound == user).map(|(number, _)| number.clone()).min()
}

/// Something to dial.
#[derive(Debug, PartialEq, Eq)]
pub struct Dialled {
    /// E.164 where it is a number of some country, else its digits as they are (internal and short numbers, codes).
    pub number: String,
    /// The extension behind it.
    pub extension: Option<String>,
}

/// Digits that are not a number of any country: more are several numbers, or none.
const MOST_DIGITS: usize = 15;
/// A code such as `*31#` may stand before a number.
const MOST_DIGITS_OF_A_CODE: usize = 24;

/// What a text says to dial.
///
/// # Errors
/// 422 where it is not a number, or more than one.
pub fn number(text: &str, country: Option<Country>) -> Result<Dialled> {
    let read = phone::read(text, country, Written::Both);
    let invalid = |detail: &str| Err(Error::invalid("phone", detail));
    if read.several {
        return invalid("These are several numbers: give one of them.");
    }
    if let Some(number) = read.readings.into_iter().next() {
        return Ok(Dialled { number, extension: read.extension });
    }
    let text = phone::clean(text);
    // 0 alone calls the exchange; a caller's number it is not.
    if read.withheld && text != "0" {
        return invalid("The number is withheld: there is none to call.");
    }
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let dialable = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    let most = if number.starts_with(['*', '#']) { MOST_DIGITS_OF_A_CODE } else { MOST_DIGITS };
    if (1..=most).contains(&digits) && number.len() <= 32 && number.chars().all(dialable) {
        return Ok(Dialled { number, extension: None });
    }
    invalid("This is not a phone number: give digits, with + and the country code if need be.")
}
