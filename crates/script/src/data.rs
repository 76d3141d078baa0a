//! Plain data at the boundary between Rust and a script.
//!
//! Arguments and results are `serde_json::Value`, as `JSON.stringify` would produce them. JSON has no bytes, so an
//! `ArrayBuffer` or typed array crosses as an object whose only key starts with [`RESERVED`], a Unicode noncharacter.
//! No other key of a result starts with it ([`own_name`]), and in a webhook request only the bodies are checked for it,
//! so neither a sender nor a script can turn anything else into bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

/// Maximum nesting of objects and lists in what a script returns or stores.
pub const MAX_DEPTH: usize = 32;

/// First character of the key that marks bytes, and of no other key.
const RESERVED: char = '\u{FDD0}';

/// The key that marks bytes; the same as in the prelude.
pub(crate) const MARKER: &str = "\u{FDD0}bytes";

/// Encodes bytes for the boundary; the script gets an `ArrayBuffer`.
pub fn bytes(content: &[u8]) -> Value {
    json!({ MARKER: STANDARD.encode(content) })
}

/// The bytes, if the value marks bytes.
pub fn as_bytes(value: &Value) -> Option<Vec<u8>> {
    let object = value.as_object().filter(|object| object.len() == 1)?;
    STANDARD.decode(object.get(MARKER)?.as_str()?).ok()
}

/// Makes sure that a key of a script's object does not mark bytes.
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
    fn depth_counts_lists_and_objects_but_not_brackets_in_strings() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(!is_deep(&nested(MAX_DEPTH)));
        assert!(is_deep(&nested(MAX_DEPTH + 1)));
        assert!(!is_deep(&json!({ "a": nested(100), "b\"": "\\[[[" }).to_string()));
        assert!(!is_deep(&format!("[{}1]", "[],".repeat(100))));
    }
}
