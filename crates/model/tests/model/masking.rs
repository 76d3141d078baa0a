//! However a number is written, masking leaves at most its last two digits.

use hookswitch_model::masking::{hide_numbers, without_numbers};
use proptest::prelude::*;

/// How a text may be escaped.
#[derive(Debug, Clone, Copy)]
enum Escape {
    Plain,
    Separators,
    Everything,
    Twice,
    Json,
    Html,
}

fn escaped(text: &str, escape: Escape) -> String {
    let percent = |c: char| {
        let mut bytes = [0; 4];
        c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()
    };
    let each = |of: &dyn Fn(char) -> String| text.chars().map(of).collect::<String>();
    match escape {
        Escape::Plain => text.to_owned(),
        Escape::Separators => each(&|c| if c.is_ascii_digit() { c.into() } else { percent(c) }),
        Escape::Everything => each(&percent),
        Escape::Twice => escaped(text, Escape::Separators).replace('%', "%25"),
        Escape::Json => each(&|c| format!("\\u{:04x}", u32::from(c))),
        Escape::Html => each(&|c| format!("&#{};", u32::from(c))),
    }
}

fn spelling() -> impl Strategy<Value = String> {
    let between = prop::sample::select(vec![
        "", "", "", " ", "-", ") ", " (", ".", "/", "\u{a0}", "\u{2011}", "\u{2060}",
    ]);
    let digit = (0..10u8).prop_map(|digit| digit.to_string());
    let first = prop::sample::select(vec!["", "+", "00", "("]);
    (first, prop::collection::vec((digit, between), 7..16)).prop_map(|(first, digits)| {
        let digits: String =
            digits.into_iter().flat_map(|(digit, between)| [digit, between.to_owned()]).collect();
        format!("{first}{digits}")
    })
}

fn escape() -> impl Strategy<Value = Escape> {
    use Escape::{Everything, Html, Json, Plain, Separators, Twice};
    prop::sample::select(vec![Plain, Separators, Everything, Twice, Json, Html])
}

proptest! {
    #[test]
    fn a_number_never_shows(number in spelling(), escape in escape(), before in "[a-z :\"]{0,8}", after in "[a-z \"}]{0,8}") {
        let text = format!("{before}{}{after}", escaped(&number, escape));
        let hidden = hide_numbers(&text, &[]);
        let left = hidden.rsplit('•').next().unwrap_or_default();
        prop_assert!(hidden.contains('•'), "{text}: {hidden}");
        let read = left.chars().take_while(|c| *c == ' ' || c.is_ascii_digit()).filter(char::is_ascii_digit).count();
        prop_assert!(read <= 2, "{text}: {hidden}");
        prop_assert_eq!(hide_numbers(&hidden, &[]), hidden.clone(), "masking is idempotent");
        let without = without_numbers(&text, &[]);
        prop_assert_eq!(hide_numbers(&without, &[]), without.as_str());
    }

    #[test]
    fn any_text_is_accepted(text in any::<String>(), known in any::<String>()) {
        let _ = (hide_numbers(&text, &[&known]), without_numbers(&text, &[&known]));
    }

    #[test]
    fn broken_escapes_are_accepted(text in "[%\\\\u&#;x0-9a-fA-F]{0,40}") {
        let _ = hide_numbers(&text, &["+4930901820"]);
    }
}
