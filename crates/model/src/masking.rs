//! Hides phone numbers in text written by a provider, a module or a caller: errors, ids, names.
//!
//! One rule covers everything. Digits separated only by what people and programs write within a number belong together,
//! however they are escaped. Seven or more digits count as a number; four or more do if they are part of a known
//! number. It is better to hide a date than to show a number.

use std::borrow::Cow;
use std::ops::Range;

use crate::phone::masked;

/// From this many digits on, it is a number.
const NUMBER_DIGITS: usize = 7;
/// From this many digits on, part of a known number gives it away.
const PART_DIGITS: usize = 4;
/// Maximum number of visible characters between two digits of a number, as in `+49 (30) / 90 18 20`.
const MAX_GAP: usize = 3;
/// How often an escape may itself be escaped.
const MAX_ESCAPED: usize = 3;

/// Masks the numbers in a text; `known` are numbers it may contain in part.
#[must_use]
pub fn hide_numbers<'a>(text: &'a str, known: &[&str]) -> Cow<'a, str> {
    replace_numbers(text, known, masked)
}

/// Removes the numbers from a text, with the brackets and separators around them.
#[must_use]
pub fn without_numbers(text: &str, known: &[&str]) -> String {
    let mut rest = replace_numbers(text, known, |_| String::new()).into_owned();
    for empty in ["()", "[]", "<>"] {
        rest = rest.replace(empty, " ");
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    words.join(" ").trim_matches([' ', '-', '–', ',', ';', ':', '/', '|']).to_owned()
}

/// The digits of a text in order, however they are escaped.
#[must_use]
pub fn digits_in(text: &str) -> String {
    signs(text).iter().filter_map(|sign| digit(sign.c)).collect()
}

/// The digits of each possible number in a text, with a plus if one precedes them.
#[must_use]
pub fn written_numbers(text: &str) -> Vec<String> {
    let signs = signs(text);
    let numbers = runs(&signs).into_iter().filter(|run| run.digits.len() >= NUMBER_DIGITS);
    let written = |Run { places, digits, .. }: Run| {
        let before = signs.iter().rev().find(|sign| sign.end == places[0].start);
        let plus = before.is_some_and(|before| before.c == '+');
        if plus { format!("+{digits}") } else { digits }
    };
    numbers.map(written).collect()
}

/// Replaces the digits of a text, however they are escaped, and leaves everything between them. `exchange` gets the
/// digits that belong together and may change them, but not their count.
#[must_use]
pub fn exchange_digits(text: &str, mut exchange: impl FnMut(&mut [char])) -> String {
    let mut exchanged = String::new();
    let mut done = 0;
    for Run { digits, places, .. } in all_runs(&signs(text)) {
        let before: Vec<char> = digits.chars().collect();
        let mut after = before.clone();
        exchange(&mut after);
        for ((place, before), after) in places.iter().zip(before).zip(after) {
            if before != after {
                exchanged.push_str(&text[done..place.start]);
                exchanged.push(after);
                done = place.end;
            }
        }
    }
    exchanged.push_str(&text[done..]);
    exchanged
}

fn replace_numbers<'a>(text: &'a str, known: &[&str], with: impl Fn(&str) -> String) -> Cow<'a, str> {
    // Whatever stands for a digit, even escaped, contains a digit.
    if text.chars().filter(|c| c.is_numeric()).count() < PART_DIGITS {
        return Cow::Borrowed(text);
    }
    let known: Vec<String> = known.iter().map(|number| digits(number)).collect();
    let mut replaced = String::new();
    let mut done = 0;
    for Run { span, digits, .. } in runs(&signs(text)) {
        if is_number(&digits, &known) {
            replaced.push_str(&text[done..span.start]);
            replaced.push_str(&with(&digits));
            done = span.end;
        }
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    replaced.push_str(&text[done..]);
    Cow::Owned(replaced)
}

fn is_number(run: &str, known: &[String]) -> bool {
    // A national number starts with zeros that the international form does not have.
    let part = run.trim_start_matches('0');
    run.len() >= NUMBER_DIGITS
        || (part.len() >= PART_DIGITS && known.iter().any(|number| number.contains(part)))
}

fn digits(text: &str) -> String {
    text.chars().filter_map(digit).collect()
}

/// A digit of any script as ASCII; `?` for those of rare scripts, which are not part of anything known.
fn digit(c: char) -> Option<char> {
    let zero = match c {
        '0'..='9' => return Some(c),
        '\u{660}'..='\u{669}' => 0x660,
        '\u{6f0}'..='\u{6f9}' => 0x6f0,
        '\u{966}'..='\u{96f}' => 0x966,
        '\u{ff10}'..='\u{ff19}' => 0xff10,
        _ => return c.is_numeric().then_some('?'),
    };
    char::from_digit(u32::from(c) - zero, 10)
}

/// Digits that belong together.
struct Run {
    /// Their position, including the characters of the number before and between them.
    span: Range<usize>,
    /// The digits alone.
    digits: String,
    /// The position of each digit.
    places: Vec<Range<usize>>,
    /// Brackets closed between the digits, minus those opened.
    closed: i32,
    /// The position of a bracket opened right before them.
    opened: Option<usize>,
}

fn runs(signs: &[Sign]) -> Vec<Run> {
    let mut runs = all_runs(signs);
    for run in &mut runs {
        // `(030) 901820`, but not `(030 901820)`.
        if let (1.., Some(opened)) = (run.closed, run.opened) {
            run.span.start = opened;
        }
    }
    runs
}

fn all_runs(signs: &[Sign]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    // Brackets closed since the last digit, minus those opened.
    let mut closed = 0;
    // Visible characters since the last digit; `None` if the next digit begins a run.
    let mut gap: Option<usize> = None;
    for (at, sign) in signs.iter().enumerate() {
        match (digit(sign.c), gap, runs.last_mut()) {
            (Some(digit), Some(0..=MAX_GAP), Some(run)) => {
                run.digits.push(digit);
                run.places.push(sign.start..sign.end);
                run.span.end = sign.end;
                run.closed += closed;
            }
            (Some(digit), ..) => {
                let before = &signs[..at];
                let (before, start) = match before.split_last() {
                    Some((plus, before)) if plus.c == '+' => (before, plus.start),
                    _ => (before, sign.start),
                };
                let opened = before.last().filter(|before| before.c == '(').map(|before| before.start);
                let places = std::iter::once(sign.start..sign.end).collect();
                runs.push(Run { span: start..sign.end, digits: digit.into(), places, closed: 0, opened });
            }
            (None, Some(_), _) if is_invisible(sign.c) => continue,
            (None, Some(signs), _) if joins(sign.c) => {
                gap = Some(signs + 1);
                closed += i32::from(sign.c == ')') - i32::from(sign.c == '(');
                continue;
            }
            _ => {
                gap = None;
                continue;
            }
        }
        (gap, closed) = (Some(0), 0);
    }
    runs
}

/// Whether a character may occur between two digits of a number.
fn joins(c: char) -> bool {
    (c.is_whitespace() && !matches!(c, '\n' | '\r'))
        || matches!(c, '+' | '-' | '(' | ')' | '[' | ']' | '.' | '/' | '\\' | '_' | '*' | '~' | '\'' | '·')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' | '\u{ff0b}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// An unescaped character, and the bytes of the text it stands for.
#[derive(Clone, Copy)]
struct Sign {
    c: char,
    start: usize,
    end: usize,
}

fn signs(text: &str) -> Vec<Sign> {
    let mut signs: Vec<Sign> =
        text.char_indices().map(|(start, c)| Sign { c, start, end: start + c.len_utf8() }).collect();
    for _ in 0..MAX_ESCAPED {
        let read = unescaped(&signs);
        if read.len() == signs.len() {
            break;
        }
        signs = read;
    }
    signs
}

/// Decodes one level of URL, JSON and HTML escapes.
fn unescaped(signs: &[Sign]) -> Vec<Sign> {
    let mut read = Vec::with_capacity(signs.len());
    let mut rest = signs;
    while let Some(first) = rest.first() {
        let taken = match first.c {
            '%' => percent(rest, &mut read),
            '\\' => backslash(rest, &mut read),
            '&' => entity(rest, &mut read),
            _ => 0,
        };
        if taken == 0 {
            read.push(*first);
        }
        rest = &rest[taken.max(1)..];
    }
    read
}

/// Decodes `%2B`, and several of these that form one UTF-8 character; returns how many characters were consumed.
fn percent(signs: &[Sign], read: &mut Vec<Sign>) -> usize {
    let escapes = signs.chunks_exact(3).map_while(|escape| match escape {
        [Sign { c: '%', .. }, high, low] => u8::try_from(hex(&[*high, *low])?).ok(),
        _ => None,
    });
    let bytes: Vec<u8> = escapes.collect();
    let mut at = 0;
    for chunk in bytes.utf8_chunks() {
        let unreadable = chunk.invalid().iter().map(|_| (char::REPLACEMENT_CHARACTER, 1));
        for (c, length) in chunk.valid().chars().map(|c| (c, c.len_utf8())).chain(unreadable) {
            let end = at + length;
            read.push(Sign { c, start: signs[3 * at].start, end: signs[3 * end - 1].end });
            at = end;
        }
    }
    3 * bytes.len()
}

/// `\u002b`, `\x2b`, `\/`.
fn backslash(signs: &[Sign], read: &mut Vec<Sign>) -> usize {
    let (code, length) = match signs.get(1).map(|sign| sign.c) {
        Some('u') => (signs.get(2..6).and_then(hex), 6),
        Some('x') => (signs.get(2..4).and_then(hex), 4),
        Some('n' | 'r') => (Some(u32::from('\n')), 2),
        Some('t') => (Some(u32::from('\t')), 2),
        Some(c @ ('/' | '\\' | '"')) => (Some(u32::from(c)), 2),
        _ => (None, 0),
    };
    push(signs, code, length, read)
}

/// `&#43;`, `&#x2b;`.
fn entity(signs: &[Sign], read: &mut Vec<Sign>) -> usize {
    let Some(length) = signs.iter().take(10).position(|sign| sign.c == ';') else { return 0 };
    let text: String = signs[1..length].iter().map(|sign| sign.c).collect();
    let code = match text.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        },
        None => (text == "nbsp").then_some(u32::from(' ')),
    };
    push(signs, code, length + 1, read)
}

fn push(signs: &[Sign], code: Option<u32>, length: usize, read: &mut Vec<Sign>) -> usize {
    let Some(code) = code else { return 0 };
    let c = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    read.push(Sign { c, start: signs[0].start, end: signs[length - 1].end });
    length
}

fn hex(signs: &[Sign]) -> Option<u32> {
    signs.iter().try_fold(0, |value, sign| Some(16 * value + sign.c.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_hidden_in_every_spelling() {
        for spelling in [
            "+4930901820",
            "+49 30 901820",
            "+49 (0)30 / 90 18 20",
            "0049-30-901820",
            "030.901820",
            "(030) 901820",
            "030\u{a0}90\u{2011}18\u{2009}20",
            "+49\u{200b}30\u{2060}901820",
            "４９３０９０１８２０",
            "٤٩٣٠٩٠١٨٢٠",
            "%2B4930901820",
            "%2b49%2030%C2%A0901820",
            "%252B49%252030901820",
            "%34%39%33%30%39%30%31%38%32%30",
            "49+30+901820",
            r"\u002b49\u002030901820",
            r"\u0034\u0039\u0033\u0030901820",
            r"49\/30\/901820",
            "&#43;49&#32;30&nbsp;901820",
            "901820",
            "0901820",
            "1820",
        ] {
            for (before, after) in
                [("", ""), ("No line to ", "."), ("https://x/", ".wav?a=b"), ("{\"to\":\"", "\"}")]
            {
                let text = format!("{before}{spelling}{after}");
                let hidden = hide_numbers(&text, &["+4930901820"]).into_owned();
                let shown =
                    hidden.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).expect("it");
                assert!(matches!(shown, "••• 20" | "•••"), "{text}: {hidden}");
            }
        }
    }

    #[test]
    fn other_digits_stay() {
        for text in [
            "",
            "The extension 101 is busy.",
            "The members 101, 102, 103 are busy.",
            "The provider answered 502 (line 12).",
            "took longer than 10000 ms",
            "100 %, 50 \\ 3, &amp; more",
            "%E4%F6%FC",
            "connection to 127.0.0.1:8700 refused",
        ] {
            assert_eq!(hide_numbers(text, &["+4930901820"]), text);
        }
    }

    #[test]
    fn digits_are_exchanged_however_they_are_written() {
        let to_ones = |digits: &mut [char]| {
            if digits.ends_with(&['8', '2', '0']) {
                digits.iter_mut().skip(2).for_each(|digit| *digit = '1');
            }
        };
        for (before, after) in [
            ("to=%2B49%2030%20901820&n=5", "to=%2B49%2011%20111111&n=5"),
            (r#"{"to":"+49 (0)30 / 90-18-20"}"#, r#"{"to":"+49 (1)11 / 11-11-11"}"#),
            (r"49\u0033\u0030901820", "4911111111"),
            ("2026-03-02T14:05:09Z, 4930901821", "2026-03-02T14:05:09Z, 4930901821"),
            ("", ""),
        ] {
            assert_eq!(exchange_digits(before, to_ones), after);
        }
        let said = written_numbers("%2B4930901820 called 030 901820 at 12:30, ext. 101");
        assert_eq!(said, ["+4930901820", "030901820"]);
    }

    #[test]
    fn digits_are_read_through_their_escapes() {
        assert_eq!(digits_in("%2B49%2030%20901820"), "4930901820");
    }

    #[test]
    fn a_number_is_removed_from_a_name() {
        for (name, left) in [
            ("Zoe (030 901820)", "Zoe"),
            ("Zoe ((030) 901820)", "Zoe"),
            ("Zoe (+49 (0)30 901820)", "Zoe"),
            ("+49 30 901820 - Zoe Smith", "Zoe Smith"),
            ("Zoe <901820>", "Zoe"),
            ("Area 51", "Area 51"),
            ("030901820", ""),
        ] {
            assert_eq!(without_numbers(name, &["+4930901820"]), left);
        }
    }
}
