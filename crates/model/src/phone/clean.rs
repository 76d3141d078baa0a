//! Normalizes the characters of a number to ASCII.

use rlibphonenumber::PHONE_NUMBER_UTIL;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// The text with plain spaces, digits, pluses and dashes, and without invisible characters.
///
/// Numbers come from web pages, spreadsheets and chats with narrow spaces, direction marks, full-width digits and
/// typographic dashes. Line breaks stay: they separate numbers.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            ' '..='~' | '\n' => cleaned.push(c),
            _ => cleaned.push_str(&plain(c)),
        }
    }
    cleaned.trim().to_owned()
}

/// What a character outside printable ASCII stands for.
fn plain(c: char) -> String {
    let same = match c {
        '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '\n',
        '\u{207a}' | '\u{208a}' | '\u{fe62}' | '\u{2795}' => '+',
        // Minus signs, a bullet and the prolonged sound mark, typed for a dash.
        '\u{2043}' | '\u{207b}' | '\u{208b}' | '\u{2212}' | '\u{2796}' | '\u{30fc}' | '\u{ff70}' => '-',
        '\u{60c}' | '\u{3001}' | '\u{fe50}' | '\u{ff64}' => ',',
        '\u{61b}' | '\u{fe54}' => ';',
        '\u{2044}' | '\u{2215}' => '/',
        // The full-width forms of ASCII.
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c if c.is_whitespace() || c == '\u{2800}' || c == '\u{3164}' => ' ',
        c => match c.general_category() {
            GeneralCategory::DashPunctuation => '-',
            GeneralCategory::Format | GeneralCategory::Control => return String::new(),
            // Variation selectors, and the box around an emoji digit.
            _ if c.general_category_group() == GeneralCategoryGroup::Mark => return String::new(),
            _ if c.is_numeric() => {
                return PHONE_NUMBER_UTIL.normalize_digits_only(c.encode_utf8(&mut [0; 4]));
            }
            _ => c,
        },
    };
    same.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_characters_are_what_they_look_like() {
        for blank in ['\u{a0}', '\u{1680}', '\u{2002}', '\u{2009}', '\u{202f}', '\u{205f}', '\u{3000}', '\t']
        {
            assert_eq!(clean(&format!("{blank}+49{blank}30{blank}")), "+49 30", "{blank:?}");
        }
        for unseen in [
            '\u{ad}',
            '\u{200b}',
            '\u{200e}',
            '\u{202a}',
            '\u{202c}',
            '\u{2060}',
            '\u{2066}',
            '\u{feff}',
            '\u{fe0d}',
            '\u{e0100}',
            '\u{20e3}',
            '\0',
            '\u{180e}',
        ] {
            assert_eq!(clean(&format!("{unseen}+49{unseen}30{unseen}")), "+4930", "{unseen:?}");
        }
        for dash in [
            '\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2015}', '\u{2212}', '\u{fe63}', '\u{ff0d}',
            '\u{30fc}',
        ] {
            assert_eq!(clean(&format!("30{dash}90")), "30-90", "{dash:?}");
        }
        assert_eq!(clean("＋４９（０３０）９０１８２０"), "+49(030)901820");
        assert_eq!(clean("٠٣٠ ۱۲۳ १२३ 𝟏𝟐"), "030 123 123 12");
        assert_eq!(clean("1\u{fe0f}\u{20e3}2\u{fe0f}\u{20e3}"), "12");
        assert_eq!(clean(" a\r\nb\u{2028}c "), "a\n\nb\nc");
        assert_eq!(clean("Доб. 12"), "Доб. 12");
    }
}
