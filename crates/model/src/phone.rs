//! Phone numbers: many spellings, one E.164.
//!
//! The rules of the world's numbering plans come from `rlibphonenumber`. Its lighter regex engine keeps them small in
//! memory and slow to apply (tens of microseconds), so the numbers met last are remembered: the events of one call all
//! carry the same ones.

mod clean;
mod several;

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use quick_cache::sync::Cache;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};
use thiserror::Error;

pub use clean::clean;
pub use several::several;

/// A country, as ISO 3166-1 alpha-2, that has a numbering plan.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(Region);

/// Not a country.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is no country; give the two letters of ISO 3166, such as \"GB\" or \"DE\"")]
pub struct UnknownCountry(String);

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The library's type has a value for every two letters; only some of them have a numbering plan.
        let region = Region::from_code(text).ok().filter(|region| *region != Region::World);
        let country =
            region.filter(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(*region).is_some());
        country.map(Self).ok_or_else(|| UnknownCountry(text.to_owned()))
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What was found out about a number, by number.
type Known<K, V> = LazyLock<Cache<K, V>>;

/// How many numbers are remembered: more than there are calls at one time, in about half a megabyte.
const REMEMBERED: usize = 4096;
/// Nothing longer is a phone number.
const MAX_LENGTH: usize = 250;

/// The number in E.164 (`+` and digits); none where it is an internal number or no valid number of any country.
///
/// Read as dialled in `country`, and where that is not valid, as an international number that lost its plus, as many
/// providers send it (`442079460000`, `00442079460000`). `sip:` addresses and trailing extensions are understood.
#[must_use]
pub fn e164(number: &str, country: Option<Country>) -> Option<String> {
    static KNOWN: Known<(Option<Country>, String), Option<String>> = LazyLock::new(|| Cache::new(REMEMBERED));
    let number = user_part(number.trim());
    if number.len() > MAX_LENGTH || is_internal(number) {
        return None;
    }
    let key = (country, number.to_owned());
    let read = || Ok::<_, Infallible>(valid(number, country).or_else(|| valid(&with_plus(number)?, None)));
    let Ok(known) = KNOWN.get_or_insert_with(&key, read);
    known
}

fn valid(number: &str, country: Option<Country>) -> Option<String> {
    let parsed = PHONE_NUMBER_UTIL.parse(number, country.map(|country| country.0)).ok()?;
    parsed.is_valid().then(|| parsed.format_as(PhoneNumberFormat::E164).into_owned())
}

/// `sip:+442079460000@pbx.example` without what is around the number.
fn user_part(number: &str) -> &str {
    let number = number.strip_prefix("sips:").or_else(|| number.strip_prefix("sip:")).unwrap_or(number);
    number.split_once('@').map_or(number, |(user, _)| user)
}

/// The number with the plus it may have lost; none where it cannot have: it has another sign before its digits, or too
/// few of them, so that a local number without its area code is not taken for one of a small island.
fn with_plus(number: &str) -> Option<String> {
    let international = number.strip_prefix("00").unwrap_or(number);
    let digits = international.bytes().filter(u8::is_ascii_digit).count();
    let begins_with_digit = international.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    (begins_with_digit && digits >= 9).then(|| format!("+{international}"))
}

/// A number as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The number as people write it.
    pub formatted: String,
    /// Where it is; none of a number that is no country's (+800, satellites).
    pub country: Option<Country>,
}

/// How people are shown a number in E.164.
#[must_use]
pub fn shown(e164: &str) -> Shown {
    static KNOWN: Known<String, Shown> = LazyLock::new(|| Cache::new(REMEMBERED));
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

/// The digits of a number in E.164 without its country's code: as it is dialled at home, after any trunk prefix.
#[must_use]
pub fn national(e164: &str) -> String {
    PHONE_NUMBER_UTIL
        .parse(e164, None)
        .map_or_else(|_| String::new(), |parsed| parsed.get_national_significant_number())
}

/// A number as it is shown to whom it is hidden from: its last two digits, to tell calls apart.
#[must_use]
pub fn masked(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    // Of a short number two digits would give away too much.
    let shown = if digits.len() > 6 { &digits[digits.len() - 2..] } else { &[] };
    format!("\u{2022}\u{2022}\u{2022} {}", shown.iter().collect::<String>()).trim_end().to_owned()
}

/// Whether it is an internal number (an extension), which is left alone.
#[must_use]
pub fn is_internal(number: &str) -> bool {
    (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn country(code: &str) -> Country {
        code.parse().expect("a country")
    }

    #[test]
    fn every_spelling_of_a_number_is_the_same_number() {
        let spellings: &[(&str, &str, &[&str])] = &[
            (
                "GB",
                "+442079460000",
                &[
                    "+44 20 7946 0000",
                    "+44 (0)20 7946 0000",
                    "020 7946 0000",
                    "2079460000",
                    "442079460000",
                    "00442079460000",
                    "0044 20 7946 0000",
                    "tel:+44-20-7946-0000",
                    "sip:+442079460000@pbx.example",
                    "sip:442079460000@pbx.example;user=phone",
                    "+442079460000@10.0.0.1",
                    "020 7946 0000 ext. 12",
                    "+442079460000;ext=12",
                    " +442079460000 ",
                ],
            ),
            (
                "DE",
                "+4930901820",
                &["030 901820", "(030) 90 18 20", "4930901820", "004930901820", "030/901820"],
            ),
            (
                "RU",
                "+74951234567",
                &[
                    "8 (495) 123-45-67",
                    "84951234567",
                    "74951234567",
                    "4951234567",
                    "+7 495 123-45-67 доб. 12",
                ],
            ),
            ("RU", "+442079460000", &["810442079460000", "442079460000", "00442079460000", "+442079460000"]),
            ("KZ", "+77272580000", &["8 727 258 0000", "87272580000", "77272580000", "7272580000"]),
            ("US", "+16502530000", &["(650) 253-0000", "6502530000", "16502530000", "1-650-253-0000"]),
            ("US", "+18003569377", &["1-800-FLOWERS", "800 FLOWERS"]),
            ("US", "+442079460000", &["011442079460000", "00442079460000", "442079460000"]),
            ("FR", "+33142685300", &["01 42 68 53 00", "0142685300", "33142685300", "0033142685300"]),
            ("IN", "+919876543210", &["09876543210", "9876543210", "919876543210"]),
            (
                "BR",
                "+5511961234567",
                &["(11) 96123-4567", "011 96123-4567", "0 15 11 96123 4567", "5511961234567"],
            ),
            ("IT", "+390612345678", &["06 1234 5678", "390612345678"]),
            ("AR", "+5491123456789", &["011 15 2345 6789", "+54 9 11 2345 6789", "5491123456789"]),
        ];
        for (code, expected, spellings) in spellings {
            for spelling in *spellings {
                let read = e164(spelling, Some(country(code)));
                assert_eq!(read.as_deref(), Some(*expected), "{spelling:?} in {code}");
            }
        }
    }

    #[test]
    fn without_a_country_only_international_numbers_are_known() {
        for number in ["+74951234567", "74951234567", "0074951234567", "sip:+74951234567@pbx"] {
            assert_eq!(e164(number, None).as_deref(), Some("+74951234567"), "{number:?}");
        }
        assert_eq!(e164("020 7946 0000", None), None);
    }

    #[test]
    fn what_is_no_number_stays_none() {
        let texts = [
            "",
            " ",
            "+",
            "00",
            "anonymous",
            "Anonymous",
            "unknown",
            "restricted",
            "Unavailable",
            "private",
            "101",
            "123456",
            "112",
            "sip:101@pbx",
            "*43",
            "#31#",
            "+999123456789",
            "0xd2dc00a30027c9d5",
            "442079460000442079460000",
            "+442079460000+442079460000",
        ];
        let long = "1".repeat(100_000);
        for text in texts.into_iter().chain([long.as_str()]) {
            for code in ["GB", "RU", "US"] {
                assert_eq!(e164(text, Some(country(code))), None, "{text:?} in {code}");
            }
        }
        // Local, without its area code: not +683 4123 in Niue.
        assert_eq!(e164("6834123", Some(country("US"))), None);
    }

    #[test]
    fn the_reading_in_the_country_comes_first() {
        // With a plus before it, this would be a number in Vietnam.
        assert_eq!(e164("84951234567", Some(country("RU"))).as_deref(), Some("+74951234567"));
        assert_eq!(e164("84951234567", Some(country("GB"))).as_deref(), Some("+84951234567"));
    }

    #[test]
    fn numbers_are_shown_as_people_write_them_and_with_their_country() {
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

    #[test]
    fn internal_numbers_are_short_and_all_digits() {
        for number in ["1", "101", "4000", "123456"] {
            assert!(is_internal(number), "{number}");
        }
        for number in ["", "1234567", "+101", "10a", "*43", "10 1"] {
            assert!(!is_internal(number), "{number}");
        }
    }

    #[test]
    fn a_country_is_two_letters_that_have_numbers() {
        assert_eq!(country("GB").to_string(), "GB");
        assert_eq!(country("de"), country("DE"));
        for text in ["", "G", "GBR", "UK", "XX", "Germany", "001", "ÄÖ"] {
            let error = text.parse::<Country>().expect_err(text).to_string();
            assert!(error.contains(&format!("\"{text}\" is no country")), "{error}");
        }
    }
}
