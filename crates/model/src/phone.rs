//! Phone numbers: many spellings, one E.164; and callers who have none.
//!
//! The rules of the world's numbering plans come from `rlibphonenumber`. Its lighter regex engine keeps them small in
//! memory and slow to apply (tens of microseconds), so the texts met last are remembered: the events of one call all
//! carry the same ones.

mod address;
mod clean;
mod country;
mod extension;
mod nobodys;
mod old;
mod readings;
mod several;
mod shown;
#[cfg(test)]
mod tests;
mod withheld;

use std::convert::Infallible;
use std::sync::LazyLock;

use quick_cache::sync::Cache;

pub use clean::clean;
pub use country::{Country, UnknownCountry};
pub use nobodys::nobodys;
pub use old::{caller, spellings, twin};
pub use readings::Written;
pub use several::several;
pub use shown::{Shown, masked, national, shown};

/// How many texts are remembered: more than there are calls at one time, in about a megabyte.
const REMEMBERED: usize = 4096;
/// Nothing longer is a phone number.
const MAX_LENGTH: usize = 250;

/// What a text says of a phone number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Read {
    /// What it may be in E.164 (`+` and digits), the likeliest first. Empty where it is an internal number or no valid
    /// number of any country.
    pub readings: Vec<String>,
    /// The extension behind the number.
    pub extension: Option<String>,
    /// Whether it says that the caller withholds the number (`anonymous`, `000000`, `sip:unavailable@192.0.2.20`). Such a
    /// caller is nobody: two of them are not the same.
    pub withheld: bool,
    /// Whether it has several numbers; then it has no reading.
    pub several: bool,
}

/// Reads a text that has a phone number: as dialled, in E.164, as a SIP or tel address, with an extension, with typeset
/// blanks and dashes. `country` is where it is dialled, `written` how whoever sends it writes numbers.
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

/// The likeliest number of a text in E.164 (`+` and digits), for one that may be written in any way; none where it is an
/// internal number or no valid number of any country. See [`read`].
#[must_use]
pub fn e164(number: &str, country: Option<Country>) -> Option<String> {
    read(number, country, Written::Both).readings.into_iter().next()
}

/// Whether a text says that the caller withholds the number; see [`Read::withheld`].
#[must_use]
pub fn is_withheld(text: &str) -> bool {
    read(text, None, Written::Both).withheld
}

/// Whether it is an internal number (an extension), which is left alone.
#[must_use]
pub fn is_internal(number: &str) -> bool {
    (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}
