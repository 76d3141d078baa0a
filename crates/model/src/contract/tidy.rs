//! Flaws in a script's result that are no reason to lose a call: they are removed or cut, with a warning.

use std::fmt::Display;

use chrono::{DateTime, Datelike, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::check::{MAX_CALL_DATA, MAX_DEPTH, MAX_SECONDS, MAX_TEXT, is_too_deep};
use super::lenient::folded;
use super::wording::{problem, shown};
use super::{Disposition, lenient};

/// Something in a script's result that was ignored, cut or left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Warning {
    /// The path, e.g. `event.callerName`.
    pub path: String,
    /// What is wrong and what was done about it.
    pub message: String,
}

impl Warning {
    #[must_use]
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }
}

/// Maximum number of warnings kept per request; further ones add nothing.
pub const MAX_WARNINGS: usize = 20;
/// Longest field name in a path.
const MAX_NAME: usize = 80;

/// What a field must hold, as far as it can be repaired here. Everything else is checked when the result is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Identifies the call or says what happened: never repaired.
    Needed,
    Text,
    Whole,
    Time,
    Disposition,
    Seconds,
    Data,
}

type Fields = &'static [(&'static str, Kind)];

const RESULT: Fields = &[
    ("event", Kind::Needed),
    ("events", Kind::Needed),
    ("callRecord", Kind::Needed),
    ("response", Kind::Needed),
];

const EVENT: Fields = &[
    ("event", Kind::Needed),
    ("direction", Kind::Needed),
    ("srcPhone", Kind::Needed),
    ("srcPhoneExt", Kind::Needed),
    ("dstPhone", Kind::Needed),
    ("dstPhoneExt", Kind::Needed),
    ("callId", Kind::Needed),
    ("disposition", Kind::Disposition),
    ("legId", Kind::Text),
    ("sequence", Kind::Whole),
    ("occurredAt", Kind::Time),
    ("redirectTo", Kind::Text),
    ("callerName", Kind::Text),
    ("line", Kind::Text),
];

const RECORD: Fields = &[
    ("direction", Kind::Needed),
    ("srcPhone", Kind::Needed),
    ("srcPhoneExt", Kind::Needed),
    ("dstPhone", Kind::Needed),
    ("dstPhoneExt", Kind::Needed),
    ("callId", Kind::Needed),
    ("disposition", Kind::Disposition),
    ("duration", Kind::Seconds),
    ("call", Kind::Data),
];

const RESPONSE: Fields = &[("status", Kind::Needed), ("headers", Kind::Needed), ("content", Kind::Needed)];

/// Removes and cuts what is wrong and returns the warnings. Allocates nothing if nothing is wrong.
pub(super) fn tidy(result: &mut Value) -> Vec<Warning> {
    let mut warnings = Warnings(Vec::new());
    let Some(result) = result.as_object_mut() else { return warnings.0 };
    warnings.object(result, RESULT, &"");
    let mut part = |name: &str, fields| {
        if let Some(Value::Object(object)) = result.get_mut(name) {
            warnings.object(object, fields, &name);
        }
    };
    part("event", EVENT);
    part("callRecord", RECORD);
    part("response", RESPONSE);
    if let Some(Value::Array(events)) = result.get_mut("events") {
        for (index, event) in events.iter_mut().enumerate() {
            if let Value::Object(event) = event {
                warnings.object(event, EVENT, &format_args!("events[{index}]"));
            }
        }
    }
    warnings.0
}

struct Warnings(Vec<Warning>);

impl Warnings {
    fn object(&mut self, object: &mut Map<String, Value>, fields: Fields, path: &dyn Display) {
        let has_id = object.get("callId").is_some_and(|id| !matches!(id, Value::Null) && *id != "");
        let mut unknown = false;
        for (name, value) in object.iter_mut() {
            match fields.iter().find(|(known, _)| known == name) {
                // The length is required without an id.
                Some((_, Kind::Seconds)) if !has_id => {}
                Some((_, kind)) => {
                    if let Some(problem) = kind.mend(value) {
                        self.add(path, name, problem);
                    }
                }
                None => {
                    unknown = true;
                    self.add(path, name, no_such_field(name, fields));
                }
            }
        }
        if unknown {
            object.retain(|name, _| fields.iter().any(|(known, _)| known == name));
        }
    }

    fn add(&mut self, path: &dyn Display, name: &str, message: String) {
        if self.0.len() < MAX_WARNINGS {
            let path = path.to_string();
            let dot = if path.is_empty() { "" } else { "." };
            let name: String = name.chars().take(MAX_NAME).collect();
            self.0.push(Warning { path: format!("{path}{dot}{name}"), message });
        }
    }
}

impl Kind {
    /// Makes the value readable; returns what was wrong with it.
    fn mend(self, value: &mut Value) -> Option<String> {
        let problem = match (self, &*value) {
            (Self::Needed, _) | (_, Value::Null) => return None,
            (Self::Text, Value::String(text)) if text.len() > MAX_TEXT => {
                *value = text[..text.floor_char_boundary(MAX_TEXT)].into();
                return Some(format!("is longer than {MAX_TEXT} bytes and was cut"));
            }
            (Self::Text, Value::String(_) | Value::Number(_)) => return None,
            (Self::Whole, Value::Number(number)) if number.is_i64() => return None,
            (Self::Text, other) => lenient::text(other).err().map(of_serde),
            (Self::Whole, other) => lenient::whole_number(other).err().map(of_serde),
            (Self::Time, other) => match lenient::time(other) {
                Ok(at) => at.and_then(wrong_year),
                Err(error) => Some(of_serde(error)),
            },
            (Self::Disposition, other) => Disposition::deserialize(other).err().map(of_serde),
            (Self::Seconds, other) => match lenient::number(other) {
                Ok(Some(seconds)) if !(0.0..=MAX_SECONDS).contains(&seconds) => {
                    Some(format!("must be seconds of talk, from 0 to {MAX_SECONDS}, not {seconds}"))
                }
                Ok(_) => None,
                Err(error) => Some(of_serde(error)),
            },
            (Self::Data, other) if is_too_deep(other, MAX_DEPTH) => {
                Some(format!("must not be nested deeper than {MAX_DEPTH} levels"))
            }
            (Self::Data, other) => (other.to_string().len() > MAX_CALL_DATA).then(|| {
                format!("must not be longer than {MAX_CALL_DATA} bytes as JSON; return what identifies the recording, not the recording itself")
            }),
        };
        let problem = problem?;
        *value = Value::Null;
        Some(format!("{problem}; it was left out"))
    }
}

fn of_serde(error: serde_json::Error) -> String {
    problem(error.to_string())
}

/// A clock this wrong would put the call where nobody finds it.
fn wrong_year(at: DateTime<Utc>) -> Option<String> {
    let year = at.year();
    (!(2000..2100).contains(&year)).then(|| format!("must be between the years 2000 and 2100, not in {year}"))
}

fn no_such_field(name: &str, fields: Fields) -> String {
    match did_you_mean(name, fields.iter().map(|(known, _)| *known)) {
        Some(known) => format!("is not a field of the contract and was ignored; did you mean {known}?"),
        None => "is not a field of the contract and was ignored".to_owned(),
    }
}

/// The known name that was probably meant.
#[must_use]
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(&shown(name));
    let distance = |known: &str| strsim::damerau_levenshtein(&name, &folded(known));
    let nearest = known.map(|known| (distance(known), known)).min()?;
    (nearest.0 * 4 <= name.len().max(4)).then_some(nearest.1)
}
