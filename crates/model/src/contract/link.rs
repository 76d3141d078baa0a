//! What `VoipGetCallLink` returns: the location of a recording.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::check::{check_headers, typed, wrong};
use super::wording::shown;
use super::{ContractError, lenient};

const FUNCTION: &str = "VoipGetCallLink";

/// The location of a recording, and what the provider requires to serve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLink {
    /// An http or https URL.
    pub url: String,
    /// Headers to send when fetching the recording; they never reach a browser.
    pub headers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct WithHeaders {
    #[serde(deserialize_with = "lenient::required_text")]
    url: String,
    #[serde(default, deserialize_with = "lenient::texts")]
    headers: BTreeMap<String, String>,
}

/// Checks what `VoipGetCallLink` returned.
///
/// # Errors
/// The breach of the contract.
pub fn call_link(value: Value) -> Result<CallLink, ContractError> {
    let is_of_service = |value: &Value| value.get("service").is_some() && value.get("url").is_none();
    let WithHeaders { url, headers } = match value {
        value if is_of_service(&value) => {
            let problem =
                "a recording held by a service cannot be played yet; return its link, or { url, headers }";
            return Err(wrong(FUNCTION, problem));
        }
        value @ Value::Object(_) => typed(FUNCTION, "the recording's link as a string", value)?,
        value => WithHeaders {
            url: typed(FUNCTION, "the recording's link as a string", value)?,
            headers: BTreeMap::new(),
        },
    };
    let url = url.trim();
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        let problem = format!("must be a link starting with https:// or http://, not \"{}\"", shown(url));
        return Err(wrong(FUNCTION, problem));
    }
    check_headers("headers", &headers)?;
    Ok(CallLink { url: url.to_owned(), headers })
}
