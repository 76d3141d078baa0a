//! Phone numbers.

/// A country, as ISO 3166-1 alpha-2.
pub type Country = phonenumber::country::Id;

/// The number in E.164 (`+` and digits); none where it is no valid number of any country.
#[must_use]
pub fn e164(number: &str, country: Option<Country>) -> Option<String> {
    let parsed = phonenumber::parse(country, number).ok()?;
    phonenumber::is_valid(&parsed).then(|| parsed.format().mode(phonenumber::Mode::E164).to_string())
}

/// The number as people read it, from E.164.
#[must_use]
pub fn international(e164: &str) -> String {
    phonenumber::parse(None, e164).map_or_else(
        |_| e164.to_owned(),
        |parsed| parsed.format().mode(phonenumber::Mode::International).to_string(),
    )
}

/// Whether it is an internal number (an extension), which is left alone.
#[must_use]
pub fn is_internal(number: &str) -> bool {
    (1..=6).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}
