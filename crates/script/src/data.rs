//! Plain data at the border between Rust and a script.
//!
//! Arguments and results are `serde_json::Value`, which says what `JSON.stringify` would. JSON has no bytes, so an
//! `ArrayBuffer` or typed array crosses as an object whose only key begins with [`RESERVED`], a code point that Unicode sets
//! apart for a program's own use. No other key of a result begins with it ([`own_name`]), and of a webhook's request only the
//! bodies are looked at: so neither a sender nor a script makes bytes of what is none.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Levels of objects and lists in what a script returns or stores.
pub const MAX_DEPTH: usize = 32;

/// Begins the key that marks bytes, and no other.
const RESERVED: char = '\u{FDD0}';

/// The key that marks bytes; the prelude has the same.
pub(crate) const MARKER: &str = "\u{FDD0}bytes";

/// Bytes as border data; the script gets an `ArrayBuffer`.
pub fn bytes(content: &[u8]) -> Value {
    json!({ MARKER: STANDARD.encode(content) })
}

/// The bytes, where the value is such a marker.
pub fn as_bytes(value: &Value) -> Option<Vec<u8>> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    STANDARD.decode(object.get(MARKER)?.as_str()?).ok()
}

/// A key of a script's object as it crosses: never one that marks bytes.
pub(crate) fn own_name(mut name: String) -> String {
    if name.starts_with(RESERVED) {
        name.replace_range(..RESERVED.len_utf8(), "\u{FFFD}");
    }
    name
}

/// Whether a JSON text nests deeper than [`MAX_DEPTH`].
pub(crate) fn is_deep(json: &str) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back() {
        assert_eq!(as_bytes(&bytes(&[0, 255, 7])), Some(vec![0, 255, 7]));
        assert_eq!(as_bytes(&json!({ MARKER: "AA==", "more": 1 })), None);
        assert_eq!(as_bytes(&json!({ "$bytes": "AA==" })), None);
        assert_eq!(as_bytes(&json!("AA==")), None);
    }

    #[test]
    fn depth_is_that_of_lists_and_objects_not_of_brackets_in_texts() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_deep(&nested(MAX_DEPTH)));
        assert!(is_deep(&nested(MAX_DEPTH + 1)));
        assert!(!is_deep(&json!({ "a": nested(100), "b\"": "\\[[[" }).to_string()));
        assert!(!is_deep(&format!("[{}1]", "[],".repeat(100))));
    }
}
