//! Whether a text mentions somebody: by a number in any spelling, an email address, or a name that stands alone.

use hookswitch_model::phone;
use serde::{Deserialize, Serialize};

use crate::clients::search_terms::{digits, folded};

/// Shorter numbers do not identify anybody: half of all texts contain them.
const MIN_DIGITS: usize = 6;
/// Characters that occur between the digits of a number.
const SEPARATORS: [char; 7] = [' ', '-', '(', ')', '.', '/', '\u{a0}'];

/// What identifies somebody.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mentions {
    /// The digits of numbers, with the calling code; other digits before them are a prefix.
    numbers: Vec<String>,
    /// Folded.
    emails: Vec<String>,
    /// Folded.
    names: Vec<String>,
}

impl Mentions {
    /// Adds a number, in E.164 if it is valid.
    pub(super) fn number(&mut self, number: &str, e164: Option<&str>) {
        let with_code = digits(e164.unwrap_or(number));
        let national = e164.map(phone::national).unwrap_or_default();
        for digits in [with_code, national] {
            if digits.len() >= MIN_DIGITS && !self.numbers.contains(&digits) {
                self.numbers.push(digits);
            }
        }
    }

    pub(super) fn email(&mut self, address: &str) {
        self.emails.push(folded(address));
    }

    pub(super) fn name(&mut self, name: &str) {
        let name = folded(name.trim());
        if !name.is_empty() && !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Whether a text contains one of the numbers: digits with separators, possibly with a prefix before and another
    /// number after.
    pub(super) fn in_text(&self, text: &str) -> bool {
        let is_part = |c: char| c.is_ascii_digit() || SEPARATORS.contains(&c);
        !self.numbers.is_empty() && text.split(|c| !is_part(c)).any(|part| self.is_number(part))
    }

    fn is_number(&self, part: &str) -> bool {
        let mut said = String::new();
        part.split(SEPARATORS).any(|group| {
            said.push_str(group);
            !group.is_empty() && self.numbers.iter().any(|number| said.ends_with(number.as_str()))
        })
    }

    /// Whether a short text, as in the audit trail, is one of the names, or contains a number or an address.
    pub(super) fn in_words(&self, text: &str) -> bool {
        let folded = folded(text.trim());
        self.names.contains(&folded)
            || self.emails.iter().any(|address| folded.contains(address.as_str()))
            || self.in_text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(number: &str) -> Mentions {
        let mut mentions = Mentions::default();
        mentions.number(number, Some(number));
        mentions
    }

    #[test]
    fn a_number_is_found_in_every_spelling() {
        let london = of("+442079461234");
        for text in [
            r#"{"from":"+442079461234","to":"101"}"#,
            "from=%2B442079461234&to=101",
            "sip:442079461234@pbx.example",
            "020 7946 1234",
            "+44 (0)20 7946-1234 rang",
            "0044.20.79461234",
            "9,02079461234",
            "020 7946 1234 101",
        ] {
            assert!(london.in_text(text), "{text}");
        }
        for text in ["", "2079461235", "20794612345", "101", "at 10:20:79, 46 of 1234"] {
            assert!(!london.in_text(text), "{text}");
        }
    }

    #[test]
    fn a_short_number_identifies_nobody() {
        assert!(!of("101").in_text("101"));
    }

    #[test]
    fn a_name_is_found_if_it_stands_alone() {
        let mut mentions = Mentions::default();
        mentions.name(" Zoë Smith ");
        mentions.email("Zoe@Example.org");
        assert!(mentions.in_words("zoe smith"));
        assert!(mentions.in_words("a@b.example, zoe@example.org"));
        assert!(!mentions.in_words("Zoë Smithers"));
        assert!(!Mentions::default().in_words(""));
    }
}
