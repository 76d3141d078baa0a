//! The inputs of a call's buttons: the target of a redirect, the keys to send.

use hookswitch_model::UserId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::controls::Seen;
use crate::error::{Error, Result};

/// The target of a redirect: one of the two.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct RedirectTo {
    /// The operator's extension.
    redirect_to: Option<String>,
    /// The operator.
    user_id: Option<UserId>,
}

impl RedirectTo {
    /// Redirects to an extension.
    #[must_use]
    pub const fn number(number: String) -> Self {
        Self { redirect_to: Some(number), user_id: None }
    }

    /// The extension to pass to the module.
    ///
    /// # Errors
    /// 422 if there is none.
    pub fn argument(&self, seen: &Seen) -> Result<String> {
        match (&self.redirect_to, self.user_id) {
            (Some(number), None) => {
                let number = number.trim();
                let dialable =
                    |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '*' | '#' | '.' | '-' | '_');
                if (1..=64).contains(&number.len()) && number.chars().all(dialable) {
                    return Ok(number.to_owned());
                }
                Err(Error::invalid("redirectTo", "Enter an operator's extension."))
            }
            (None, Some(user)) => {
                let bindings = seen.module.iter().flat_map(|module| &module.bindings);
                let numbers = bindings.filter(|(_, bound)| **bound == user).map(|(number, _)| number.clone());
                let none = || Error::invalid("userId", "This user has no extension in the call's module.");
                numbers.min().ok_or_else(none)
            }
            _ => Err(Error::invalid("redirectTo", "Give either `redirectTo` or `userId`.")),
        }
    }
}

/// DTMF keys.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Dtmf {
    /// One or more of 0-9, *, #, A-D.
    pub digits: String,
}

impl Dtmf {
    /// The keys to pass to the module.
    ///
    /// # Errors
    /// 422 if they are invalid.
    pub fn argument(&self, _seen: &Seen) -> Result<String> {
        let is_key = |c: char| c.is_ascii_digit() || matches!(c, '*' | '#' | 'A'..='D');
        if (1..=64).contains(&self.digits.len()) && self.digits.chars().all(is_key) {
            return Ok(self.digits.clone());
        }
        Err(Error::invalid("digits", "Enter 1 to 64 of 0-9, *, # and A-D."))
    }
}
