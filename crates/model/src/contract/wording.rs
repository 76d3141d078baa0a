//! Rewords serde's errors for script authors.

use std::fmt::Display;

use super::ContractError;

/// Longer values are cut in messages.
const MAX_SHOWN: usize = 80;

/// The error from reading `function`'s result, with the path of the flaw.
pub(super) fn in_plain_words<E: Display>(
    function: &str,
    error: serde_path_to_error::Error<E>,
) -> ContractError {
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    let (field, problem) = match message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'))
    {
        Some((field, _)) => (Some(field), "missing".to_owned()),
        None => (None, problem(message)),
    };
    let path = match (path.as_str(), field) {
        (".", Some(field)) => field.to_owned(),
        (".", None) => function.to_owned(),
        (path, Some(field)) => format!("{path}.{field}"),
        (path, None) => path.to_owned(),
    };
    // An item of a list has no name of its own.
    let path = if path.starts_with('[') { format!("{function}{path}") } else { path };
    ContractError { path, problem }
}

/// Rewords a serde error about a value.
pub(super) fn problem(message: String) -> String {
    wrong_type(&message).unwrap_or(message)
}

/// Rewords `invalid type: string "abc", expected f64` and similar errors.
fn wrong_type(message: &str) -> Option<String> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let expected = match expected {
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "u16" => "a whole number from 0 to 65535",
        other if other.starts_with("struct ") => "an object",
        other => other,
    };
    Some(format!("must be {expected}, not {}", found_in_words(found)))
}

fn found_in_words(found: &str) -> String {
    match found {
        "map" => "an object".to_owned(),
        "sequence" => "a list".to_owned(),
        "null" | "unit value" => "null".to_owned(),
        _ => {
            let value = found.split_once(' ').map_or(found, |(kind, value)| {
                if kind == "floating" { value.trim_start_matches("point ") } else { value }
            });
            shown(value.trim_matches('`'))
        }
    }
}

/// A value for a message, cut if it is long.
pub(super) fn shown(value: &str) -> String {
    match value.char_indices().nth(MAX_SHOWN) {
        Some((cut, _)) => format!("{}…", &value[..cut]),
        None => value.to_owned(),
    }
}

/// `"a", "b" or "c"`.
pub(super) fn choice(texts: &[&str]) -> String {
    let quoted: Vec<_> = texts.iter().map(|text| format!("\"{text}\"")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}
