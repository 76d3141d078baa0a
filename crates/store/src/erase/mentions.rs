//! Whether a text mentions somebody: by a number in whatever spelling, an e-mail address, or a name that stands alone.

use hookswitch_model::phone;
use serde::{Deserialize, Serialize};

use crate::clients::search_terms::{digits, folded};

/// Fewer digits than these are not a telephone number of somebody: half of all texts would have them.
const MIN_DIGITS: usize = 6;
/// What people put between the digits of a number.
const SEPARATORS: [char; 7] = [' ', '-', '(', ')', '.', '/', '\u{a0}'];

/// What somebody is known by.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mentions {
    /// Numbers' digits: with the country's code, and what may come before them is a prefix.
    numbers: Vec<String>,
    /// E-mail addresses, folded.
    emails: Vec<String>,
    /// Names, folded.
    names: Vec<String>,
}

impl Mentions {
    /// Adds a number, in E.164 where it is one.
    pub(super) fn number(&mut self, number: &str, e164: Option<&str>) {
        let with_code = digits(e164.unwrap_or(number));
        let national = e164.map(phone::national).unwrap_or_default();
        for digits in [with_code, national] {
            if digits.len() >= MIN_DIGITS && !self.numbers.contains(&digits) {
                self.numbers.push(digits);
            }
        }
    }

    /// Adds an e-mail address.
    pub(super) fn email(&mut self, address: &str) {
        self.emails.push(folded(address));
    }

    /// Adds a name.
    pub(super) fn name(&mut self, name: &str) {
        let name = folded(name.trim());
        if !name.is_empty() && !self.names.contains(&name) {
            self.names.push(name);
        }
    }

    /// Whether a text has one of the numbers: digits with what people put between them, perhaps with a prefix before and
    /// another number behind.
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

    /// Whether a text of few words, as the audit trail has them, is one of the names, or has a number or an address.
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
    fn a_short_number_is_nobodys() {
        assert!(!of("101").in_text("101"));
    }

    #[test]
    fn a_name_is_found_where_it_is_all_that_is_said() {
        let mut mentions = Mentions::default();
        mentions.name(" Zoë Smith ");
        mentions.email("Zoe@Example.org");
        assert!(mentions.in_words("zoe smith"));
        assert!(mentions.in_words("a@b.example, zoe@example.org"));
        assert!(!mentions.in_words("Zoë Smithers"));
        assert!(!Mentions::default().in_words(""));
    }
}
