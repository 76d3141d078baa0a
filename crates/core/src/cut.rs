//! Shortens foreign text for the log: on one line, and no longer than needed to recognize it.

use std::fmt::{self, Display, Write};

/// Characters of a name or another short text.
pub const TEXT: usize = 100;
/// Characters of an error, which may repeat user input.
pub const ERROR: usize = 1000;

/// Shows the first `most` characters of `value`, control characters escaped.
pub fn cut<T: Display>(value: T, most: usize) -> Cut<T> {
    Cut { value, most }
}

/// See [`cut`].
#[derive(Debug, Clone, Copy)]
pub struct Cut<T> {
    value: T,
    most: usize,
}

impl<T: Display> Display for Cut<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = Shown { f, left: self.most, more: 0 };
        write!(shown, "{}", self.value)?;
        let more = shown.more;
        if more > 0 { write!(f, "… ({more} more characters)") } else { Ok(()) }
    }
}

struct Shown<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    left: usize,
    more: usize,
}

impl Write for Shown<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            if self.left == 0 {
                self.more += 1;
                continue;
            }
            self.left -= 1;
            if c.is_control() { write!(self.f, "{}", c.escape_default())? } else { self.f.write_char(c)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_and_stays_on_its_line() {
        assert_eq!(cut("Ann", 3).to_string(), "Ann");
        assert_eq!(cut("Änne", 3).to_string(), "Änn… (1 more characters)");
        assert_eq!(cut("a\nb\u{1b}[31m", 100).to_string(), "a\\nb\\u{1b}[31m");
        assert_eq!(
            cut("x".repeat(1 << 20), TEXT).to_string().len(),
            100 + "… (1048476 more characters)".len()
        );
    }
}
