//! How numbers are shown to people.

use std::convert::Infallible;
use std::sync::LazyLock;

use quick_cache::sync::Cache;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::{Country, REMEMBERED};

/// A number as shown to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The number in the usual notation.
    pub formatted: String,
    /// Its country; `None` for a number without one (+800, satellites).
    pub country: Option<Country>,
}

/// Formats a number in E.164 for people.
#[must_use]
pub fn shown(e164: &str) -> Shown {
    static KNOWN: LazyLock<Cache<String, Shown>> = LazyLock::new(|| Cache::new(REMEMBERED));
    let read = || {
        Ok::<_, Infallible>(PHONE_NUMBER_UTIL.parse(e164, None).map_or_else(
            |_| Shown { formatted: e164.to_owned(), country: None },
            |parsed| Shown {
                formatted: parsed.format_as(PhoneNumberFormat::International).into_owned(),
                country: parsed.get_region_code().filter(|region| *region != Region::World).map(Country),
            },
        ))
    };
    let Ok(known) = KNOWN.get_or_insert_with(e164, read);
    known
}

/// The digits of a number in E.164 without the calling code: as dialled at home, after any trunk prefix.
#[must_use]
pub fn national(e164: &str) -> String {
    PHONE_NUMBER_UTIL
        .parse(e164, None)
        .map_or_else(|_| String::new(), |parsed| parsed.get_national_significant_number())
}

/// A hidden number as shown: its last two digits, to tell calls apart.
#[must_use]
pub fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    // Two digits of a short number would give away too much.
    let shown = if digits.len() > 6 { &digits[digits.len() - 2..] } else { &[] };
    format!("\u{2022}\u{2022}\u{2022} {}", shown.iter().collect::<String>()).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_formatted_with_their_country() {
        for (e164, formatted, country) in [
            ("+442079460000", "+44 20 7946 0000", Some("GB")),
            ("+441534000000", "+44 1534 000000", Some("JE")),
            ("+74951234567", "+7 495 123-45-67", Some("RU")),
            ("+77272580000", "+7 7272 58 00 00", Some("KZ")),
            ("+16502530000", "+1 650-253-0000", Some("US")),
            ("+33142685300", "+33 1 42 68 53 00", Some("FR")),
            ("+80012345678", "+800 1234 5678", None),
            ("101", "101", None),
            ("anonymous", "anonymous", None),
        ] {
            let shown = shown(e164);
            let said = shown.country.map(|country| country.to_string());
            assert_eq!((shown.formatted.as_str(), said.as_deref()), (formatted, country), "{e164}");
        }
    }
}
