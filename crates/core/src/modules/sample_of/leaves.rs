//! The strings a request consists of, wherever they occur: in JSON, in forms, in the query of a URL.

use percent_encoding::percent_decode_str;
use serde_json::Value;
use url::form_urlencoded;

/// Maximum nesting of strings within strings: a form in JSON in a form.
const MOST_LEVELS: usize = 4;

/// A string found in a request.
#[derive(Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its name at that place.
    pub name: Option<String>,
    /// The string, unescaped.
    pub text: String,
    /// The string as written, if that differs.
    pub raw: Option<String>,
    /// Whether it is a form or JSON, followed by its own strings.
    pub holds_others: bool,
}

/// Leaves, in order.
#[derive(Default)]
pub struct Leaves(pub Vec<Leaf>);

impl Leaves {
    /// Adds the leaves of a text.
    pub fn add(&mut self, name: Option<&str>, text: &str) {
        self.text(name, (text, None), MOST_LEVELS);
    }

    /// Adds the leaves of a value.
    pub(crate) fn add_value(&mut self, value: &Value) {
        self.value(None, value, MOST_LEVELS);
    }

    fn leaf(&mut self, name: Option<&str>, text: &str, raw: Option<&str>, holds_others: bool) {
        let owned = |text: &str| text.to_owned();
        let leaf = Leaf { name: name.map(owned), text: owned(text), raw: raw.map(owned), holds_others };
        self.0.push(leaf);
    }

    fn text(&mut self, name: Option<&str>, (text, raw): (&str, Option<&str>), levels: usize) {
        let json = serde_json::from_str::<Value>(text).ok();
        let json = json.filter(|json| json.is_object() || json.is_array());
        let is_form = json.is_none() && is_form(text);
        self.leaf(name, text, raw, levels > 0 && (json.is_some() || is_form));
        let Some(levels) = levels.checked_sub(1) else { return };
        if let Some(json) = json {
            self.value(None, &json, levels);
        } else if is_form {
            self.form(text.trim_end(), levels);
        } else {
            // A URL may occur in any text, also in XML or in truncated JSON.
            let signs = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '\\');
            for word in text.split(signs) {
                if let Some((_, query)) = word.split_once(['?', '#']) {
                    self.form(query, levels);
                }
            }
        }
    }

    fn value(&mut self, name: Option<&str>, value: &Value, levels: usize) {
        match value {
            Value::String(text) => self.text(name, (text, None), levels),
            Value::Array(items) => items.iter().for_each(|item| self.value(name, item, levels)),
            Value::Object(members) => {
                for (name, value) in members {
                    self.leaf(None, name, None, false);
                    self.value(Some(name), value, levels);
                }
            }
            Value::Number(number) => self.leaf(None, &number.to_string(), None, false),
            Value::Bool(_) | Value::Null => {}
        }
    }

    fn form(&mut self, form: &str, levels: usize) {
        let raw = form.split('&').filter(|pair| !pair.is_empty());
        for ((name, text), pair) in form_urlencoded::parse(form.as_bytes()).zip(raw) {
            self.leaf(None, &name, None, false);
            let raw = pair.split_once('=').map(|(_, raw)| raw).filter(|raw| *raw != text);
            self.text(Some(&name), (&text, raw), levels);
        }
    }
}

/// The text of a path.
pub(crate) fn of_path(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

/// Whether a text is a form: starts with a name and an equals sign.
fn is_form(text: &str) -> bool {
    let name = text.split_once('=').map_or("", |(name, _)| name);
    let may_be = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '[' | ']' | '%' | '+' | '&');
    !name.is_empty() && name.chars().all(may_be)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each leaf with a name.
    fn named(text: &str) -> Vec<(String, String)> {
        let mut leaves = Leaves::default();
        leaves.add(None, text);
        leaves.0.into_iter().filter_map(|leaf| Some((leaf.name?, leaf.text))).collect()
    }

    #[test]
    fn strings_are_found_wherever_they_occur() {
        let url = "https://x.example/r?access_key=a%2Bb&x=1";
        for (text, expected) in [
            (
                format!(r#"{{"u":"{url}","n":"+1"}}"#),
                vec![("n", "+1"), ("u", url), ("access_key", "a+b"), ("x", "1")],
            ),
            (url.to_owned(), vec![("access_key", "a+b"), ("x", "1")]),
            (format!("<u a=\"b\">{url}</u>\n<v/>"), vec![("access_key", "a+b"), ("x", "1")]),
            (format!(r#"{{"u":"{url}","#), vec![("access_key", "a+b"), ("x", "1")]),
            ("token=a b?c&n=%2B1\n".to_owned(), vec![("token", "a b?c"), ("c", ""), ("n", "+1")]),
            (
                r#"payload={"token":["a=b"]}"#.to_owned(),
                vec![("payload", r#"{"token":["a=b"]}"#), ("token", "a=b"), ("a", "b")],
            ),
            (
                r#"{"form":"token=a&x=1"}"#.to_owned(),
                vec![("form", "token=a&x=1"), ("token", "a"), ("x", "1")],
            ),
            ("no form, no URL".to_owned(), vec![]),
        ] {
            let found = named(&text);
            let found: Vec<_> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
}
