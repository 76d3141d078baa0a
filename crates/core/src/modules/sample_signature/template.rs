//! Templates of recipes: `{url}{form:sorted}`.

use std::cell::Cell;

use chrono::SecondsFormat;
use md5::Digest as _;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::{Signer, hex};
use crate::modules::outgoing::{MOST_BYTES, Outgoing};

/// The known placeholders.
const KNOWN: &str = "url, method, body, body:sha256, body:md5, now:seconds, now:milliseconds, now:rfc3339, header:NAME, \
                     query:NAME, form:NAME, form:sorted, setting:NAME";

/// How much the recipes of one request may still read and write: templates that repeat each other's text would double
/// it each time.
pub struct Room(Cell<usize>);

impl Room {
    pub const fn new() -> Self {
        Self(Cell::new(MOST_BYTES))
    }

    fn take(&self, bytes: usize) -> Result<(), String> {
        let left = self.0.get().checked_sub(bytes);
        let too_much =
            || format!("the recipes produce more than {MOST_BYTES} bytes; shorten them or the request");
        self.0.set(left.ok_or_else(too_much)?);
        Ok(())
    }
}

/// Expands the placeholders, as bytes: a body may not be text.
pub(crate) fn expand(
    text: &str,
    request: &Outgoing,
    signer: &Signer<'_>,
    room: &Room,
) -> Result<Vec<u8>, String> {
    let mut expanded = Vec::new();
    let mut rest = text;
    room.take(text.len())?;
    while let Some(begin) = rest.find('{') {
        expanded.extend_from_slice(&rest.as_bytes()[..begin]);
        let end = rest[begin..].find('}').ok_or_else(|| format!("\"{text}\": missing closing brace"))?;
        expanded.extend(placeholder(&rest[begin + 1..begin + end], request, signer, room)?);
        rest = &rest[begin + end + 1..];
    }
    expanded.extend_from_slice(rest.as_bytes());
    Ok(expanded)
}

fn placeholder(name: &str, request: &Outgoing, signer: &Signer<'_>, room: &Room) -> Result<Vec<u8>, String> {
    let (kind, of) = name.split_once(':').unwrap_or((name, ""));
    // Count everything that is read or copied: digests and sorting take time, too.
    room.take(match kind {
        "body" | "form" => request.body.len(),
        "url" | "query" => request.target.len(),
        "header" => request.headers.get(of).map_or(0, String::len),
        "setting" => signer.settings.get(of).and_then(Value::as_str).map_or(0, str::len),
        _ => 0,
    })?;
    let missing = |what: &str| format!("{{{name}}}: the request has no such {what}");
    let text = match (kind, of) {
        ("url", "") => request.url(),
        ("method", "") => request.method.clone(),
        ("body", "") => return Ok(request.body.clone()),
        ("body", "sha256") => hex::encode(&Sha256::digest(&request.body)),
        ("body", "md5") => hex::encode(&md5::Md5::digest(&request.body)),
        ("now", "seconds") => signer.now.timestamp().to_string(),
        ("now", "milliseconds") => signer.now.timestamp_millis().to_string(),
        ("now", "rfc3339") => signer.now.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        ("header", _) => request.headers.get(of).cloned().ok_or_else(|| missing("header"))?,
        ("query", _) => value_of(request.parameters(), of).ok_or_else(|| missing("parameter"))?,
        ("form", "sorted") => {
            let mut fields = form_fields(&request.body);
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            fields.into_iter().map(|(name, value)| name + &value).collect()
        }
        ("form", _) => value_of(form_fields(&request.body), of).ok_or_else(|| missing("field"))?,
        ("setting", _) => match signer.settings.get(of) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => return Err(format!("{{{name}}}: the setting is not set")),
            Some(other) => other.to_string(),
        },
        _ => return Err(format!("{{{name}}} is unknown; use one of {KNOWN}")),
    };
    Ok(text.into_bytes())
}

/// The fields of a urlencoded body, in order.
fn form_fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn value_of(pairs: Vec<(String, String)>, name: &str) -> Option<String> {
    pairs.into_iter().find(|(found, _)| found == name).map(|(_, value)| value)
}
