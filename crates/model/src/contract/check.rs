//! Checks what a script returned.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::tidy::tidy;
use super::wording::{in_plain_words, shown};
use super::{CallRecord, Event, Member, Numbers, ParseResult, Response, TestConnectionResult};

/// A breach of the contract in what a script returned.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct ContractError {
    /// The path, e.g. `event.direction` or `events[2].dstPhone`; the function's name for the whole result.
    pub path: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

pub(super) fn wrong(path: impl Into<String>, problem: impl Into<String>) -> ContractError {
    ContractError { path: path.into(), problem: problem.into() }
}

/// More events than any provider sends in one request.
const MAX_EVENTS: usize = 1000;
/// Ids, numbers and names longer than this are a mistake.
pub(super) const MAX_TEXT: usize = 512;
/// Maximum nesting of lists and objects in script results: what is stored as JSON must be readable again.
pub(super) const MAX_DEPTH: usize = 32;
/// Maximum size of a record's `call` as JSON, in bytes: it is stored with the call.
pub(super) const MAX_CALL_DATA: usize = 64 * 1024;
/// No call lasts longer than this: 115 days.
pub(super) const MAX_SECONDS: f64 = 1e7;

/// Checks what `VoipParseWebhookRequest` returned. Fields that do not identify the call never break the contract: they
/// are left out or cut, with a warning.
///
/// # Errors
/// The first breach of the contract.
pub fn parse_result(mut value: Value) -> Result<ParseResult, ContractError> {
    let warnings = tidy(&mut value);
    check_depth(&value)?;
    let mut result: ParseResult =
        typed("VoipParseWebhookRequest", "an object ({} if there is nothing to report)", value)?;
    result.warnings = warnings;
    if let Some(event) = &result.event {
        event.check("event")?;
    }
    let events = result.events.as_deref().unwrap_or_default();
    if events.len() > MAX_EVENTS {
        return Err(wrong(
            "events",
            format!("at most {MAX_EVENTS} events in one request, not {}", events.len()),
        ));
    }
    for (index, event) in events.iter().enumerate() {
        event.check(&format!("events[{index}]"))?;
    }
    if let Some(record) = &result.call_record {
        record.check()?;
    }
    if let Some(response) = &result.response {
        response.check()?;
    }
    Ok(result)
}

/// Whether lists and objects are nested deeper than `levels`.
pub(super) fn is_too_deep(value: &Value, levels: usize) -> bool {
    let too_deep = |inner: &Value| levels == 0 || is_too_deep(inner, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(too_deep),
        Value::Object(fields) => levels == 0 || fields.values().any(too_deep),
        _ => false,
    }
}

/// A record's `call` is checked separately.
fn check_depth(value: &Value) -> Result<(), ContractError> {
    let of = |value: &Value, levels: usize| -> Option<String> {
        let deep = value.as_object()?.iter().find(|(_, inner)| is_too_deep(inner, levels))?;
        Some(deep.0.clone())
    };
    let Some(part) = of(value, MAX_DEPTH + 2) else { return Ok(()) };
    let path = match of(&value[&part], MAX_DEPTH + 1) {
        Some(field) => format!("{part}.{}", shown(&field)),
        None => shown(&part),
    };
    Err(wrong(path, format!("must not be nested deeper than {MAX_DEPTH} levels")))
}

/// Checks what `VoipGetMembers` returned.
///
/// # Errors
/// The first breach of the contract.
pub fn members(value: Value) -> Result<Vec<Member>, ContractError> {
    typed("VoipGetMembers", "a list of { id, name }", value)
}

/// Checks what `VoipTestConnection` returned.
///
/// # Errors
/// The breach of the contract.
pub fn test_connection_result(value: Value) -> Result<TestConnectionResult, ContractError> {
    typed("VoipTestConnection", "{ success, message }", value)
}

pub(super) fn typed<T: DeserializeOwned>(
    function: &str,
    what: &str,
    value: Value,
) -> Result<T, ContractError> {
    if value.is_null() {
        return Err(wrong(function, format!("returned nothing; return {what}")));
    }
    serde_path_to_error::deserialize(value).map_err(|error| in_plain_words(function, error))
}

impl Event {
    fn check(&self, path: &str) -> Result<(), ContractError> {
        self.numbers().check(path)
    }
}

impl CallRecord {
    fn check(&self) -> Result<(), ContractError> {
        let path = "callRecord";
        self.numbers().check(path)?;
        match self.duration {
            Some(seconds) if !(0.0..=MAX_SECONDS).contains(&seconds) => Err(wrong(
                format!("{path}.duration"),
                format!("must be seconds of talk, from 0 to {MAX_SECONDS}, not {seconds}"),
            )),
            None if self.call_id.is_none() => Err(wrong(
                format!("{path}.duration"),
                "missing: give the seconds of talk (optional with a callId)",
            )),
            _ => Ok(()),
        }
    }
}

impl Numbers<'_> {
    fn check(&self, path: &str) -> Result<(), ContractError> {
        let texts = [
            ("srcPhone", self.src_phone),
            ("srcPhoneExt", self.src_phone_ext),
            ("dstPhone", self.dst_phone),
            ("dstPhoneExt", self.dst_phone_ext),
            ("callId", self.call_id),
        ];
        check_lengths(path, &texts)?;
        let given = [self.direction.is_some(), self.src_phone.is_some(), self.dst_phone.is_some()];
        if given == [true; 3] || (self.call_id.is_some() && given[1..] == [false; 2]) {
            return Ok(());
        }
        let names = ["direction", "srcPhone", "dstPhone"];
        // Not every call has a caller's number, but an anonymous one must say so.
        let missing = names.iter().zip(given).find(|(_, given)| !given).map_or("direction", |(name, _)| name);
        let rule = if self.call_id.is_some() {
            "missing: give direction, srcPhone and dstPhone (\"anonymous\" for an unknown number), or callId and no numbers"
        } else {
            "missing: without a callId, give direction, srcPhone and dstPhone (\"anonymous\" for an unknown number)"
        };
        Err(wrong(format!("{path}.{missing}"), rule))
    }
}

impl Response {
    fn check(&self) -> Result<(), ContractError> {
        if !(200..=599).contains(&self.status) {
            return Err(wrong(
                "response.status",
                format!("must be an HTTP status from 200 to 599, not {}", self.status),
            ));
        }
        check_headers("response.headers", &self.headers)
    }
}

/// Checks that HTTP can carry these headers.
pub(super) fn check_headers(path: &str, headers: &BTreeMap<String, String>) -> Result<(), ContractError> {
    for (name, value) in headers {
        if name.is_empty() || !name.bytes().all(is_token) {
            let problem = "is not a header name; use letters, digits and -";
            return Err(wrong(format!("{path}.{}", shown(name)), problem));
        }
        if value.chars().any(char::is_control) {
            let problem = "must not contain line breaks or other control characters";
            return Err(wrong(format!("{path}.{name}"), problem));
        }
    }
    Ok(())
}

/// The characters RFC 9110 allows in a header name.
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn check_lengths(path: &str, texts: &[(&str, Option<&String>)]) -> Result<(), ContractError> {
    match texts.iter().find(|(_, text)| text.is_some_and(|text| text.len() > MAX_TEXT)) {
        Some((name, _)) => {
            Err(wrong(format!("{path}.{name}"), format!("must not be longer than {MAX_TEXT} bytes")))
        }
        None => Ok(()),
    }
}
