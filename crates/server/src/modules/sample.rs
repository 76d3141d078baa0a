//! Samples: what a module's script must make of real requests, as `samples/*.json` in its folder.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One sample. Either `request` or `call`; either `result` or `error`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// What it shows, as a sentence.
    pub name: String,
    /// Settings besides the manifest's defaults.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// What `Namespace.storage` holds before.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub storage: Map<String, Value>,
    /// Every `fetch` the script must make, with what it is answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fetch: Vec<Exchange>,
    /// A request that reaches the webhook: runs `VoipParseWebhookRequest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<WebhookRequest>,
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
    /// The body; not compared where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
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
/// What is wrong, with line and column where it is no JSON or has a wrong field.
pub fn parse(text: &str) -> Result<Sample, String> {
    let sample: Sample = serde_json::from_str(text).map_err(|error| error.to_string())?;
    match (&sample.request, &sample.call) {
        (Some(_), None) | (None, Some(_)) => {}
        _ => return Err("a sample has either \"request\" or \"call\"".into()),
    }
    if sample.result.is_some() && sample.error.is_some() {
        return Err("a sample has either \"result\" or \"error\"".into());
    }
    Ok(sample)
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
}
