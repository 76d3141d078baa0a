//! Replaces email addresses in a request.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use regex_lite::Regex;

#[expect(clippy::unwrap_used, reason = "the pattern is valid: the test uses it")]
static ADDRESS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"[^\s@<>"'(),;:=&?/\\\[\]{}|]+@(?:[\w-]+\.)+[A-Za-z]{2,}"#).unwrap());

/// Maximum number of replaced addresses.
const MOST: usize = 1000;

/// Each address in the texts with its replacement: the same one for the same address, ignoring case. A number at a
/// host, as in SIP, is not an address.
pub fn exchanged<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<(String, String)> {
    let (mut known, mut exchanged): (HashMap<String, usize>, BTreeMap<String, String>) = Default::default();
    for text in texts {
        for found in ADDRESS.find_iter(text) {
            let address = found.as_str();
            let before =
                &text[text.floor_char_boundary(found.start().saturating_sub("sips:".len()))..found.start()];
            let before = before.to_ascii_lowercase();
            let of_telephone = before.ends_with("sip:") || before.ends_with("sips:");
            let is_number = address.split('@').next().is_some_and(|name| !name.contains(char::is_alphabetic));
            if of_telephone || is_number || exchanged.len() >= MOST || exchanged.contains_key(address) {
                continue;
            }
            let next = known.len() + 1;
            let number = known.entry(address.to_lowercase()).or_insert(next);
            exchanged.insert(address.to_owned(), format!("somebody{number}@example.com"));
        }
    }
    exchanged.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_address_becomes_the_same_one() {
        let texts = [
            "Ann <Ann.O+x@mail.example.org>, zoe@example.co.uk.",
            "ann.o+x@mail.example.org",
            "mailto:zoé@x.org",
        ];
        let expected = [
            ("Ann.O+x@mail.example.org", "somebody1@example.com"),
            ("ann.o+x@mail.example.org", "somebody1@example.com"),
            ("zoe@example.co.uk", "somebody2@example.com"),
            ("zoé@x.org", "somebody3@example.com"),
        ];
        let exchanged = exchanged(texts.into_iter());
        let found: Vec<_> =
            exchanged.iter().map(|(address, with)| (address.as_str(), with.as_str())).collect();
        assert_eq!(found, expected);
        let none = [
            "sip:ann@pbx.example.org",
            "101@pbx.example.org",
            "+14045558514@x.org",
            "a@b",
            "@x.org",
            "ann@192.0.2.1",
        ];
        assert_eq!(super::exchanged(none.into_iter()), []);
    }
}
