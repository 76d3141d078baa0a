//! A sample of a request that reached a module: numbers of people become numbers that nobody has, and what proves who
//! somebody is becomes `masked`.

mod numbers;

use chrono::{DateTime, Utc};
use hookswitch_store::RequestError;
use serde_json::Value;
use url::form_urlencoded;

use numbers::Numbers;

use super::masks::{Masks, changed, secrets_of};
use super::registry::Active;
use super::sample::{Sample, WebhookRequest};
use crate::error::{Error, Result};
use crate::requests::headers::{HIDDEN, is_secret};
use crate::requests::script_request::{Received, by_name, decoded_body};

/// Stands for what proves who somebody is.
const MASKED: &str = "masked";
/// Stands for callers' names.
const SOMEBODY: &str = "Somebody";
/// Shorter values of fields that are named like secrets are none, and stand everywhere.
const NAMED_BYTES: usize = 6;
/// Headers of the way the request took, which say nothing to a script.
const OF_THE_WAY: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "forwarded",
    "host",
    "transfer-encoding",
    "via",
    "x-real-ip",
];

/// A sample of a stored request, with what the script made of it.
///
/// # Errors
/// 409 where the body is not text: a sample cannot hold it.
pub async fn sample_of(
    active: &Active,
    request: &Received,
    received_at: DateTime<Utc>,
    (result, error): (Option<Value>, Option<&RequestError>),
    max_body_bytes: usize,
) -> Result<Sample> {
    let (path, parameters) = (request.address.path(), request.address.parameters());
    let headers = &request.headers;
    let decoded = decoded_body(headers, &request.body, max_body_bytes).await.ok().flatten();
    let body = String::from_utf8(decoded.unwrap_or_else(|| request.body.clone())).map_err(|_| {
        Error::conflict("notText", "The request's body is not text, and a sample can hold nothing else.")
    })?;
    let query = parameters.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>();
    let mut texts = vec![path.as_str(), query.as_str(), body.as_str()];
    texts.extend(
        headers
            .iter()
            .filter(|(name, _)| !is_time(name) && !is_of_the_way(name))
            .filter_map(|(_, value)| value.as_str()),
    );
    let numbers = Numbers::found(active, received_at, &texts, result.as_ref());
    let masks = masks(active, request, &parameters, &body, result.as_ref())?;
    let clean = |text: &str| numbers.exchanged(&masks.masked(text));

    let headers = headers.iter().filter(|(name, _)| !is_of_the_way(name)).map(|(name, value)| {
        let value = value.as_str().unwrap_or_default();
        let value = if value.contains(HIDDEN) || is_secret(name) { MASKED.to_owned() } else { clean(value) };
        (name.clone(), value)
    });
    let fields = parameters.iter().map(|(name, value)| (name.clone(), clean(value)));
    let sample_request = WebhookRequest {
        method: request.method.clone(),
        url: None,
        path: clean(&path),
        query: by_name(fields),
        headers: headers.collect(),
        body: (!body.is_empty()).then(|| clean(&body)),
    };
    Ok(Sample {
        name: name(result.as_ref()),
        now: Some(received_at),
        request: Some(sample_request),
        error: error.filter(|error| error.code == "threw").map(|error| clean(thrown(&error.message))),
        result: result.map(|result| changed(result, &clean)),
        ..Sample::default()
    })
}

/// What the sample shows, as far as that is known.
fn name(result: Option<&Value>) -> String {
    let events = events(result);
    let kinds: Vec<_> = events.iter().filter_map(|event| event["event"].as_str()).collect();
    let record = result.is_some_and(|result| result["callRecord"].is_object());
    match (kinds.as_slice(), record) {
        ([], true) => "A record of a call".to_owned(),
        ([], false) => "A request about no call".to_owned(),
        (kinds, _) => format!("A request that means {}", kinds.join(", ")),
    }
}

/// The message that was thrown: without the error's name before it and the place behind it, which no sample has.
fn thrown(message: &str) -> &str {
    let message = match message.split_once(": ") {
        Some((name, rest)) if name.ends_with("Error") && !name.contains(' ') => rest,
        _ => message,
    };
    match message.rfind(" (line ") {
        Some(at) => &message[..at],
        None => message,
    }
}

fn is_of_the_way(name: &str) -> bool {
    OF_THE_WAY.contains(&name) || name.starts_with("x-forwarded")
}

fn is_time(name: &str) -> bool {
    name.contains("date") || name.contains("time")
}

/// The events of a result.
fn events(result: Option<&Value>) -> Vec<&Value> {
    let Some(result) = result else { return Vec::new() };
    let list = result["events"].as_array().into_iter().flatten();
    result.get("event").filter(|event| event.is_object()).into_iter().chain(list).collect()
}

/// What of a result says who is who: events, and the record.
fn parts(result: Option<&Value>) -> Vec<&Value> {
    let record = result.and_then(|result| result.get("callRecord"));
    events(result).into_iter().chain(record).collect()
}

/// What hides secrets and callers' names.
fn masks(
    active: &Active,
    request: &Received,
    parameters: &[(String, String)],
    body: &str,
    result: Option<&Value>,
) -> Result<Masks> {
    let form = form_urlencoded::parse(body.as_bytes());
    let fields = parameters.iter().cloned().chain(form.into_owned());
    let mut named: Vec<String> =
        fields.filter(|(name, _)| is_secret(&name.to_ascii_lowercase())).map(|(_, value)| value).collect();
    if let Ok(body) = serde_json::from_str::<Value>(body) {
        secret_members(&body, &mut named);
    }
    let mut secrets = secrets_of(active, request);
    secrets.extend(named.into_iter().filter(|value| value.len() >= NAMED_BYTES));
    let names = parts(result).into_iter().filter_map(|part| part["callerName"].as_str());
    let names = names.filter(|name| name.len() >= 3).map(|name| (name.to_owned(), SOMEBODY));
    Masks::new(secrets, MASKED, names)
}

fn secret_members(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| secret_members(item, secrets)),
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) if is_secret(&name.to_ascii_lowercase()) => {
                        secrets.push(text.clone())
                    }
                    value => secret_members(value, secrets),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_thrown_is_left_without_its_name_and_place() {
        assert_eq!(thrown("Error: No such call. (line 3, column 9)"), "No such call.");
        assert_eq!(thrown("SyntaxError: Unexpected end. (line 1, column 1)"), "Unexpected end.");
        assert_eq!(thrown("No such call: 5"), "No such call: 5");
    }
}
