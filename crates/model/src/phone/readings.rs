//! The possible meanings of a number without its country.

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat};
use serde::{Deserialize, Serialize};

use super::Country;
use super::old::renewed;
use super::several::{MOST, digits};

/// How somebody writes numbers without a plus. It decides which of two valid readings is likelier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// With the calling code, with or without a plus.
    E164,
    /// As dialled in the module's country.
    National,
    /// Either: with the calling code of the module's own country, else as dialled there, else international.
    #[default]
    Both,
}

impl Written {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::E164 => "e164",
            Self::National => "national",
            Self::Both => "both",
        }
    }
}

/// With fewer digits and no plus, it is more likely a local number without its area code than one of a small island.
const FEWEST_INTERNATIONAL: usize = 9;

/// The possible numbers in E.164, the likeliest first. The input must be clean, without an extension, and not internal.
pub(super) fn readings(number: &str, country: Option<Country>, written: Written) -> Vec<String> {
    let number = begun(number);
    if number.starts_with('+') {
        return valid(&number, None).into_iter().collect();
    }
    let international = with_plus(&number).and_then(|number| valid(&number, None));
    let dialled = country.and_then(|country| valid(&number, Some(country)));
    let code = country.and_then(|country| PHONE_NUMBER_UTIL.get_country_code_for_region(country.0));
    let is_own = code.is_some_and(|code| number.starts_with(&code.to_string()));
    let is_long = digits(&number) >= FEWEST_INTERNATIONAL;
    let (first, second) = match written {
        Written::E164 => (international, dialled),
        Written::Both if is_own => (international, dialled),
        Written::Both | Written::National => (dialled, international.filter(|_| is_long || is_own)),
    };
    let second = second.filter(|second| first.as_ref() != Some(second));
    first.into_iter().chain(second).collect()
}

/// The number in E.164, if it is valid or was in a former numbering plan.
fn valid(number: &str, country: Option<Country>) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL.parse(number, country.map(|country| country.0)).ok()?;
    let parsed = if parsed.is_valid() { parsed } else { of_today(&parsed)? };
    Some(parsed.format_as(PhoneNumberFormat::E164).into_owned())
}

fn of_today(old: &PhoneNumber) -> Option<PhoneNumber> {
    let code = old.country_code;
    let national = renewed(code, &old.get_national_significant_number())?;
    PHONE_NUMBER_UTIL.parse(format!("+{code}{national}"), None).ok().filter(PhoneNumber::is_valid)
}

/// Reduces several international prefixes to one plus (`+0049`, `00+49`, `++49`), and drops the plus where there cannot
/// be one (`+030 901820`).
fn begun(number: &str) -> String {
    let rest = number.trim_start_matches(['+', '0', ' ']);
    let before = &number[..number.len() - rest.len()];
    match (before.contains('+'), before.matches('0').count()) {
        (true, 0 | 2..) => format!("+{rest}"),
        (true, 1) => format!("0{rest}"),
        (false, _) => number.to_owned(),
    }
}

/// A number without a plus as an international one; `None` if it cannot be one because it starts with another character
/// or has too many digits.
fn with_plus(number: &str) -> Option<String> {
    let international = number.strip_prefix("00").unwrap_or(number).trim_start();
    let begins_with_digit = international.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    (begins_with_digit && digits(international) <= MOST).then(|| format!("+{international}"))
}
