//! What `VoipParseWebhookRequest` may return, and the errors for everything else.

use std::collections::BTreeMap;

use hookswitch_model::contract::{
    Context, ContractError, Direction, Disposition, Event, EventKind, KeyedFact, ParseResult, facts,
    parse_result,
};
use hookswitch_model::phone::Written;
use hookswitch_model::{CallKey, RequestId};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::story::time;

/// An event that meets the contract, with `changes` applied; null removes a field.
fn event(changes: Value) -> Value {
    let mut event = json!({
        "event": "notifyStart", "direction": "in", "disposition": "unknown",
        "srcPhone": "+442079460000", "dstPhone": "101",
    });
    let fields = event.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            fields.remove(name);
        } else {
            fields.insert(name.clone(), value.clone());
        }
    }
    event
}

fn record(changes: Value) -> Value {
    let mut record = event(changes);
    record.as_object_mut().expect("an object").remove("event");
    record
}

fn parsed(value: Value) -> ParseResult {
    parse_result(value.clone()).unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn facts_of(value: Value) -> Vec<KeyedFact> {
    let context = Context {
        bound: &|_| None,
        country: "GB".parse().ok(),
        written: Written::Both,
        received_at: time(0),
        source: RequestId(Uuid::nil()),
    };
    facts(&parsed(value), &context)
}

#[track_caller]
pub fn check<T: std::fmt::Debug>(result: Result<T, ContractError>, expected: &str) {
    let error = result.expect_err(expected);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn breaches_of_the_contract_are_reported_by_path() {
    let long = "9".repeat(600);
    let numbers = "missing: without a callId, give direction, srcPhone and dstPhone (\"anonymous\" for an unknown number)";
    let partly = "missing: give direction, srcPhone and dstPhone (\"anonymous\" for an unknown number), or callId and no numbers";
    let kinds = "\"notifyStart\", \"notifyAnswer\", \"notifyHold\", \"notifyUnhold\", \"notifyRedirect\" or \"notifyEnd\"";
    let cases = [
        (
            Value::Null,
            "VoipParseWebhookRequest: returned nothing; return an object ({} if there is nothing to report)"
                .to_owned(),
        ),
        (json!("ok"), "VoipParseWebhookRequest: must be an object, not \"ok\"".into()),
        (json!(5), "VoipParseWebhookRequest: must be an object, not 5".into()),
        (json!({ "event": "start" }), "event: must be an object, not \"start\"".into()),
        (json!({ "event": event(json!({ "event": null })) }), "event.event: missing".into()),
        (
            json!({ "event": event(json!({ "event": "ring" })) }),
            format!("event.event: must be {kinds}, not \"ring\""),
        ),
        (json!({ "event": event(json!({ "event": 1 })) }), "event.event: must be a string, not 1".into()),
        (
            json!({ "event": event(json!({ "direction": "inbound" })) }),
            "event.direction: must be \"in\", \"out\" or \"internal\", not \"inbound\"".into(),
        ),
        (json!({ "event": event(json!({ "direction": null })) }), format!("event.direction: {numbers}")),
        (json!({ "event": event(json!({ "srcPhone": "" })) }), format!("event.srcPhone: {numbers}")),
        (
            json!({ "event": event(json!({ "srcPhone": " ", "callId": "a" })) }),
            format!("event.srcPhone: {partly}"),
        ),
        (
            json!({ "event": event(json!({ "srcPhone": { "number": 1 } })) }),
            "event.srcPhone: must be a string, not an object".into(),
        ),
        (
            json!({ "event": event(json!({ "srcPhone": ["1"] })) }),
            "event.srcPhone: must be a string, not a list".into(),
        ),
        (
            json!({ "event": event(json!({ "srcPhone": true })) }),
            "event.srcPhone: must be a string, not true".into(),
        ),
        (
            json!({ "event": event(json!({ "callId": long })) }),
            "event.callId: must not be longer than 512 bytes".into(),
        ),
        (json!({ "events": {} }), "events: must be a list, not an object".into()),
        (
            json!({ "events": [event(json!({})), event(json!({})), event(json!({ "dstPhone": null }))] }),
            format!("events[2].dstPhone: {numbers}"),
        ),
        (
            json!({ "events": [event(json!({})), event(json!({ "direction": "up" }))] }),
            "events[1].direction: must be \"in\", \"out\" or \"internal\", not \"up\"".into(),
        ),
        (
            json!({ "events": vec![event(json!({})); 1001] }),
            "events: at most 1000 events in one request, not 1001".into(),
        ),
        (
            json!({ "callRecord": record(json!({})) }),
            "callRecord.duration: missing: give the seconds of talk (optional with a callId)".into(),
        ),
        (
            json!({ "callRecord": record(json!({ "duration": "a minute" })) }),
            "callRecord.duration: must be a number, not \"a minute\"".into(),
        ),
        (
            json!({ "callRecord": record(json!({ "duration": -5 })) }),
            "callRecord.duration: must be seconds of talk, from 0 to 10000000, not -5".into(),
        ),
        (
            json!({ "callRecord": record(json!({ "duration": "NaN" })) }),
            "callRecord.duration: must be seconds of talk, from 0 to 10000000, not NaN".into(),
        ),
        (
            json!({ "callRecord": record(json!({ "duration": 5, "dstPhone": null })) }),
            format!("callRecord.dstPhone: {numbers}"),
        ),
        (
            json!({ "response": { "status": 99 } }),
            "response.status: must be an HTTP status from 200 to 599, not 99".into(),
        ),
        (
            json!({ "response": { "status": 70_000 } }),
            "response.status: must be a whole number from 0 to 65535, not 70000".into(),
        ),
        (
            json!({ "response": { "status": "ok" } }),
            "response.status: must be a whole number from 0 to 65535, not \"ok\"".into(),
        ),
        (
            json!({ "response": { "headers": { "X-Id": {} } } }),
            "response.headers.X-Id: must be a string, not an object".into(),
        ),
        (
            json!({ "response": { "headers": { "a b": "c" } } }),
            "response.headers.a b: is not a header name; use letters, digits and -".into(),
        ),
        (
            json!({ "response": { "headers": { "X-Id": "a\r\nSet-Cookie: b" } } }),
            "response.headers.X-Id: must not contain line breaks or other control characters".into(),
        ),
    ];
    for (value, expected) in cases {
        check(parse_result(value), &expected);
    }
}

/// The warnings of a result, as `path: message`.
fn warnings(value: Value) -> Vec<String> {
    let said =
        parsed(value).warnings.into_iter().map(|warning| format!("{}: {}", warning.path, warning.message));
    said.collect()
}

#[test]
fn only_fields_that_identify_the_call_may_fail_it() {
    let outcomes =
        "\"unknown\", \"answered\", \"noAnswer\", \"busy\", \"cancelled\", \"failed\" or \"voicemail\"";
    let a_time = "must be a time with its zone, such as \"2026-01-31T12:00:00Z\"";
    let plain = facts_of(json!({ "event": event(json!({})) }));
    for (change, expected) in [
        (json!({ "disposition": "gone" }), format!("event.disposition: must be {outcomes}, not \"gone\"")),
        (json!({ "disposition": 5 }), "event.disposition: must be a string, not 5".to_owned()),
        (json!({ "legId": ["a"] }), "event.legId: must be a string, not a list".into()),
        (json!({ "sequence": "first" }), "event.sequence: must be a whole number, not \"first\"".into()),
        (json!({ "sequence": 1.5 }), "event.sequence: must be a whole number, not \"1.5\"".into()),
        (
            json!({ "occurredAt": "2026-01-31 12:00:00" }),
            format!("event.occurredAt: {a_time}, not \"2026-01-31 12:00:00\""),
        ),
        (json!({ "occurredAt": 1_700_000_000 }), format!("event.occurredAt: {a_time}, not \"1700000000\"")),
        (
            json!({ "occurredAt": "+99999-01-01T00:00:00Z" }),
            "event.occurredAt: must be between the years 2000 and 2100, not in 99999".into(),
        ),
        (json!({ "redirectTo": { "a": 1 } }), "event.redirectTo: must be a string, not an object".into()),
        (json!({ "callerName": false }), "event.callerName: must be a string, not false".into()),
    ] {
        let given = json!({ "event": event(change) });
        assert_eq!(warnings(given.clone()), [format!("{expected}; it was left out")]);
        assert_eq!(facts_of(given), plain);
    }
    let long = "ü".repeat(600);
    let given = json!({ "events": [event(json!({})), event(json!({ "callerName": long, "line": "x".repeat(513) }))] });
    assert_eq!(
        warnings(given.clone()),
        [
            "events[1].callerName: is longer than 512 bytes and was cut",
            "events[1].line: is longer than 512 bytes and was cut",
        ]
    );
    assert_eq!(facts_of(given)[1].fact.caller_name.as_deref(), Some(&long[..512]));
    let record =
        json!({ "callRecord": { "callId": "a", "duration": "a minute", "call": "x".repeat(70_000) } });
    assert_eq!(
        warnings(record.clone()),
        [
            "callRecord.call: must not be longer than 65536 bytes as JSON; return what identifies the recording, not the recording itself; it was left out",
            "callRecord.duration: must be a number, not \"a minute\"; it was left out",
        ]
    );
    assert_eq!(facts_of(record).len(), 1);
}

#[test]
fn unknown_fields_give_warnings_with_a_suggestion() {
    let event = event(json!({ "srcPhoneEx": "101", "call_id": "a", "extension": "101" }));
    let given = json!({ "evnet": {}, "event": event, "callRecord": { "callId": "a", "durration": 5 }, "response": { "body": "" } });
    let ignored = "is not a field of the contract and was ignored";
    assert_eq!(
        warnings(given),
        [
            format!("evnet: {ignored}; did you mean event?"),
            format!("event.call_id: {ignored}; did you mean callId?"),
            format!("event.extension: {ignored}"),
            format!("event.srcPhoneEx: {ignored}; did you mean srcPhoneExt?"),
            format!("callRecord.durration: {ignored}; did you mean duration?"),
            format!("response.body: {ignored}"),
        ]
    );
    let many: serde_json::Map<_, _> =
        (0..1000).map(|n| (format!("{n}{}", "x".repeat(500)), json!(n))).collect();
    let given = warnings(Value::Object(many));
    assert!(given.len() == 20 && given.iter().all(|warning| warning.len() < 200), "{given:?}");
    assert_eq!(
        warnings(json!({ "event": null, "events": [], "response": { "status": 200 } })),
        Vec::<String>::new()
    );
}

#[test]
fn values_nested_too_deep_are_not_kept() {
    let nested = |levels: usize| {
        (0..levels).fold(
            json!(1),
            |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "a": inner }) },
        )
    };
    let record = |levels| json!({ "callRecord": { "callId": "a", "call": nested(levels) } });
    assert_eq!(warnings(record(32)), Vec::<String>::new());
    let data = |value| facts_of(value)[0].fact.record.clone().and_then(|record| record.data);
    assert_eq!(data(record(32)), Some(nested(32)));
    let left_out = "callRecord.call: must not be nested deeper than 32 levels; it was left out";
    assert_eq!((warnings(record(33)), data(record(33))), (vec![left_out.to_owned()], None));
    assert_eq!(data(record(300)), None);
    check(
        parse_result(json!({ "response": { "content": nested(40) } })),
        "response.content: must not be nested deeper than 32 levels",
    );
    assert_eq!(warnings(json!({ "deep": nested(300) })).len(), 1);
}

#[test]
fn long_values_are_cut_in_messages() {
    let error = parse_result(json!({ "event": event(json!({ "direction": "x".repeat(5000) })) }));
    assert!(error.expect_err("no direction").to_string().len() < 200);
}

#[test]
fn enum_values_are_read_in_any_common_spelling() {
    for text in ["notifyRedirect", "NotifyRedirect", "notify_redirect", "NOTIFY-REDIRECT", "Notify redirect"]
    {
        let result = parsed(json!({ "event": event(json!({ "event": text })) }));
        assert_eq!(result.event.map(|event: Event| event.event), Some(EventKind::NotifyRedirect), "{text}");
    }
    for text in ["noAnswer", "NoAnswer", "NO_ANSWER", "no answer"] {
        let facts = facts_of(json!({ "event": event(json!({ "disposition": text })) }));
        assert_eq!(facts[0].fact.disposition, Disposition::NoAnswer, "{text}");
    }
    for text in ["In", "IN", "in"] {
        let facts = facts_of(json!({ "event": event(json!({ "direction": text })) }));
        assert_eq!(facts[0].fact.parties.as_ref().map(|parties| parties.direction), Some(Direction::In));
    }
}

#[test]
fn every_enum_value_is_written_as_it_is_read() {
    for direction in Direction::ALL {
        assert_eq!(serde_json::from_value::<Direction>(json!(direction.as_str())).ok(), Some(*direction));
        assert_eq!(json!(direction), direction.as_str());
    }
    for disposition in Disposition::ALL {
        assert_eq!(json!(disposition), disposition.as_str());
    }
    for kind in EventKind::ALL {
        assert_eq!(json!(kind), kind.as_str());
    }
}

#[test]
fn numbers_count_as_strings_and_numeric_strings_as_numbers() {
    let given = event(json!({
        "srcPhone": 442_079_460_000_u64, "dstPhone": 101, "callId": 7.5, "legId": -3, "sequence": "12",
    }));
    let fact = &facts_of(json!({ "event": given }))[0];
    let parties = fact.fact.parties.as_ref().expect("parties");
    assert_eq!((parties.src.as_str(), parties.dst.as_str()), ("442079460000", "101"));
    assert_eq!(parties.client_e164.as_deref(), Some("+442079460000"));
    assert_eq!(fact.key, CallKey::Id("7.5".to_owned()));
    assert_eq!((fact.fact.leg.as_deref(), fact.fact.sequence), (Some("-3"), Some(12)));
    for (given, seconds) in [(json!(12), 12), (json!("12"), 12), (json!(11.6), 12), (json!(0), 0)] {
        let facts = facts_of(json!({ "callRecord": record(json!({ "duration": given })) }));
        assert_eq!(facts[0].fact.record.as_ref().and_then(|record| record.talk_seconds), Some(seconds));
    }
}

#[test]
fn optional_fields_may_be_null_or_empty() {
    let everything_null = json!({ "event": null, "events": null, "callRecord": null, "response": null });
    assert_eq!(parsed(everything_null), ParseResult::default());
    let mut given = event(json!({}));
    for name in [
        "disposition",
        "srcPhoneExt",
        "dstPhoneExt",
        "callId",
        "legId",
        "sequence",
        "occurredAt",
        "redirectTo",
        "callerName",
        "line",
    ] {
        given[name] = Value::Null;
    }
    let plain = facts_of(json!({ "event": event(json!({})) }));
    assert_eq!(facts_of(json!({ "event": given })), plain);
    for name in ["srcPhoneExt", "callId", "legId", "sequence", "occurredAt", "redirectTo"] {
        given[name] = " ".into();
    }
    assert_eq!(facts_of(json!({ "event": given })), plain);
    assert_eq!(facts_of(json!({ "callRecord": { "callId": "a", "duration": null, "call": null } })).len(), 1);
}

#[test]
fn with_a_call_id_numbers_may_be_left_out() {
    for given in [
        json!({ "event": "notifyEnd", "callId": "a" }),
        json!({ "event": "notifyEnd", "callId": "a", "direction": "in" }),
    ] {
        let facts = facts_of(json!({ "event": given }));
        assert_eq!((facts[0].key.clone(), &facts[0].fact.parties), (CallKey::Id("a".to_owned()), &None));
    }
}

#[test]
fn batch_keeps_its_order() {
    let one = |kind: &str| json!({ "event": kind, "callId": "a" });
    let kinds = ["notifyHold", "notifyUnhold", "notifyHold"];
    let facts = facts_of(json!({ "event": event(json!({ "callId": "a" })), "events": kinds.map(one) }));
    assert_eq!(facts.len(), 4);
    assert!(facts.is_sorted_by(|a, b| a.fact.at < b.fact.at));
    assert!(!facts[1].fact.same_as(&facts[3].fact), "two holds are two");
}

#[test]
fn response_is_taken_as_is() {
    let response =
        parsed(json!({ "response": { "headers": { "X-Count": 5 }, "content": { "ok": true } } })).response;
    let response = response.expect("a response");
    assert_eq!(response.status, 200);
    assert_eq!(response.headers, BTreeMap::from([("X-Count".to_owned(), "5".to_owned())]));
    assert_eq!(response.content, json!({ "ok": true }));
    assert_eq!(parsed(json!({ "response": { "headers": null } })).response.map(|r| r.status), Some(200));
}
