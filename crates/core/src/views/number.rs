//! Clients' numbers, shown or hidden.

use hookswitch_model::masking::hide_numbers;
use hookswitch_model::phone::{self, Written};
use hookswitch_store::{ClientPhone, Role};
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::Catalog;
use crate::error::Error;

/// A client's phone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Phone {
    /// The number's label.
    pub label: Option<String>,
    /// The number as typed; empty if it is hidden.
    pub number: String,
    /// The number in E.164, if it is valid and not hidden.
    pub e164: Option<String>,
    /// The extension following it, unless hidden.
    pub extension: Option<String>,
    /// The number, formatted, with its extension; if hidden, its last two digits.
    pub formatted: String,
    /// ISO 3166-1 alpha-2: the country of the number in E.164.
    pub country: Option<String>,
    /// Whether it is hidden from the requesting user.
    pub hidden: bool,
}

impl Phone {
    /// The number for a user who may see it, or for one who may not.
    #[must_use]
    pub fn new(phone: &ClientPhone, hidden: bool) -> Self {
        let label = phone.label.clone();
        if hidden {
            let formatted = phone::masked(phone.e164.as_deref().unwrap_or(&phone.number));
            return Self {
                label,
                number: String::new(),
                e164: None,
                extension: None,
                formatted,
                country: None,
                hidden,
            };
        }
        let shown = phone.e164.as_deref().map(phone::shown);
        let extension = extension(phone);
        Self {
            label,
            number: phone.number.clone(),
            e164: phone.e164.clone(),
            country: shown.as_ref().and_then(|shown| shown.country).map(|country| country.to_string()),
            formatted: match (shown, &extension) {
                (Some(shown), Some(extension)) => format!("{} ext. {extension}", shown.formatted),
                (Some(shown), None) => shown.formatted,
                (None, _) => phone.number.clone(),
            },
            extension,
            hidden,
        }
    }
}

/// Hides numbers in text from a provider or a module, for users who may not see clients' numbers.
#[derive(Debug, Clone, Copy)]
pub struct Mask<'a> {
    hides: bool,
    /// A number that the text may contain in part.
    known: Option<&'a str>,
}

impl<'a> Mask<'a> {
    /// The mask for users with a role.
    #[must_use]
    pub fn of(catalog: &Catalog, role: Role) -> Self {
        Self { hides: catalog.settings.get().hides_numbers(role), known: None }
    }

    /// The same for text about a certain number.
    #[must_use]
    pub(crate) const fn knowing(self, number: Option<&'a str>) -> Self {
        Self { known: number, ..self }
    }

    #[must_use]
    pub const fn hides(self) -> bool {
        self.hides
    }

    /// Hides the numbers in a text.
    #[must_use]
    pub fn text(self, text: String) -> String {
        if self.hides { hide_numbers(&text, self.known.as_slice()).into_owned() } else { text }
    }

    /// Whether a text may be shown unchanged.
    #[must_use]
    pub fn shows(self, text: &str) -> bool {
        !self.hides || hide_numbers(text, self.known.as_slice()) == text
    }

    /// Hides the numbers in an error.
    #[must_use]
    pub fn error(self, error: Error) -> Error {
        if self.hides { error.map_texts(|text| self.text(text)) } else { error }
    }
}

/// The extension following a client's number, as typed.
#[must_use]
pub fn extension(phone: &ClientPhone) -> Option<String> {
    phone.e164.as_ref()?;
    phone::read(&phone.number, None, Written::Both).extension
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_are_left_of_a_hidden_number() {
        let phone = ClientPhone {
            label: Some("Mobile".into()),
            number: "020 7946 0023".into(),
            e164: Some("+442079460023".into()),
        };
        let hidden = Phone::new(&phone, true);
        assert_eq!((hidden.formatted.as_str(), hidden.number.as_str()), ("••• 23", ""));
        assert_eq!((hidden.e164, hidden.country, hidden.hidden), (None, None, true));
        let shown = Phone::new(&phone, false);
        assert_eq!((shown.formatted.as_str(), shown.country.as_deref()), ("+44 20 7946 0023", Some("GB")));
    }
}
