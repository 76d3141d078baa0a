//! Splits several numbers in one field.

use super::clean::clean;

/// With fewer digits beside a comma, semicolon or slash, it is an area code or an extension, not a number.
const FEWEST: usize = 6;
/// Maximum number of digits in E.164: more are several numbers.
pub(super) const MOST: usize = 15;

/// The numbers in a text, each as written, in order; labels before them stay (`Work: 020 7946 0000`).
///
/// Numbers are separated by line breaks, `|`, `:::`, words such as `or`, a second plus, and by commas, semicolons and
/// slashes with a whole number on both sides: `030/901820` is one number, and so is `+4930901820,,12` with its
/// extension.
#[must_use]
pub fn several(text: &str) -> Vec<String> {
    let text = clean(text);
    let mut found: Vec<String> = Vec::new();
    for part in certain_parts(&text) {
        let mut pieces = uncertain_parts(&part);
        if let [only] = pieces.as_slice() {
            pieces = by_blanks(only);
        }
        found.extend(pieces);
    }
    let trimmed =
        found.iter().map(|number| number.trim_matches(|c: char| c.is_whitespace() || ",;/|&".contains(c)));
    trimmed.filter(|number| !number.is_empty()).map(str::to_owned).collect()
}

/// Splits where one number certainly ends.
fn certain_parts(text: &str) -> Vec<String> {
    const WORDS: [&str; 14] =
        ["or", "and", "oder", "und", "ou", "et", "o", "e", "y", "и", "или", "та", "або", "&"];
    let mut parts = Vec::new();
    for line in text.split(['\n', '|']).flat_map(|line| line.split(":::")) {
        let mut part = String::new();
        for word in line.split_inclusive(' ') {
            if digits(&part) >= FEWEST && WORDS.contains(&word.trim().to_lowercase().as_str()) {
                parts.push(std::mem::take(&mut part));
            } else {
                part.push_str(word);
            }
        }
        parts.push(part);
    }
    parts.iter().flat_map(|part| before_each_plus(part)).collect()
}

/// Splits before each plus, except in parameters (`;phone-context=+49`).
fn before_each_plus(text: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    for c in text.chars() {
        if c == '+' && digits(&part) >= FEWEST && !part.ends_with('=') && !is_address(&part) {
            part.truncate(part.trim_end_matches(['(', ' ']).len());
            parts.push(std::mem::take(&mut part));
        }
        part.push(c);
    }
    parts.push(part);
    for part in &mut parts {
        if part.ends_with(')') && !part.contains('(') {
            part.pop();
        }
    }
    parts
}

/// Splits at commas, semicolons and slashes with a whole number on both sides.
fn uncertain_parts(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut rest) = (Vec::new(), String::new(), text);
    loop {
        let (piece, behind) = rest.split_at(separator(rest).unwrap_or(rest.len()));
        part.push_str(piece);
        let Some(sign) = behind.chars().next() else { break };
        rest = &behind[sign.len_utf8()..];
        let right = &rest[..separator(rest).unwrap_or(rest.len())];
        let ends = match sign {
            '/' => slash_separates(&part, right),
            _ => digits(&part) >= FEWEST && digits(right) >= FEWEST && !is_parameter(right),
        };
        if ends {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(sign);
        }
    }
    parts.push(part);
    parts
}

/// The position of the next comma, semicolon or slash outside `"…"` and `<…>`.
fn separator(text: &str) -> Option<usize> {
    let (mut quoted, mut depth) = (false, 0_u32);
    text.char_indices().find_map(|(place, c)| {
        match c {
            '"' => quoted = !quoted,
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' | ';' | '/' if !quoted && depth == 0 => return Some(place),
            _ => {}
        }
        None
    })
}

/// Whether a slash separates two numbers: not in `030/901820`, but between two whole numbers.
fn slash_separates(left: &str, right: &str) -> bool {
    let begins_anew = right.trim_start().starts_with(['+', '0', '(']);
    let area_code = match left.trim_start() {
        left if left.starts_with('+') => 8,
        left if left.starts_with("00") => 10,
        left if left.starts_with('0') => 6,
        _ => FEWEST - 1,
    };
    digits(right) >= FEWEST
        && digits(left) >= FEWEST
        && (begins_anew || digits(left) > area_code || digits(left) + digits(right) > MOST)
}

/// Whether it is a parameter such as `phone-context=+49`, after the semicolon of an address.
fn is_parameter(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    text.contains('=') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_address(text: &str) -> bool {
    text.contains(['<', '@']) || ["sip:", "sips:", "tel:"].iter().any(|scheme| text.contains(scheme))
}

/// Whole numbers separated by spaces alone; together they are too long for one.
fn by_blanks(number: &str) -> Vec<String> {
    let tokens: Vec<&str> = number.split_whitespace().collect();
    let whole = |token: &&str| digits(token) > FEWEST && token.starts_with('0');
    if tokens.len() > 1 && digits(number) > MOST && tokens.iter().all(whole) {
        return tokens.into_iter().map(str::to_owned).collect();
    }
    vec![number.to_owned()]
}

pub(super) fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_split() {
        let two = ["+49 30 901820", "0178 1234567"];
        for between in [
            ", ", ",", "; ", ";", " / ", "/", " ::: ", "\n", "\r\n", " or ", " oder ", "|", " | ", " и ",
            "，", "、", " & ", "\u{2028}",
        ] {
            assert_eq!(several(&two.join(between)), two, "{between:?}");
        }
        assert_eq!(several("+49 30 901820 +49 178 1234567"), ["+49 30 901820", "+49 178 1234567"]);
        assert_eq!(several("+49 30 901820 (+49 178 1234567)"), ["+49 30 901820", "+49 178 1234567"]);
        assert_eq!(several("030901820 01781234567"), ["030901820", "01781234567"]);
        assert_eq!(several("650-253-0000/650-253-0001"), ["650-253-0000", "650-253-0001"]);
        assert_eq!(several("(650) 253-0000 / (650) 253-0001"), ["(650) 253-0000", "(650) 253-0001"]);
        assert_eq!(several("a: 030 901820; b: 030 901821; c: 030 901822").len(), 3);
        assert_eq!(
            several("Work: 020 7946 0000, Home: 020 7946 0001"),
            ["Work: 020 7946 0000", "Home: 020 7946 0001"]
        );
        assert_eq!(several("<sip:+4930901820@gw>, <sip:+4930901821@gw;user=phone>").len(), 2);
    }

    #[test]
    fn one_number_stays_one() {
        for number in [
            "+49 30 901820",
            "030/901820",
            "030 / 90 18 20",
            "0049 4542/901820",
            "+49 (4542)/901820",
            "033056/812345",
            "(650) 253-0000",
            "+44 (0)20 7946 0000",
            "+4930901820,,12",
            "+4930901820,12",
            "+4930901820;ext=12",
            "sip:+4930901820;npdi;rn=+4930901800@gw.example",
            "tel:901820;phone-context=+4930",
            "\"Desk 3, 030 901821\" <sip:+4930901820@192.0.2.20;user=phone>",
            "0 15 11 96123 4567",
            "8 (495) 123-45-67 доб. 12",
            "101",
            "*43",
        ] {
            assert_eq!(several(number), [number], "{number:?}");
        }
        assert_eq!(several(" \u{a0} "), [""; 0]);
        assert_eq!(several(" , ; "), [""; 0]);
        assert_eq!(several("020 7946 0000;"), ["020 7946 0000"]);
    }
}
