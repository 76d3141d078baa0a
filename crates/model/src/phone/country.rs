//! Countries, by their numbering plans.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};
use thiserror::Error;

/// A country with a numbering plan, by its ISO 3166-1 alpha-2 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country(pub(super) Region);

/// The error for a code that is not a country.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not a country; use the two-letter ISO 3166 code, e.g. \"GB\" or \"DE\"")]
pub struct UnknownCountry(String);

impl FromStr for Country {
    type Err = UnknownCountry;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The library's type has a value for every two letters; only some have a numbering plan.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters_that_have_numbers() {
        let country = |code: &str| code.parse::<Country>().expect("a country");
        assert_eq!(country("GB").to_string(), "GB");
        assert_eq!(country("de"), country("DE"));
        for text in ["", "G", "GBR", "UK", "XX", "Germany", "001", "ÄÖ"] {
            let error = text.parse::<Country>().expect_err(text).to_string();
            assert!(error.contains(&format!("\"{text}\" is not a country")), "{error}");
        }
    }
}
