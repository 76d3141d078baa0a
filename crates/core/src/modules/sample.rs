//! Samples: expected results of a module's script for real requests, in `samples/*.json` in its folder.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sample_signature::Signing;

/// A sample. Either `request` or `call`; either `result` or `error`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// A sentence about what it shows.
    pub name: String,
    /// Settings in addition to the manifest's defaults.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// The time of the script's clock; [`NOW`] by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
    /// The initial content of `Namespace.storage`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub storage: Map<String, Value>,
    /// Every `fetch` the script must make, with its response.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<Exchange>,
    /// A request to the webhook: runs `VoipParseWebhookRequest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<WebhookRequest>,
    /// How the request is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<Signing>,
    /// A function to call instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<FunctionCall>,
    /// The expected result; null if the function returns nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub result: Option<Value>,
    /// The expected error message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An explicit null is not a missing field.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// A request to the webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// What the provider appends to the webhook URL, byte for byte: a path, parameters (`/calls?x=1`). Replaces `path`
    /// and `query`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What follows the webhook's own path.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// Without the token.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub query: Map<String, Value>,
    /// Names in lower case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body, byte for byte.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A call of one of the script's functions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionCall {
    pub function: String,
    #[serde(default)]
    pub args: Vec<Value>,
}

/// A `fetch` and its response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// The expected request.
    pub request: ExpectedFetch,
    pub response: RecordedResponse,
}

/// A request the script must make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFetch {
    pub method: String,
    /// The complete URL.
    pub url: String,
    /// Required headers; others are allowed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a string as is, anything else as JSON; not compared if omitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedResponse {
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a string as is, anything else as JSON.
    #[serde(default)]
    pub body: Value,
}

const fn ok() -> u16 {
    200
}

/// Parses and checks a sample.
///
/// # Errors
/// What is wrong, with line and column if it is not JSON or has a wrong field.
pub fn parse(text: &str) -> Result<Sample, String> {
    let sample: Sample = from_json(text)?;
    match (&sample.request, &sample.call) {
        (Some(_), None) | (None, Some(_)) => {}
        _ => return Err("a sample needs either \"request\" or \"call\"".into()),
    }
    if sample.result.is_some() && sample.error.is_some() {
        return Err("a sample needs either \"result\" or \"error\"".into());
    }
    if sample.sign.is_some() && sample.request.is_none() {
        return Err("\"sign\" needs a \"request\"".into());
    }
    sample.request.iter().try_for_each(WebhookRequest::check)?;
    sample.fetch.iter().try_for_each(Exchange::check)?;
    Ok(sample)
}

/// The default time of clocks in samples and scenarios: 5 January 2026, 9:00 UTC.
pub const NOW: DateTime<Utc> = match DateTime::from_timestamp(1_767_603_600, 0) {
    Some(now) => now,
    None => DateTime::UNIX_EPOCH,
};

/// Parses JSON.
///
/// # Errors
/// What is wrong, with field, line and column.
pub fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value =
        serde_path_to_error::deserialize(&mut json).map_err(|error| match error.path().to_string() {
            path if path == "." => error.inner().to_string(),
            path => format!("{path}: {}", error.inner()),
        })?;
    json.end().map_err(|error| error.to_string())?;
    Ok(value)
}

impl WebhookRequest {
    /// # Errors
    /// The first error.
    pub fn check(&self) -> Result<(), String> {
        if let Some(url) = &self.url {
            if !self.path.is_empty() || !self.query.is_empty() {
                return Err("request: \"url\" is used instead of \"path\" and \"query\"".into());
            }
            if !(url.is_empty() || url.starts_with(['/', '?'])) {
                return Err(
                    "request.url must start with \"/\" or \"?\": \"/calls\", or \"?x=1\" for …?token=sample&x=1"
                        .into(),
                );
            }
        }
        lower_case("request.headers", &self.headers)
    }
}

impl Exchange {
    /// # Errors
    /// The first error.
    pub fn check(&self) -> Result<(), String> {
        lower_case("fetch.request.headers", &self.request.headers)?;
        lower_case("fetch.response.headers", &self.response.headers)
    }
}

fn lower_case(path: &str, headers: &BTreeMap<String, String>) -> Result<(), String> {
    match headers.keys().find(|name| **name != name.to_lowercase()) {
        Some(name) => Err(format!("{path}: write \"{name}\" in lower case, as scripts see it")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_sample_says_what_goes_in_and_what_comes_out() {
        let sample = parse(r#"{ "name": "n", "call": { "function": "VoipGetMembers" }, "result": null }"#);
        assert!(sample.expect("it is right").result.is_some_and(|result| result.is_null()));
        let error = parse(r#"{ "name": "n" }"#).expect_err("nothing goes in");
        assert_eq!(error, "a sample needs either \"request\" or \"call\"");
        let error = parse("{ \"name\": \"n\",\n \"cal\": {} }").expect_err("a typo");
        assert!(error.contains("unknown field `cal`") && error.contains("line 2"), "{error}");
    }

    fn request(request: &str, more: &str) -> Result<(), String> {
        parse(&format!(
            r#"{{ "name": "n", "request": {{ "method": "GET", {request} }}, "result": {{}} {more} }}"#
        ))
        .map(drop)
    }

    #[test]
    fn errors_in_a_request_are_reported() {
        request(r#""url": "/calls?x=1""#, "").expect("it is right");
        let error = request(r#""url": "https://x.example""#, "").expect_err("a whole URL");
        assert!(error.starts_with("request.url must start with"), "{error}");
        let error = request(r#""url": "?a", "path": "/b""#, "").expect_err("both");
        assert!(error.contains("instead of"), "{error}");
        let error = request(r#""headers": { "X-Sig": "1" }"#, "").expect_err("upper case");
        assert_eq!(error, "request.headers: write \"X-Sig\" in lower case, as scripts see it");
        let error = request(r#""headers": {}"#, r#", "sign": { "algorithm": "sha1", "text": "{body}" }"#);
        assert!(error.expect_err("goes nowhere").contains("sign: give the target"));
    }
}
