//! Checking what a script returned.

use serde::de::DeserializeOwned;
use serde_json::Value;
use thiserror::Error;

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

fn wrong(path: impl Into<String>, problem: impl Into<String>) -> ContractError {
    ContractError { path: path.into(), problem: problem.into() }
}

/// More events in one request than any provider's batch has.
const MAX_EVENTS: usize = 1000;
/// Ids, numbers and names longer than this are a mistake.
const MAX_TEXT: usize = 512;

/// Checks what `VoipParseWebhookRequest` returned.
///
/// # Errors
/// The first thing that breaks the contract.
pub fn parse_result(value: Value) -> Result<ParseResult, ContractError> {
    let result: ParseResult = typed("VoipParseWebhookRequest", value)?;
    if let Some(event) = &result.event {
        event.check("event")?;
    }
    let events = result.events.as_deref().unwrap_or_default();
    if events.len() > MAX_EVENTS {
        return Err(wrong("events", format!("{} events in one request, at most {MAX_EVENTS}", events.len())));
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

/// Checks what `VoipGetMembers` returned.
///
/// # Errors
/// The first thing that breaks the contract.
pub fn members(value: Value) -> Result<Vec<Member>, ContractError> {
    typed("VoipGetMembers", value)
}

/// Checks what `VoipTestConnection` returned.
///
/// # Errors
/// What breaks the contract.
pub fn test_connection_result(value: Value) -> Result<TestConnectionResult, ContractError> {
    typed("VoipTestConnection", value)
}

/// Checks what `VoipGetCallLink` returned.
///
/// # Errors
/// What breaks the contract.
pub fn call_link(value: Value) -> Result<String, ContractError> {
    typed("VoipGetCallLink", value)
}

fn typed<T: DeserializeOwned>(function: &str, value: Value) -> Result<T, ContractError> {
    if value.is_null() {
        return Err(wrong(function, "returned nothing; return an object ({} where there is nothing to say)"));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { function.to_owned() } else { path };
        wrong(path, error.into_inner().to_string())
    })
}

impl Event {
    fn check(&self, path: &str) -> Result<(), ContractError> {
        self.numbers().check(path)?;
        let texts = [
            ("legId", self.leg_id.as_ref()),
            ("redirectTo", self.redirect_to.as_ref()),
            ("callerName", self.caller_name.as_ref()),
            ("line", self.line.as_ref()),
        ];
        check_lengths(path, &texts)
    }
}

impl CallRecord {
    fn check(&self) -> Result<(), ContractError> {
        let path = "callRecord";
        self.numbers().check(path)?;
        match self.duration {
            Some(seconds) if !(0.0..=1e7).contains(&seconds) => {
                Err(wrong(format!("{path}.duration"), format!("{seconds} is not a number of seconds")))
            }
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
        if given == [true; 3] || (self.call_id.is_some() && given == [false; 3]) {
            return Ok(());
        }
        let names = ["direction", "srcPhone", "dstPhone"];
        // Not every call has a caller's number: an anonymous one says so.
        let missing = names.iter().zip(given).find(|(_, given)| !given).map_or("direction", |(name, _)| name);
        let rule = if self.call_id.is_some() {
            "missing: give direction, srcPhone and dstPhone, or none of them where callId says which call it is"
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
                format!("{} is not an HTTP status from 200 to 599", self.status),
            ));
        }
        Ok(())
    }
}

fn check_lengths(path: &str, texts: &[(&str, Option<&String>)]) -> Result<(), ContractError> {
    match texts.iter().find(|(_, text)| text.is_some_and(|text| text.len() > MAX_TEXT)) {
        Some((name, _)) => Err(wrong(format!("{path}.{name}"), format!("longer than {MAX_TEXT} bytes"))),
        None => Ok(()),
    }
}
