//! What `VoipGetCallLink` returns: where a recording is.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::check::{check_headers, typed, wrong};
use super::wording::shown;
use super::{ContractError, lenient};

const FUNCTION: &str = "VoipGetCallLink";

/// Where a recording is, and what the provider wants to see of whoever asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallLink {
    /// The link: http or https.
    pub url: String,
    /// Headers that the recording is asked for with; no browser may see them.
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
/// What breaks the contract.
pub fn call_link(value: Value) -> Result<CallLink, ContractError> {
    let is_of_service = |value: &Value| value.get("service").is_some() && value.get("url").is_none();
    let WithHeaders { url, headers } = match value {
        value if is_of_service(&value) => {
            let problem =
                "a recording that a service holds cannot be played yet; return its link, or { url, headers }";
            return Err(wrong(FUNCTION, problem));
        }
        value @ Value::Object(_) => typed(FUNCTION, "the recording's link as a text", value)?,
        value => WithHeaders {
            url: typed(FUNCTION, "the recording's link as a text", value)?,
            headers: BTreeMap::new(),
        },
    };
    let url = url.trim();
    let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        let problem = format!("must be a link that begins with https:// or http://, not \"{}\"", shown(url));
        return Err(wrong(FUNCTION, problem));
    }
    check_headers("headers", &headers)?;
    Ok(CallLink { url: url.to_owned(), headers })
}
