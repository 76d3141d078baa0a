//! Samples: what a module's script must make of real requests, as `samples/*.json` in its folder.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::sample_signature::Signing;

/// One sample. Either `request` or `call`; either `result` or `error`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What it shows, as a sentence.
    pub name: String,
    /// Settings besides the manifest's defaults.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// What the script's clock says; [`NOW`] when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<DateTime<Utc>>,
    /// What `Namespace.storage` holds before.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub storage: Map<String, Value>,
    /// Every `fetch` the script must make, with what it is answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<Exchange>,
    /// A request that reaches the webhook: runs `VoipParseWebhookRequest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<WebhookRequest>,
    /// How the request is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign: Option<Signing>,
    /// A function to call instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<FunctionCall>,
    /// What it must give; null where the function gives nothing.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub result: Option<Value>,
    /// The message it must throw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A null that is there is not a field left out.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

/// What reached the webhook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// What the provider appends to the webhook URL, byte for byte: a path, parameters (`/calls?x=1`). Instead of `path` and
    /// `query`.
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
    /// Its name.
    pub function: String,
    /// Its arguments.
    #[serde(default)]
    pub args: Vec<Value>,
}

/// A `fetch` and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// What the script must ask.
    pub request: ExpectedFetch,
    /// What it is answered.
    pub response: RecordedResponse,
}

/// What the script must ask.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFetch {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// Headers that must be there; others may.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a text as it is, anything else as JSON; not compared where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
}

/// A recorded answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedResponse {
    /// The status.
    #[serde(default = "ok")]
    pub status: u16,
    /// Its headers.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body: a text as it is, anything else as JSON.
    #[serde(default)]
    pub body: Value,
}

const fn ok() -> u16 {
    200
}

/// Reads and checks a sample.
///
/// # Errors
/// What is wrong, with line and column where it is not JSON or has a wrong field.
pub fn parse(text: &str) -> Result<Sample, String> {
    let sample: Sample = from_json(text)?;
    match (&sample.request, &sample.call) {
        (Some(_), None) | (None, Some(_)) => {}
        _ => return Err("a sample has either \"request\" or \"call\"".into()),
    }
    if sample.result.is_some() && sample.error.is_some() {
        return Err("a sample has either \"result\" or \"error\"".into());
    }
    if sample.sign.is_some() && sample.request.is_none() {
        return Err("\"sign\" is for a \"request\"".into());
    }
    sample.request.iter().try_for_each(WebhookRequest::check)?;
    sample.fetch.iter().try_for_each(Exchange::check)?;
    Ok(sample)
}

/// What clocks say where neither a sample nor a scenario does: 5 January 2026, 9:00 UTC.
pub const NOW: DateTime<Utc> = match DateTime::from_timestamp(1_767_603_600, 0) {
    Some(now) => now,
    None => DateTime::UNIX_EPOCH,
};

/// Reads JSON.
///
/// # Errors
/// What is wrong, with the field, the line and the column.
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
    /// What makes no sense.
    pub fn check(&self) -> Result<(), String> {
        if let Some(url) = &self.url {
            if !self.path.is_empty() || !self.query.is_empty() {
                return Err("request: \"url\" stands instead of \"path\" and \"query\"".into());
            }
            if !(url.is_empty() || url.starts_with(['/', '?'])) {
                return Err(
                    "request.url begins with \"/\" or \"?\": \"/calls\", or \"?x=1\" for …?token=sample&x=1"
                        .into(),
                );
            }
        }
        lower_case("request.headers", &self.headers)
    }
}

impl Exchange {
    /// # Errors
    /// What makes no sense.
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
        assert_eq!(error, "a sample has either \"request\" or \"call\"");
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
    fn what_is_wrong_in_a_request_is_said() {
        request(r#""url": "/calls?x=1""#, "").expect("it is right");
        let error = request(r#""url": "https://x.example""#, "").expect_err("a whole URL");
        assert!(error.starts_with("request.url begins with"), "{error}");
        let error = request(r#""url": "?a", "path": "/b""#, "").expect_err("both");
        assert!(error.contains("instead of"), "{error}");
        let error = request(r#""headers": { "X-Sig": "1" }"#, "").expect_err("upper case");
        assert_eq!(error, "request.headers: write \"X-Sig\" in lower case, as scripts see it");
        let error = request(r#""headers": {}"#, r#", "sign": { "algorithm": "sha1", "text": "{body}" }"#);
        assert!(error.expect_err("goes nowhere").contains("sign: say where it goes"));
    }
}
