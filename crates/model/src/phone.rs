//! Phone numbers: many spellings, one E.164 form; and callers without a number.
//!
//! The numbering plans come from `rlibphonenumber`. Its lighter regex engine is small in memory and slow (tens of
//! microseconds per number), so recently read strings are cached: all events of a call carry the same ones.

mod address;
mod clean;
mod country;
mod extension;
mod old;
mod readings;
mod several;
mod shown;
#[cfg(test)]
mod tests;
mod unassigned;
mod withheld;

use std::convert::Infallible;
use std::sync::LazyLock;

use quick_cache::sync::Cache;

pub use clean::clean;
pub use country::{Country, UnknownCountry};
pub use old::{caller, spellings, twin};
pub use readings::Written;
pub use several::several;
pub use shown::{Shown, masked, national, shown};
pub use unassigned::unassigned;

/// Cache size: more strings than there are calls at one time, in about a megabyte.
const REMEMBERED: usize = 4096;
/// Longest string that can be a phone number.
const MAX_LENGTH: usize = 250;

/// What a string says about a phone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// The possible numbers in E.164 (`+` and digits), the likeliest first. Empty for an internal number or one that is
    /// valid in no country.
    pub readings: Vec<String>,
    /// The extension following the number.
    pub extension: Option<String>,
    /// Whether the caller withholds the number (`anonymous`, `000000`, `sip:unavailable@192.0.2.20`). Two such callers
    /// are never the same.
    pub withheld: bool,
    /// Whether the string has several numbers; there are no readings then.
    pub several: bool,
}

/// Reads a string with a phone number: as dialled, in E.164, as a SIP or tel address, with an extension, with
/// typographic spaces and dashes. `country` is where it is dialled, `written` how the sender writes numbers.
#[must_use]
pub fn read(text: &str, country: Option<Country>, written: Written) -> Read {
    type Asked = (Option<Country>, Written, String);
    static KNOWN: LazyLock<Cache<Asked, Read>> = LazyLock::new(|| Cache::new(REMEMBERED));
    let text = text.trim();
    if text.len() > MAX_LENGTH {
        return Read::default();
    }
    let key = (country, written, text.to_owned());
    let Ok(known) = KNOWN.get_or_insert_with(&key, || Ok::<_, Infallible>(read_anew(text, country, written)));
    known
}

fn read_anew(text: &str, country: Option<Country>, written: Written) -> Read {
    let text = clean(text);
    let address = address::address(&text);
    if address.anonymous {
        return Read { withheld: true, ..Read::default() };
    }
    if several(&text).len() > 1 {
        return Read { several: true, ..Read::default() };
    }
    let (number, extension) = extension::split(&address.user);
    let extension = address.extension.clone().or(extension);
    let mut readings =
        if is_internal(number) { Vec::new() } else { readings::readings(number, country, written) };
    readings.retain(|reading| reading != withheld::UNAVAILABLE);
    let withheld = readings.is_empty() && withheld::stands_for_nobody(number);
    Read { readings, extension: extension.filter(|_| !withheld), withheld, several: false }
}

/// The likeliest number in a string as E.164 (`+` and digits), whichever way it is written; `None` for an internal
/// number or one that is valid in no country. See [`read`].
#[must_use]
pub fn e164(number: &str, country: Option<Country>) -> Option<String> {
    read(number, country, Written::Both).readings.into_iter().next()
}

/// Whether a string says that the caller withholds the number; see [`Read::withheld`].
#[must_use]
pub fn is_withheld(text: &str) -> bool {
    read(text, None, Written::Both).withheld
}

/// Whether it is an internal number (an extension), which is left unchanged.
#[must_use]
pub fn is_internal(number: &str) -> bool {
    (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}
