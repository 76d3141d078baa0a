//! Files for spreadsheets.

/// A text that a spreadsheet takes for nothing but a text. What callers and operators write could begin a formula; with an
/// apostrophe before it, it does not. A number in E.164 is harmless and stays as it is.
#[must_use]
pub fn plain(text: String) -> String {
    let digits = text.strip_prefix('+').unwrap_or_default();
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_becomes_a_formula() {
        for text in ["=1+1", "+1+1", "-1", "@x", "\t=1", "\r=1", "+"] {
            assert_eq!(plain(text.to_owned()), format!("'{text}"));
        }
        for text in ["", "+442079460000", "101", "Ann (101); Bob (102)", "a=1"] {
            assert_eq!(plain(text.to_owned()), text);
        }
    }
}
