//! Masks secrets in text that is shown.
//!
//! A script can write a secret in countless ways (backwards, letter by letter), so anyone who may run one can get at
//! it. This prevents accidents and the simple ways: a secret as it is, in another case, as part of a URL, a form, JSON,
//! hexadecimal or base64, and its beginning where a message was cut.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Number, Value};
use url::form_urlencoded;

use super::registry::Active;
use super::sample_signature::hex;
use crate::error::{Error, Result};
use crate::requests::script_request::Received;

/// Shorter strings are not secrets, and occur everywhere.
const SECRET_BYTES: usize = 4;
/// Shorter words of a header, such as `Bearer`, are not credentials.
const WORD_BYTES: usize = 8;
/// After this many bytes of a secret, the text is hidden for as long as it matches.
const HEAD_BYTES: usize = 16;
/// Where text was cut, this many bytes of a secret are hidden, too.
const CUT_BYTES: usize = 6;
/// The characters escaped by JavaScript's `encodeURIComponent`.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Strings and their replacements.
pub struct Masks {
    of: AhoCorasick,
    known: Vec<Known>,
}

/// The string a pattern is part of.
struct Known {
    with: String,
    /// How the string continues after the pattern; the continuation is optional.
    more: String,
    /// Matches only where the text was cut.
    is_begin: bool,
}

impl Masks {
    /// Replaces secrets, however they are written, with one string, and other strings with others.
    ///
    /// # Errors
    /// If there are too many of them.
    pub fn new(
        secrets: impl IntoIterator<Item = String>,
        with: &str,
        others: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let (mut patterns, mut known) = (Vec::new(), Vec::new());
        let secrets = secrets.into_iter().filter(|secret| secret.len() >= SECRET_BYTES);
        let spelled: BTreeSet<String> =
            secrets.flat_map(|secret| spellings(&secret).into_iter().chain(disguises(&secret))).collect();
        for spelled in spelled.iter().filter(|spelled| spelled.len() >= SECRET_BYTES) {
            let head = spelled.floor_char_boundary(HEAD_BYTES);
            let begins = (CUT_BYTES..head).filter(|end| spelled.is_char_boundary(*end));
            for begin in begins {
                patterns.push(spelled[..begin].to_owned());
                known.push(Known { with: with.to_owned(), more: String::new(), is_begin: true });
            }
            patterns.push(spelled[..head].to_owned());
            known.push(Known { with: with.to_owned(), more: spelled[head..].to_owned(), is_begin: false });
        }
        for (other, with) in others {
            for spelled in spellings(&other) {
                patterns.push(spelled);
                known.push(Known { with: with.clone(), more: String::new(), is_begin: false });
            }
        }
        let of = AhoCorasick::new(patterns).map_err(Error::internal)?;
        Ok(Self { of, known })
    }

    /// Replaces the matches in a text; overlapping ones count as one.
    #[must_use]
    pub fn masked(&self, text: &str) -> String {
        let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
        for (place, with) in self.found(text) {
            if place.start >= at {
                masked.push_str(&text[at..place.start]);
                masked.push_str(with);
            }
            at = at.max(place.end);
        }
        masked.push_str(&text[at..]);
        masked
    }

    fn found(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let place = |hit: aho_corasick::Match| {
            let known = &self.known[hit.pattern().as_usize()];
            let behind = &text[hit.end()..];
            let counts = !known.is_begin || behind.is_empty() || behind.starts_with(['…', '"', '\\']);
            counts.then(|| (hit.start()..hit.end() + common(behind, &known.more), known.with.as_str()))
        };
        let mut found: Vec<_> = self.of.find_overlapping_iter(text).filter_map(place).collect();
        found.sort_by_key(|(place, _)| (place.start, Reverse(place.end)));
        found
    }
}

/// The length of the common prefix of two strings, in bytes.
fn common(one: &str, other: &str) -> usize {
    one.floor_char_boundary(one.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count())
}

/// A value with its strings, numbers and names changed.
pub fn changed(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Number(number) => {
            let text = change(&number.to_string());
            text.parse::<Number>().map_or(Value::String(text), Value::Number)
        }
        Value::Array(items) => items.into_iter().map(|item| changed(item, change)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (change(&name), changed(value, change)))
            .collect::<Map<_, _>>()
            .into(),
        value => value,
    }
}

/// The credentials of a module and of a request to it: the webhook's token, values of secret settings and of headers
/// that are stored encrypted.
pub(crate) fn secrets_of(active: &Active, request: &Received) -> Vec<String> {
    let mut secrets = vec![active.module.webhook_token.clone(), request.address.token().into_owned()];
    for (_, value) in active.values.iter().filter(|(name, _)| active.is_secret(name)) {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        // Keys are written on several lines and joined without the breaks.
        secrets.extend(text.lines().filter(|line| line.len() >= WORD_BYTES).map(str::to_owned));
        secrets.push(text);
    }
    let headers = request.secret_headers.values().filter_map(Value::as_str);
    secrets.extend(headers.flat_map(of_header));
    secrets
}

/// The credentials in a header: all of it, each of its words, and the content of `Basic`.
pub(crate) fn of_header(value: &str) -> Vec<String> {
    let words = value.split([' ', ';', ',', '=', '"']).filter(|word| word.len() >= WORD_BYTES);
    let mut secrets: Vec<_> = std::iter::once(value).chain(words).map(str::to_owned).collect();
    let basic = value.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let decoded = basic.and_then(|(_, rest)| STANDARD.decode(rest.trim()).ok());
    if let Some(decoded) = decoded.and_then(|decoded| String::from_utf8(decoded).ok()) {
        secrets.extend(decoded.split_once(':').map(|(_, password)| password.to_owned()));
        secrets.push(decoded);
    }
    secrets
}

/// A string as it is, in a URL, in a form and in JSON as written by this and other languages.
fn spellings(text: &str) -> BTreeSet<String> {
    let json = Value::from(text).to_string();
    let json = &json[1..json.len() - 1];
    let ascii = escaped(json, |c| !c.is_ascii());
    let careful = escaped(json, |c| !c.is_ascii() || "+'&<>".contains(c));
    let mut spellings = BTreeSet::from([
        text.to_owned(),
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(text, COMPONENT).to_string(),
        form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        json.to_owned(),
        json.replace('/', "\\/"),
    ]);
    for json in [ascii, careful].into_iter().flatten() {
        spellings.insert(json.replace('/', "\\/"));
        spellings.insert(json);
    }
    spellings
}

/// JSON with some characters as `\u` and four digits, in lower and upper case.
fn escaped(json: &str, which: impl Fn(char) -> bool) -> [String; 2] {
    let write = |units: fn(u16) -> String| {
        let one = |c: char| match which(c) {
            true => c.encode_utf16(&mut [0; 2]).iter().map(|unit| units(*unit)).collect(),
            false => c.to_string(),
        };
        json.chars().map(one).collect()
    };
    [write(|unit| format!("\\u{unit:04x}")), write(|unit| format!("\\u{unit:04X}"))]
}

/// Other ways to write a secret.
fn disguises(text: &str) -> Vec<String> {
    let digits = hex::encode(text.as_bytes());
    let escaped = text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let mut disguises: Vec<_> = spellings(text).iter().map(|spelled| spelled.to_lowercase()).collect();
    disguises.extend([text.to_uppercase(), digits.to_uppercase(), digits, escaped.to_uppercase(), escaped]);
    disguises.extend((0..3).flat_map(|before| in_base64(text, before)));
    disguises
}

/// The part of its base64 that depends on the string alone, if this many bytes of a group precede it.
fn in_base64(text: &str, before: usize) -> [String; 2] {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(text.as_bytes());
    let mixed = [0, 2, 3][before];
    let whole = bytes.len() * 8 / 6;
    [STANDARD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)].map(|encoded| encoded[mixed..whole].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(secrets: &[&str], text: &str) -> String {
        let masks = Masks::new(secrets.iter().map(|secret| (*secret).to_owned()), "*", []);
        masks.expect("few").masked(text)
    }

    #[test]
    fn a_secret_is_hidden_however_it_is_written() {
        let secret = "s3cret/key of ours+äß";
        for spelled in spellings(secret).into_iter().chain(disguises(secret)) {
            assert_eq!(masked(&[secret], &format!("<{spelled}>")), "<*>", "{spelled}");
        }
        for before in ["", "a", "ab", "abc", "user:"] {
            let text = format!("{before}{secret}{before}");
            for text in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let left = masked(&[secret], &text);
                let shown = left.replace('*', "");
                assert!(left.contains('*') && shown.len() <= text.len() - secret.len(), "{before}: {left}");
            }
        }
    }

    #[test]
    fn overlapping_secrets_are_one_and_cut_ones_match_by_prefix() {
        assert_eq!(masked(&["abcdef", "cdefghij", "abc"], "xabcdefghijx abc"), "x*x abc");
        assert_eq!(masked(&["abcdefghij"], "\"abcdefgh…, abcdefg and abcdefghi"), "\"*…, abcdefg and *");
        let long = "0123456789abcdefghijklmnopqrstuvwxyz";
        assert_eq!(masked(&[long], "0123456789abcdefghijkl and so on"), "* and so on");
        assert_eq!(masked(&["abc"], "abc"), "abc", "it occurs everywhere");
    }

    #[test]
    fn names_and_numbers_of_a_value_are_changed_as_well() {
        let masks = Masks::new(["1234567".to_owned()], "*", []).expect("few");
        let value = serde_json::json!({ "1234567": [1_234_567, { "a": "1234567" }, 8.5, null] });
        let expected = serde_json::json!({ "*": ["*", { "a": "*" }, 8.5, null] });
        assert_eq!(changed(value, &|text| masks.masked(text)), expected);
    }

    #[test]
    fn a_header_yields_its_words_and_the_content_of_basic() {
        assert_eq!(of_header("Bearer abcdefgh"), ["Bearer abcdefgh", "abcdefgh"]);
        let basic = of_header("Basic YW5uOnBhc3N3b3Jk");
        assert_eq!(basic, ["Basic YW5uOnBhc3N3b3Jk", "YW5uOnBhc3N3b3Jk", "password", "ann:password"]);
        assert_eq!(of_header("id=12345678; a=b"), ["id=12345678; a=b", "12345678"]);
    }
}
