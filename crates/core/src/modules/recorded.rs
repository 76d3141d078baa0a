//! Fetches and their recorded responses in samples and scenarios.

use std::collections::HashMap;

use hookswitch_script::{FetchRequest, FetchResponse};
use serde_json::Value;

use super::sample::{Exchange, ExpectedFetch, RecordedResponse};

/// A fetch in the format recorded by samples.
#[must_use]
pub fn made(request: &FetchRequest) -> ExpectedFetch {
    let body = request.body.clone().map(|body| String::from_utf8_lossy(&body.into_bytes()).into_owned());
    ExpectedFetch {
        method: request.method.clone(),
        url: request.url.clone(),
        headers: request.headers.iter().cloned().collect(),
        body: body.map(Value::String),
    }
}

/// Whether a fetch is the expected one.
#[must_use]
pub fn fits(expected: &ExpectedFetch, made: &ExpectedFetch) -> bool {
    let made_headers: HashMap<_, _> = made.headers.iter().collect();
    expected.method == made.method
        && expected.url == made.url
        && expected.headers.iter().all(|(name, value)| made_headers.get(name) == Some(&value))
        && expected.body.as_ref().is_none_or(|body| is_body(body, made.body.as_ref()))
}

/// Whether a body is the expected one: a string as is, anything else as JSON.
fn is_body(expected: &Value, made: Option<&Value>) -> bool {
    match (expected, made) {
        (Value::String(_), made) => made == Some(expected),
        (expected, Some(Value::String(made))) => {
            serde_json::from_str(made).is_ok_and(|made: Value| made == *expected)
        }
        _ => false,
    }
}

/// Removes the first matching exchange from the list and returns its response.
pub fn take(exchanges: &mut Vec<Exchange>, made: &ExpectedFetch) -> Option<RecordedResponse> {
    let index = exchanges.iter().position(|exchange| fits(&exchange.request, made))?;
    Some(exchanges.remove(index).response)
}

/// A recorded response as the script gets it.
#[must_use]
pub fn answer(response: RecordedResponse, url: String) -> FetchResponse {
    let body = match response.body {
        Value::String(text) => text.into_bytes(),
        Value::Null => Vec::new(),
        other => other.to_string().into_bytes(),
    };
    FetchResponse {
        status: response.status,
        status_text: String::new(),
        url,
        redirected: false,
        headers: response.headers.into_iter().collect(),
        body,
    }
}

/// The error for a fetch without a recording.
#[must_use]
pub fn not_recorded(made: &ExpectedFetch) -> String {
    let shown = serde_json::to_string(made).unwrap_or_default();
    format!("fetched without a recording: {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_body_is_compared_as_text_or_as_json() {
        let fetch = |body: Value| {
            let fetch = json!({ "method": "POST", "url": "https://x.example/", "body": body });
            serde_json::from_value::<ExpectedFetch>(fetch).expect("a fetch")
        };
        let made = fetch(json!(r#"{"b": [1], "a": "x"}"#));
        assert!(fits(&fetch(json!({ "a": "x", "b": [1] })), &made));
        assert!(!fits(&fetch(json!({ "a": "x" })), &made));
        assert!(!fits(&fetch(json!(r#"{"a":"x","b":[1]}"#)), &made), "a string is compared as is");
        assert!(!fits(&fetch(json!({ "a": 1 })), &fetch(json!("no JSON"))));
    }
}
