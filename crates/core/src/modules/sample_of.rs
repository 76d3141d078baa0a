//! Makes a sample of a request that reached a module: people's numbers and addresses are replaced with unassigned ones,
//! and credentials with `masked`.

mod emails;
mod leaves;
mod moments;
mod numbers;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_store::RequestError;
use serde_json::{Map, Value};
use url::form_urlencoded;

use leaves::{Leaf, Leaves};
use numbers::Numbers;

use super::masks::{Masks, changed, secrets_of};
use super::registry::Active;
use super::sample::{Sample, WebhookRequest};
use crate::error::{Error, Result};
use crate::requests::headers::{HIDDEN, is_secret};
use crate::requests::script_request::{Received, decoded_body};

/// Replaces credentials.
const MASKED: &str = "masked";
/// Replaces callers' names.
const SOMEBODY: &str = "Somebody";
/// Shorter values of fields with secret names are not secrets, and occur everywhere.
const NAMED_BYTES: usize = 6;
/// More of them is not an honest request; each is searched for in several spellings.
const MOST_NAMED: usize = 1000;
/// Headers added in transit, which mean nothing to a script.
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
/// 409 if the body is not text: a sample cannot contain it.
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
        Error::conflict("notText", "The request's body is not text, so it cannot be used in a sample.")
    })?;
    let mut leaves = Leaves::default();
    leaves.add(None, &leaves::of_path(&path));
    parameters.iter().for_each(|(name, value)| leaves.add(Some(name), value));
    leaves.add(None, &body);
    for (_, value) in headers.iter().filter(|(name, _)| !is_time(name) && !is_of_the_way(name)) {
        leaves.add_value(value);
    }
    let texts = leaves.0.iter().filter(|leaf| !leaf.holds_others).map(|leaf| leaf.text.as_str());
    let numbers = Numbers::found(active, received_at, texts, result.as_ref());
    let masks = masks(active, request, leaves, result.as_ref())?;
    let clean = |text: &str| numbers.exchanged(&masks.masked(text));

    // Other numbers have another signature.
    let shown = headers.iter().filter(|(name, _)| !is_of_the_way(name) && !name.contains("signature"));
    let headers = shown.map(|(name, value)| {
        let value = value.as_str().unwrap_or_default();
        let value = if value.contains(HIDDEN) || is_secret(name) { MASKED.to_owned() } else { clean(value) };
        (name.clone(), value)
    });
    let mut url = clean(&path);
    if !parameters.is_empty() {
        let cleaned = parameters.iter().map(|(name, value)| (clean(name), clean(value)));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(cleaned).finish();
        url.push('?');
        url.push_str(&query);
    }
    let sample_request = WebhookRequest {
        method: request.method.clone(),
        url: (!url.is_empty()).then_some(url),
        path: String::new(),
        query: Map::new(),
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

/// A name for the sample, as far as its meaning is known.
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

/// The thrown message, without the error's name and position, which samples do not have.
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

/// The parts of a result with numbers: events, and the record.
fn parts(result: Option<&Value>) -> Vec<&Value> {
    let record = result.and_then(|result| result.get("callRecord"));
    events(result).into_iter().chain(record).collect()
}

/// Masks secrets, callers' names and addresses.
fn masks(active: &Active, request: &Received, leaves: Leaves, result: Option<&Value>) -> Result<Masks> {
    let mut given = Leaves::default();
    result.into_iter().for_each(|result| given.add_value(result));
    let texts = leaves.0.iter().chain(&given.0).filter(|leaf| !leaf.holds_others);
    let addresses = emails::exchanged(texts.map(|leaf| leaf.text.as_str()));
    let names = parts(result).into_iter().filter_map(|part| part["callerName"].as_str());
    let names = names.filter(|name| name.len() >= 3).map(|name| (name.to_owned(), SOMEBODY.to_owned()));
    let names: Vec<_> = names.chain(addresses).collect();
    let is_named = |leaf: &Leaf| leaf.name.as_ref().is_some_and(|name| is_secret(&name.to_ascii_lowercase()));
    let named =
        leaves.0.into_iter().filter(is_named).flat_map(|leaf| std::iter::once(leaf.text).chain(leaf.raw));
    let named: BTreeSet<String> =
        named.filter(|value| value.len() >= NAMED_BYTES).take(MOST_NAMED + 1).collect();
    if named.len() > MOST_NAMED {
        let detail = format!("The request has more than {MOST_NAMED} fields with names of secrets.");
        return Err(Error::conflict("tooMuch", detail));
    }
    let others = names.into_iter().chain(named.into_iter().map(|value| (value, MASKED.to_owned())));
    Masks::new(secrets_of(active, request), MASKED, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thrown_message_loses_its_name_and_position() {
        assert_eq!(thrown("Error: No such call. (line 3, column 9)"), "No such call.");
        assert_eq!(thrown("SyntaxError: Unexpected end. (line 1, column 1)"), "Unexpected end.");
        assert_eq!(thrown("No such call: 5"), "No such call: 5");
    }
}
