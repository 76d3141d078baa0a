//! Calls as scenarios speak of them, and what is different from what was expected.

use std::fmt::Write as _;

use hookswitch_model::{CallView, FactKind, OperatorLeg, OperatorState, view};
use hookswitch_store::StoredCall;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};

use hookswitch_core::modules::scenario::ExpectedCall;

/// A call.
pub struct Shown {
    /// By the names of scenarios.
    fields: Map<String, Value>,
    /// Whether the provider's own times say how long everything took.
    times_decide: bool,
    /// Whether the seconds of talk are the provider's, by its times or in a record.
    talk_decided: bool,
}

impl Shown {
    /// A call as it is now.
    pub fn new(stored: &StoredCall) -> Self {
        let view = view(&stored.call);
        let facts = &stored.call.facts;
        let times_decide = facts
            .iter()
            .filter(|fact| !matches!(fact.kind, FactKind::Record | FactKind::TimedOut))
            .all(|fact| fact.timed);
        let recorded =
            facts.iter().any(|fact| fact.record.as_ref().is_some_and(|record| record.talk_seconds.is_some()));
        let fields = json!({
            "callId": stored.call.call_id,
            "direction": view.direction,
            "state": view.state,
            "disposition": view.disposition,
            "clientNumber": client_number(&view),
            "callerName": view.caller_name,
            "line": view.line,
            "operators": numbers(&view, |leg| {
                !matches!(leg.state, OperatorState::AnsweredElsewhere | OperatorState::Missed)
            }),
            "talkSeconds": view.talk_seconds,
            "missed": view.missed,
            "missedBy": numbers(&view, |leg| leg.state == OperatorState::Missed),
            "segments": view.segments.iter().map(|segment| json!({
                "operator": segment.extension,
                "talkSeconds": segment.to.map(|to| (to - segment.from).num_seconds()),
            })).collect::<Vec<_>>(),
            "recording": view.recording.is_some(),
        });
        let fields = fields.as_object().cloned().unwrap_or_default();
        Self { fields, times_decide, talk_decided: times_decide || recorded }
    }

    /// Whether the call is over.
    pub fn has_ended(&self) -> bool {
        self.fields["state"] == "ended"
    }

    /// The call and what was expected of it, both by the fields that count.
    fn beside(&self, expected: &ExpectedCall, any_order: bool) -> (Value, Value) {
        let (mut wanted, mut got) = (Map::new(), Map::new());
        for (name, value) in expected {
            if any_order && name == "talkSeconds" && !self.talk_decided {
                continue;
            }
            let (value, actual) = match name.as_str() {
                "operators" | "missedBy" => (sorted(value), self.fields[name].clone()),
                "segments" => segments(value, &self.fields[name], any_order && !self.times_decide),
                _ => (value.clone(), self.fields.get(name).cloned().unwrap_or_default()),
            };
            wanted.insert(name.clone(), value);
            got.insert(name.clone(), actual);
        }
        (wanted.into(), got.into())
    }
}

/// What is different, as lines; none where nothing is. In any order, calls may have begun in any order too, and lengths count
/// only where the provider says them.
pub fn difference(expected: &[ExpectedCall], calls: &[Shown], any_order: bool) -> Option<String> {
    let mut left: Vec<&Shown> = calls.iter().collect();
    if any_order {
        // Each expected call next to the one that it is.
        for (index, expected) in expected.iter().enumerate() {
            let same = |call: &&Shown| {
                let (wanted, got) = call.beside(expected, any_order);
                wanted == got
            };
            if let Some(found) = left.iter().skip(index).position(same) {
                left.swap(index, index + found);
            }
        }
    }
    let (mut wanted, mut got) = (Vec::new(), Vec::new());
    for (expected, call) in expected.iter().zip(&left) {
        let (expected, call) = call.beside(expected, any_order);
        wanted.push(expected);
        got.push(call);
    }
    wanted.extend(expected.iter().skip(left.len()).cloned().map(Value::Object));
    got.extend(left.iter().skip(expected.len()).map(|call| Value::Object(call.fields.clone())));
    (wanted != got).then(|| diff(&wanted.into(), &got.into()))
}

/// Two values line by line.
pub fn diff(expected: &Value, got: &Value) -> String {
    let pretty = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    let mut lines = "- expected, + got\n".to_owned();
    for change in TextDiff::from_lines(&pretty(expected), &pretty(got)).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let _ = writeln!(lines, "{sign} {}", change.value().trim_end());
    }
    lines
}

fn client_number(view: &CallView) -> Option<&str> {
    view.client_e164.as_deref().or(view.client_raw.as_deref()).filter(|_| !view.is_withheld())
}

/// The numbers of members, sorted.
fn numbers(view: &CallView, which: impl Fn(&OperatorLeg) -> bool) -> Value {
    let legs = view.operators.iter().filter(|leg| leg.user.is_some() && which(leg));
    let mut numbers: Vec<_> = legs.map(|leg| leg.extension.as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    json!(numbers)
}

fn sorted(value: &Value) -> Value {
    let Some(values) = value.as_array() else { return value.clone() };
    let mut values = values.clone();
    values.sort_by_key(ToString::to_string);
    values.into()
}

/// Segments by the fields that are named.
fn segments(expected: &Value, got: &Value, without_lengths: bool) -> (Value, Value) {
    let (Some(wanted), Some(found)) = (expected.as_array(), got.as_array()) else {
        return (expected.clone(), got.clone());
    };
    let counts = |name: &str| !(without_lengths && name == "talkSeconds");
    let named = |segment: &Value, by: Option<&Value>| {
        let (Some(segment), Some(by)) = (segment.as_object(), by.and_then(Value::as_object)) else {
            return segment.clone();
        };
        let fields = by.keys().filter(|name| counts(name));
        fields
            .map(|name| (name.clone(), segment.get(name).cloned().unwrap_or_default()))
            .collect::<Map<_, _>>()
            .into()
    };
    let expected = wanted.iter().map(|segment| named(segment, Some(segment))).collect();
    let got = found.iter().enumerate().map(|(index, segment)| named(segment, wanted.get(index))).collect();
    (Value::Array(expected), Value::Array(got))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(fields: Value, times_decide: bool) -> Shown {
        let fields = fields.as_object().cloned().expect("an object");
        Shown { fields, times_decide, talk_decided: times_decide }
    }

    fn expected(calls: Value) -> Vec<ExpectedCall> {
        serde_json::from_value(calls).expect("calls")
    }

    #[test]
    fn only_named_fields_count_and_every_call_does() {
        let calls =
            [shown(json!({ "state": "ended", "operators": ["101", "102"], "talkSeconds": 5 }), false)];
        let right = expected(json!([{ "operators": ["102", "101"] }]));
        assert_eq!(difference(&right, &calls, false), None);
        let none = difference(&[], &calls, false).expect("a call too many");
        assert!(none.contains("+     \"state\": \"ended\""), "{none}");
        let wrong =
            difference(&expected(json!([{ "state": "talking" }])), &calls, false).expect("another state");
        assert!(wrong.contains("-     \"state\": \"talking\"\n+     \"state\": \"ended\""), "{wrong}");
    }

    #[test]
    fn in_any_order_calls_are_found_and_lengths_count_where_they_are_known() {
        let segments = json!([{ "operator": "101", "talkSeconds": 9 }]);
        let calls = [
            shown(json!({ "callId": "b", "talkSeconds": 1, "segments": segments }), false),
            shown(json!({ "callId": "a", "talkSeconds": 2, "segments": [] }), true),
        ];
        let right = json!([
            { "callId": "a", "talkSeconds": 2 },
            { "callId": "b", "talkSeconds": 7, "segments": [{ "operator": "101", "talkSeconds": 7 }] },
        ]);
        assert_eq!(difference(&expected(right.clone()), &calls, true), None);
        assert!(difference(&expected(right), &calls, false).is_some());
    }
}
