//! Checking what a script returned.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

use super::tidy::tidy;
use super::wording::{in_plain_words, shown};
use super::{CallRecord, Event, Member, Numbers, ParseResult, Response, TestConnectionResult};

/// What a script returned breaks the contract.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{path}: {problem}")]
pub struct ContractError {
    /// Where, as `event.direction` or `events[2].dstPhone`; the function's name for the whole result.
    pub path: String,
    /// What is wrong there and what would be right.
    pub problem: String,
}

pub(super) fn wrong(path: impl Into<String>, problem: impl Into<String>) -> ContractError {
    ContractError { path: path.into(), problem: problem.into() }
}

/// More events in one request than any provider's batch has.
const MAX_EVENTS: usize = 1000;
/// Ids, numbers and names longer than this are a mistake.
pub(super) const MAX_TEXT: usize = 512;
/// Lists and objects one in the other, in everything that a script returns: what is kept as JSON must be readable again.
pub(super) const MAX_DEPTH: usize = 32;
/// Bytes of a record's `call`, as JSON: every one of them is kept with the call.
pub(super) const MAX_CALL_DATA: usize = 64 * 1024;
/// No call talks for longer: 115 days.
pub(super) const MAX_SECONDS: f64 = 1e7;

/// Checks what `VoipParseWebhookRequest` returned. What does not say which call it is never breaks the contract: it is left out
/// or cut, with a warning.
///
/// # Errors
/// The first thing that breaks the contract.
pub fn parse_result(mut value: Value) -> Result<ParseResult, ContractError> {
    let warnings = tidy(&mut value);
    check_depth(&value)?;
    let mut result: ParseResult =
        typed("VoipParseWebhookRequest", "an object ({} where there is nothing to report)", value)?;
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

/// Whether lists and objects stand deeper in each other than that.
pub(super) fn is_too_deep(value: &Value, levels: usize) -> bool {
    let too_deep = |inner: &Value| levels == 0 || is_too_deep(inner, levels - 1);
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(too_deep),
        Value::Object(fields) => levels == 0 || fields.values().any(too_deep),
        _ => false,
    }
}

/// A record's `call` is looked at by itself.
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
/// The first thing that breaks the contract.
pub fn members(value: Value) -> Result<Vec<Member>, ContractError> {
    typed("VoipGetMembers", "a list of { id, name }", value)
}

/// Checks what `VoipTestConnection` returned.
///
/// # Errors
/// What breaks the contract.
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
                "missing: seconds of talk (may be left out where callId is given)",
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
        // Not every call has a caller's number: an anonymous one says so.
        let missing = names.iter().zip(given).find(|(_, given)| !given).map_or("direction", |(name, _)| name);
        let rule = if self.call_id.is_some() {
            "missing: give direction, srcPhone and dstPhone, or no number at all where callId says which call it is (\"anonymous\" for a number that is not known)"
        } else {
            "missing: without a callId the call is found by direction, srcPhone and dstPhone (\"anonymous\" for a number that is not known)"
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

/// Whether HTTP can carry these headers.
pub(super) fn check_headers(path: &str, headers: &BTreeMap<String, String>) -> Result<(), ContractError> {
    for (name, value) in headers {
        if name.is_empty() || !name.bytes().all(is_token) {
            let problem = "is not a header name: letters, digits and - only";
            return Err(wrong(format!("{path}.{}", shown(name)), problem));
        }
        if value.chars().any(char::is_control) {
            let problem = "must not hold line breaks or other control characters";
            return Err(wrong(format!("{path}.{name}"), problem));
        }
    }
    Ok(())
}

/// What RFC 9110 lets a header's name be made of.
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
