//! Calling out: through which module, from which number, to which.

use std::sync::Arc;

use hookswitch_model::phone::{self, Country};
use hookswitch_model::{ModuleId, UserId};
use hookswitch_script::Function;

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::modules::registry::Active;

/// The module an operator calls out through, and their number in it: the one asked for, else the oldest that can.
///
/// # Errors
/// 409 where no module can, 422 where the module asked for is not there.
pub fn route(app: &App, user: UserId, module: Option<ModuleId>) -> ApiResult<(Arc<Active>, String)> {
    let modules = match module {
        None => app.modules.all(),
        Some(id) => {
            vec![
                app.modules
                    .get(id)
                    .ok_or_else(|| ApiError::invalid("moduleId", "There is no such module."))?,
            ]
        }
    };
    let found = routes(&modules, user).next().map(|(module, extension)| (Arc::clone(module), extension));
    found.ok_or_else(|| {
        let detail = "No module can make this call: one has to be on, able to call out, and have a number bound to you. \
                      An administrator binds numbers under the module's telephony settings.";
        ApiError::conflict("noRoute", detail)
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

/// The number to dial: E.164 where it is a number of some country, else its digits as they are (internal and short
/// numbers).
///
/// # Errors
/// 422 where it is no number.
pub fn number(text: &str, country: Option<Country>) -> ApiResult<String> {
    let text = text.trim();
    if let Some(e164) = phone::e164(text, country).filter(|_| !phone::is_internal(text)) {
        return Ok(e164);
    }
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    let dialable = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
    if (1..=32).contains(&digits.len())
        && digits.chars().all(dialable)
        && digits.contains(|c: char| c.is_ascii_digit())
    {
        return Ok(digits);
    }
    Err(ApiError::invalid(
        "phone",
        "This is no phone number: give digits, with + and the country code if need be.",
    ))
}
