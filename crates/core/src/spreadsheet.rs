//! Text for spreadsheet files.

/// Makes sure that a spreadsheet treats a string as text. What callers and operators write could start a formula; an
/// apostrophe before it prevents that. A number in E.164 is harmless and stays unchanged.
#[must_use]
pub fn plain(text: String) -> String {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if text.starts_with(FORMULA) && !is_number { format!("'{text}") } else { text }
}

/// Reverses [`plain`].
#[must_use]
pub(crate) fn read_back(text: &str) -> &str {
    let text_behind = text.strip_prefix('\'').filter(|text| text.starts_with(FORMULA));
    text_behind.unwrap_or(text)
}

/// The characters that start a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        for text in ["=1+1", "+1+1", "-1", "@x", "\t=1", "\r=1", "+"] {
            assert_eq!(plain(text.to_owned()), format!("'{text}"));
            assert_eq!(read_back(&plain(text.to_owned())), text);
        }
        for text in ["", "+442079460000", "101", "Ann (101); Bob (102)", "a=1", "'Twas"] {
            assert_eq!(plain(text.to_owned()), text);
            assert_eq!(read_back(text), text);
        }
    }
}
