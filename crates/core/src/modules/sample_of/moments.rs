//! Dates and times in text: their digits are not phone numbers.

use std::borrow::Cow;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use regex_lite::Regex;

/// 9 September 2001: from then on, epoch seconds have ten digits.
const TEN_DIGITS: i64 = 1_000_000_000;

/// A date, a date with a time, or a time, as written by providers.
#[expect(clippy::unwrap_used, reason = "the pattern is valid: the test uses it")]
static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
    let (year, month, day) = (r"(?:19|20)\d\d", "(?:1[0-2]|0?[1-9])", r"(?:3[01]|[12]\d|0?[1-9])");
    let clock = r"\d{1,2}[:.h-]\d\d(?:[:.m-]\d\d(?:[.,]\d+)?)?";
    let zone = r"(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?";
    let dates = [
        format!("{year}[-/._]{month}[-/._]{day}"),
        format!("{day}[-/.]{month}[-/.]{year}"),
        format!("{month}[-/.]{day}[-/.]{year}"),
    ];
    let dates = dates.join("|");
    let moments = [
        format!(r"{year}(?:1[0-2]|0[1-9])(?:3[01]|[12]\d|0[1-9])[-_T ]?[0-2]\d[0-5]\d[0-5]\d"),
        format!(r"(?:{dates})(?:[T\s_,-]+{clock}{zone})?"),
        format!(r"\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d\d\s+\d{{1,2}}:\d\d(?::\d\d)?{zone}"),
        format!(r"\d{{1,2}}:\d\d(?::\d\d(?:[.,]\d+)?)?{zone}"),
    ];
    Regex::new(&moments.join("|")).unwrap()
});

/// The text without its dates and times; the parts around them no longer belong together.
pub(crate) fn without_moments(text: &str) -> Cow<'_, str> {
    MOMENT.replace_all(text, |found: &regex_lite::Captures<'_>| {
        let Some(moment) = found.get(0) else { return String::new() };
        let before = text[..moment.start()].chars().next_back();
        let after = text[moment.end()..].chars().next();
        let goes_on = before.is_some_and(|c| c.is_ascii_digit() || c == '+')
            || after.is_some_and(|c| c.is_ascii_digit());
        if goes_on { moment.as_str().to_owned() } else { "\n".to_owned() }
    })
}

/// Whether unseparated digits in the text can be a time before the request or shortly after it: epoch seconds,
/// milliseconds or microseconds, or a date.
pub(crate) fn is_moment(digits: &str, text: &str, received_at: DateTime<Utc>) -> bool {
    let latest = (received_at + TimeDelta::days(400)).timestamp();
    let number = digits.parse::<i64>().unwrap_or_default();
    let seconds = match digits.len() {
        10 => number,
        13 => number / 1000,
        16 => number / 1_000_000,
        _ => 0,
    };
    let is_year = |at: DateTime<Utc>| digits.starts_with(&at.format("%Y").to_string());
    let is_date = digits.len() >= 8 && (is_year(received_at) || is_year(received_at - TimeDelta::days(365)));
    is_date || ((TEN_DIGITS..=latest).contains(&seconds) && text.contains(digits))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookswitch_model::masking::written_numbers;

    #[test]
    fn dates_and_times_are_not_numbers() {
        for moment in [
            "2018-02-19 18:41:00",
            "2018-02-19T18:41:00.1234567+02:00",
            "2018-02-19T18:41:00Z",
            "2018/02/19 6:41 PM",
            "2018.02.19",
            "19.02.2018 18:41",
            "02/19/2018 06:41:00 PM",
            "2/19/18 18:41",
            "18:41 19.02.2018",
            "18:41:00.123456+02:00",
            "2018-02-19_18-41-00",
            "20180219184100",
            "20180219-184100",
        ] {
            for (before, after) in
                [("", ""), ("at ", " UTC"), ("/rec_", "_+14045558514.mp3"), ("", " 4045558514")]
            {
                let text = format!("{before}{moment}{after}");
                let numbers = written_numbers(&without_moments(&text));
                let others = numbers.iter().filter(|number| !number.ends_with("4045558514"));
                assert_eq!(others.count(), 0, "{text}: {numbers:?}");
                assert_eq!(numbers.len(), usize::from(after.contains("404")), "{text}");
            }
        }
        for number in [
            "+14045558514",
            "404-555-8514",
            "020 7946 0123",
            "02.10.20.19.55",
            "2018555123",
            "+20 10 12345678",
        ] {
            assert_eq!(written_numbers(&without_moments(number)).len(), 1, "{number}");
        }
    }

    #[test]
    fn digits_may_be_a_moment() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).expect("a moment");
        for digits in ["1519065660", "1519065660123", "1519065660123456", "20260301"] {
            assert!(is_moment(digits, digits, now), "{digits}");
        }
        for digits in ["4045558514", "+1519065660", "15190656601", "9999999999", "20180301"] {
            assert!(!is_moment(digits, digits, now), "{digits}");
        }
        assert!(!is_moment("1519065660", "151-906-5660", now), "it is written like a phone number");
    }
}
