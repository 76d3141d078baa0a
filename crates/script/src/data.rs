//! Plain data at the border between Rust and a script.
//!
//! Arguments and results are `serde_json::Value`, which says what `JSON.stringify` would. JSON has no bytes, so an
//! `ArrayBuffer` or typed array crosses as `{ "$bytes": "<standard base64>" }`, in both directions.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// The key that marks bytes.
pub(crate) const MARKER: &str = "$bytes";

/// Bytes as border data; the script gets an `ArrayBuffer`.
pub fn bytes(content: &[u8]) -> Value {
    json!({ MARKER: STANDARD.encode(content) })
}

/// The bytes, where the value is such a marker.
pub fn as_bytes(value: &Value) -> Option<Vec<u8>> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    STANDARD.decode(object.get(MARKER)?.as_str()?).ok()
}

/// Reads the JSON text a script gave. Unpaired surrogates, which Rust strings cannot hold, become U+FFFD.
pub(crate) fn parse(json: &str) -> serde_json::Result<Value> {
    serde_json::from_str(json).or_else(|error| match replace_lone_surrogates(json) {
        Some(cleaned) => serde_json::from_str(&cleaned),
        None => Err(error),
    })
}

/// `JSON.stringify` escapes a surrogate only when it stands alone, so every `\uD800`–`\uDFFF` escape is one to replace.
fn replace_lone_surrogates(json: &str) -> Option<String> {
    let mut cleaned = String::with_capacity(json.len());
    let mut rest = json;
    let mut found = false;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        cleaned.push_str(before);
        let is_surrogate = escape.len() >= 6
            && escape.as_bytes()[1] == b'u'
            && matches!(escape.as_bytes()[2], b'd' | b'D')
            && matches!(escape.as_bytes()[3], b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F');
        let length = if is_surrogate { 6 } else { 2.min(escape.len()) };
        cleaned.push_str(if is_surrogate { "\u{FFFD}" } else { &escape[..length] });
        found |= is_surrogate;
        rest = &escape[length..];
    }
    cleaned.push_str(rest);
    found.then_some(cleaned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        assert_eq!(as_bytes(&bytes(&[0, 255, 7])), Some(vec![0, 255, 7]));
        assert_eq!(as_bytes(&json!({ "$bytes": "AA==", "more": 1 })), None);
        assert_eq!(as_bytes(&json!("AA==")), None);
    }

    #[test]
    fn lone_surrogates_are_replaced_and_escaped_backslashes_are_left_alone() {
        assert_eq!(parse(r#""a\ud83db""#).unwrap(), json!("a\u{FFFD}b"));
        assert_eq!(parse(r#"["\\ud83d", "\ud83d"]"#).unwrap(), json!(["\\ud83d", "\u{FFFD}"]));
        assert!(parse("{").is_err());
    }
}
