//! Hides phone numbers in texts that a provider, a module or a caller wrote: errors, ids, names.
//!
//! There is one rule for all of them. Digits with nothing but what people and programs write between the digits of a number
//! belong together, however they are escaped; from seven digits on they are taken for a number, and from four on where they
//! are a part of a number that is known. Rather a date is hidden than a number is shown.

use std::borrow::Cow;
use std::ops::Range;

use crate::phone::masked;

/// So many digits are a number, whoever's it is.
const NUMBER_DIGITS: usize = 7;
/// So many digits of a known number give it away.
const PART_DIGITS: usize = 4;
/// Most visible signs between two digits of a number, as in `+49 (30) / 90 18 20`.
const MAX_GAP: usize = 3;
/// How often an escape may itself be escaped.
const MAX_ESCAPED: usize = 3;

/// The text with its numbers masked; `known` are numbers that it may hold in part.
#[must_use]
pub fn hide_numbers<'a>(text: &'a str, known: &[&str]) -> Cow<'a, str> {
    replace_numbers(text, known, masked)
}

/// The text with its numbers taken out, and the brackets and separators that were around them.
#[must_use]
pub fn without_numbers(text: &str, known: &[&str]) -> String {
    let mut rest = replace_numbers(text, known, |_| String::new()).into_owned();
    for empty in ["()", "[]", "<>"] {
        rest = rest.replace(empty, " ");
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    words.join(" ").trim_matches([' ', '-', '–', ',', ';', ':', '/', '|']).to_owned()
}

/// The digits of a text in its order, however they are escaped.
#[must_use]
pub fn digits_in(text: &str) -> String {
    signs(text).iter().filter_map(|sign| digit(sign.c)).collect()
}

/// The digits of each number that a text may hold, as it is written: with a plus where one stands before them.
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

/// The text with digits put in the place of others, however they are written: everything between them stays. `exchange` gets
/// the digits that belong together, and may change them, but not how many they are.
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
    // Whatever stands for a digit, even escaped, has a digit in it.
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
    // A number in its own country begins with zeros that it has not abroad.
    let part = run.trim_start_matches('0');
    run.len() >= NUMBER_DIGITS
        || (part.len() >= PART_DIGITS && known.iter().any(|number| number.contains(part)))
}

fn digits(text: &str) -> String {
    text.chars().filter_map(digit).collect()
}

/// A digit of any script as one of ASCII; `?` for those of rare ones, which are not part of anything known.
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
    /// Where they stand, with the signs that belong to the number before and between them.
    span: Range<usize>,
    /// The digits alone.
    digits: String,
    /// Where each of them stands.
    places: Vec<Range<usize>>,
    /// Brackets closed between the digits, less those opened.
    closed: i32,
    /// Where the bracket stands that is opened right before them.
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
    // Brackets closed since the last digit, less those opened.
    let mut closed = 0;
    // Visible signs since the last digit; none where the next digit begins a run.
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

/// Whether a sign may stand between two digits of a number.
fn joins(c: char) -> bool {
    (c.is_whitespace() && !matches!(c, '\n' | '\r'))
        || matches!(c, '+' | '-' | '(' | ')' | '[' | ']' | '.' | '/' | '\\' | '_' | '*' | '~' | '\'' | '·')
        || matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' | '\u{ff0b}')
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

/// A sign of a text without its escapes, and the bytes of the text that it stands for.
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

/// The signs with the escapes of URLs, JSON and HTML read once.
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

/// `%2B`, and the several of these that make one sign of UTF-8; gives how many signs were taken.
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
    fn what_is_no_number_stays() {
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
    fn a_name_is_left_without_the_number_in_it() {
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
