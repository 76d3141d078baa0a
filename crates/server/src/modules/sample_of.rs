//! A sample of a request that reached a module: numbers of people become numbers that nobody has, and what proves who
//! somebody is becomes `masked`.

mod numbers;

use aho_corasick::{AhoCorasick, MatchKind};
use chrono::{DateTime, Utc};
use hookswitch_store::RequestError;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Number, Value};
use url::form_urlencoded;

use numbers::Numbers;

use super::registry::Active;
use super::sample::{Sample, WebhookRequest};
use crate::error::{ApiError, ApiResult};
use crate::intake::headers::{HIDDEN, is_secret};
use crate::intake::script_request::{Received, by_name, decoded_body};

/// Stands for what proves who somebody is.
const MASKED: &str = "masked";
/// Stands for callers' names.
const SOMEBODY: &str = "Somebody";
/// Shorter texts are not secrets, and stand everywhere.
const SECRET_BYTES: usize = 6;
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
) -> ApiResult<Sample> {
    let (path, parameters) = (request.address.path(), request.address.parameters());
    let headers = &request.headers;
    let decoded = decoded_body(headers, &request.body, max_body_bytes).await.ok().flatten();
    let body = String::from_utf8(decoded.unwrap_or_else(|| request.body.clone())).map_err(|_| {
        ApiError::conflict("notText", "The request's body is not text, and a sample can hold nothing else.")
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
    let masks = Masks::new(active, &parameters, &body, result.as_ref())?;
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

/// A value with its texts and numbers changed.
fn changed(value: Value, clean: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Number(number) => {
            let text = clean(&number.to_string());
            Value::Number(text.parse::<Number>().unwrap_or(number))
        }
        Value::Array(items) => items.into_iter().map(|item| changed(item, clean)).collect(),
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, changed(value, clean))).collect()
        }
        value => value,
    }
}

/// Texts to be put in the place of others.
struct Masks {
    of: AhoCorasick,
    with: Vec<&'static str>,
}

impl Masks {
    fn new(
        active: &Active,
        parameters: &[(String, String)],
        body: &str,
        result: Option<&Value>,
    ) -> ApiResult<Self> {
        let mut secrets = vec![active.module.webhook_token.clone()];
        let kept = active.values.iter().filter(|(name, _)| active.is_secret(name));
        secrets.extend(kept.filter_map(|(_, value)| value.as_str().map(str::to_owned)));
        let form = form_urlencoded::parse(body.as_bytes());
        let fields = parameters.iter().cloned().chain(form.into_owned());
        secrets
            .extend(fields.filter(|(name, _)| is_secret(&name.to_ascii_lowercase())).map(|(_, value)| value));
        if let Ok(body) = serde_json::from_str::<Value>(body) {
            secret_members(&body, &mut secrets);
        }
        let names =
            parts(result).into_iter().filter_map(|part| part["callerName"].as_str().map(str::to_owned));
        let texts =
            secrets.into_iter().filter(|secret| secret.len() >= SECRET_BYTES).map(|text| (text, MASKED));
        let texts = texts.chain(names.filter(|name| name.len() >= 3).map(|name| (name, SOMEBODY)));
        let spelled = texts.flat_map(|(text, with)| spellings(&text).map(|spelling| (spelling, with)));
        let (of, with): (Vec<String>, Vec<_>) = spelled.unzip();
        let of = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(of);
        Ok(Self { of: of.map_err(ApiError::internal)?, with })
    }

    fn masked(&self, text: &str) -> String {
        self.of.replace_all(text, &self.with)
    }
}

/// A text as it is, in a URL, in a form and in JSON.
fn spellings(text: &str) -> [String; 4] {
    let json = Value::from(text).to_string();
    [
        text.to_owned(),
        utf8_percent_encode(text, NON_ALPHANUMERIC).to_string(),
        form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        json[1..json.len() - 1].to_owned(),
    ]
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
