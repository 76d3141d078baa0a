//! A sample of a request that reached a module: numbers and addresses of people become such as nobody has, and what proves who
//! somebody is becomes `masked`.

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

/// Stands for what proves who somebody is.
const MASKED: &str = "masked";
/// Stands for callers' names.
const SOMEBODY: &str = "Somebody";
/// Shorter values of fields that are named like secrets are none, and stand everywhere.
const NAMED_BYTES: usize = 6;
/// More of them is no honest request; each is looked for in several spellings.
const MOST_NAMED: usize = 1000;
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

    // The signature of other numbers is another.
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

/// What hides secrets, callers' names and addresses.
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
        let detail = format!("The request has more than {MOST_NAMED} fields that are named like secrets.");
        return Err(Error::conflict("tooMuch", detail));
    }
    let others = names.into_iter().chain(named.into_iter().map(|value| (value, MASKED.to_owned())));
    Masks::new(secrets_of(active, request), MASKED, others)
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
