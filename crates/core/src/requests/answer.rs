//! The answer to a webhook, as determined by the script. Used by the server, `hookswitch module test` and the samples.

use bytes::Bytes;
use hookswitch_model::RequestId;
use hookswitch_model::contract::{self, Warning};
use hookswitch_script::data;
use http::header::{self, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::Failure;

/// The answer to a provider.
pub type Answer = http::Response<Bytes>;

/// Headers that a script may set in addition to those starting with `x-`. Any other header could affect the origin of
/// the web app (cookies, policies, frames) or the proxy in front of it.
const PASSED: [HeaderName; 14] = [
    header::ALLOW,
    header::CACHE_CONTROL,
    header::CONTENT_DISPOSITION,
    header::CONTENT_LANGUAGE,
    header::CONTENT_TYPE,
    header::DATE,
    header::ETAG,
    header::EXPIRES,
    header::LAST_MODIFIED,
    header::LOCATION,
    header::PRAGMA,
    header::RETRY_AFTER,
    header::VARY,
    header::WWW_AUTHENTICATE,
];

/// Headers that providers expect back when a webhook is set up.
const HANDSHAKES: [&str; 4] =
    ["validation-token", "verification-token", "webhook-allowed-origin", "webhook-allowed-rate"];

/// Prefixes of `x-` headers that still affect browsers or proxies.
const ACTING: [&str; 12] = [
    "x-accel",
    "x-content-",
    "x-dns-",
    "x-download-",
    "x-forwarded",
    "x-frame-",
    "x-lighttpd-",
    "x-permitted-",
    "x-sendfile",
    "x-sourcemap",
    "x-webkit-",
    "x-xss-",
];

/// Exactly what the script says, except for headers that it may not set, which cause a warning. 200 with `{}` if it
/// says nothing.
///
/// # Errors
/// The flaw in the script's response, by path.
pub(crate) fn of_script(
    response: Option<contract::Response>,
    warnings: &mut Vec<Warning>,
) -> Result<Answer, Failure> {
    let Some(said) = response else { return Ok(of_json(StatusCode::OK, &json!({}))) };
    let (body, content_type) = match said.content {
        Value::Null => (Vec::new(), None),
        Value::String(text) => (text.into_bytes(), Some("text/plain; charset=utf-8")),
        value => match data::as_bytes(&value) {
            Some(bytes) => (bytes, Some("application/octet-stream")),
            None => (value.to_string().into_bytes(), Some("application/json")),
        },
    };
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::OK);
    let mut response = Answer::new(body.into());
    *response.status_mut() = status;
    if let Some(content_type) = content_type {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    for (name, value) in said.headers {
        let path = || format!("response.headers.{name:.80}");
        let wrong = |problem: &str| Failure::contract(path(), problem);
        let header: HeaderName = name.parse().map_err(|_| wrong("is not a header name"))?;
        let value = HeaderValue::from_str(&value)
            .map_err(|_| wrong("has a character that is not allowed in a header"))?;
        if passes(&header) {
            response.headers_mut().insert(header, value);
        } else {
            warnings.push(Warning::new(path(), "was left out: a webhook's answer may not set this header"));
        }
    }
    Ok(response)
}

fn passes(header: &HeaderName) -> bool {
    let name = header.as_str();
    let own = name.starts_with("x-") && !ACTING.iter().any(|acting| name.starts_with(acting));
    own || HANDSHAKES.contains(&name) || PASSED.contains(header)
}

/// 500: the request is stored as failed.
pub(crate) fn of_failure(failure: &Failure, request: RequestId) -> Answer {
    let body = json!({ "error": failure.to_string(), "requestId": request });
    of_json(StatusCode::INTERNAL_SERVER_ERROR, &body)
}

fn of_json(status: StatusCode, value: &Value) -> Answer {
    let mut answer = Answer::new(value.to_string().into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}
