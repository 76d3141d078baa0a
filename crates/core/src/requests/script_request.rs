//! A request as passed to the script: the contract's `FetchRequest`. Used by the server, `hookswitch module test` and
//! the samples.

use chrono::{DateTime, Utc};
use hookswitch_model::contract::Warning;
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_script::data;
use hookswitch_store::{NewRequest, StoredRequest};
use serde::{Deserialize, Serialize};
use serde_json::value::to_raw_value;
use serde_json::{Map, Value, json};

use super::address::Address;
use super::encoding::{EncodingError, decode_whole, is_encoded};

/// The part of a request that is stored encrypted.
#[derive(Debug, Serialize, Deserialize)]
struct Sealed {
    /// With the token used then.
    address: Address,
    /// Headers with credentials.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    headers: Map<String, Value>,
}

/// The identity of a request.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    pub id: RequestId,
    /// The module that it reached.
    pub module_id: ModuleId,
    pub received_at: DateTime<Utc>,
}

/// A request that reached a module's webhook.
pub struct Received {
    /// The URL that was called.
    pub address: Address,
    /// HTTP method.
    pub method: String,
    /// Headers in the clear, with lower-case names.
    pub headers: Map<String, Value>,
    /// Headers that are stored encrypted.
    pub secret_headers: Map<String, Value>,
    pub body: Vec<u8>,
    pub remote_address: Option<String>,
}

impl Received {
    /// Restores a stored request as it arrived; `token` is the module's current one.
    pub fn of_stored(stored: StoredRequest, token: &str) -> (Self, Arrival) {
        let summary = stored.summary;
        let sealed = Sealed::deserialize(&stored.sealed).ok();
        let (address, secret_headers) =
            sealed.map_or_else(Default::default, |sealed| (Some(sealed.address), sealed.headers));
        // An older version of the server stored no addresses.
        let module = summary.module_id.to_string();
        let query = stored.query.as_str().unwrap_or_default();
        let address = address.unwrap_or_else(|| Address::of_old(&module, &summary.path, query, token));
        let headers = if let Value::Object(headers) = stored.headers { headers } else { Map::new() };
        let received = Self {
            address,
            method: summary.method,
            headers,
            secret_headers,
            body: stored.body,
            remote_address: stored.remote_address,
        };
        let arrival =
            Arrival { id: summary.id, module_id: summary.module_id, received_at: summary.received_at };
        (received, arrival)
    }

    /// Converts the request for storage.
    ///
    /// # Errors
    /// Never occurs: strings can always be encoded as JSON.
    pub(crate) fn into_stored(self, arrival: Arrival) -> serde_json::Result<NewRequest> {
        let Arrival { id, module_id, received_at } = arrival;
        let (path, query) = self.address.shown();
        let sealed = Sealed { address: self.address, headers: self.secret_headers };
        Ok(NewRequest {
            id,
            module_id,
            received_at,
            method: self.method,
            path,
            query: to_raw_value(&query)?,
            headers: to_raw_value(&self.headers)?,
            sealed: Some(to_raw_value(&sealed)?),
            body: self.body,
            remote_address: self.remote_address,
        })
    }
}

/// A request's `FetchRequest`, and a warning if the body could not be decoded.
///
/// `url` prefixes the called path and query with the public URL: some providers sign the address.
///
/// # Errors
/// [`EncodingError::TooLarge`] if the decoded body is too large; other bodies that cannot be decoded are passed
/// unchanged.
pub async fn script_request(
    request: &Received,
    url: impl FnOnce(&str) -> String,
    max_body_bytes: usize,
) -> Result<(Value, Option<Warning>), EncodingError> {
    let address = &request.address;
    let mut headers = request.headers.clone();
    headers.extend(request.secret_headers.clone());
    let (decoded, warning) = match decoded_body(&headers, &request.body, max_body_bytes).await {
        Ok(decoded) => (decoded, None),
        Err(error @ EncodingError::TooLarge(_)) => return Err(error),
        Err(error) => {
            (None, Some(Warning::new("request.body", format!("{error}; the script gets it undecoded"))))
        }
    };
    let mut object = json!({
        "method": request.method,
        "url": url(address.target()),
        "path": address.path(),
        "query": by_name(address.parameters()),
        "headers": headers,
        "remoteAddress": request.remote_address,
    });
    if decoded.is_some() {
        object["rawBody"] = data::bytes(&request.body);
    }
    let body = decoded.as_ref().unwrap_or(&request.body);
    if !body.is_empty() || request.method != "GET" {
        object["body"] = text_or_bytes(body);
    }
    Ok((object, warning))
}

/// The body without its `Content-Encoding`; `None` if it has none.
///
/// # Errors
/// See [`EncodingError`].
pub async fn decoded_body(
    headers: &Map<String, Value>,
    body: &[u8],
    max_bytes: usize,
) -> Result<Option<Vec<u8>>, EncodingError> {
    let encoding = headers.get("content-encoding").and_then(Value::as_str).unwrap_or_default();
    if body.is_empty() || !is_encoded(encoding) {
        return Ok(None);
    }
    decode_whole(encoding, body, max_bytes).await.map(Some)
}

/// Text as received; an `ArrayBuffer` if it is not UTF-8.
fn text_or_bytes(bytes: &[u8]) -> Value {
    std::str::from_utf8(bytes).map_or_else(|_| data::bytes(bytes), |text| Value::String(text.to_owned()))
}

/// Parameters for scripts, `Record<string, string | string[]>`.
pub fn by_name(pairs: impl IntoIterator<Item = (String, String)>) -> Map<String, Value> {
    let mut parameters = Map::new();
    for (name, value) in pairs {
        match parameters.get_mut(&name) {
            None => {
                parameters.insert(name, Value::String(value));
            }
            Some(Value::Array(values)) => values.push(Value::String(value)),
            Some(first) => *first = json!([first.take(), value]),
        }
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_strings_or_lists() {
        let pairs =
            [("a", "1"), ("b", "x y"), ("a", "2"), ("a", "3")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        assert_eq!(Value::from(by_name(pairs)), json!({ "a": ["1", "2", "3"], "b": "x y" }));
    }

    #[test]
    fn bytes_that_are_not_text_stay_bytes() {
        assert_eq!(text_or_bytes("ü".as_bytes()), json!("ü"));
        assert_eq!(data::as_bytes(&text_or_bytes(&[0xff])), Some(vec![0xff]));
    }
}
