//! Call stories as text: what a provider reports, and what people then see.
//!
//! An event is a line `SECOND KIND [OPERATOR] [key=value …]`: the second of arrival, the kind (`start`, `record`, …),
//! the operator's number (`line` for the company's number, nothing if the event only names the call), and `at=SECOND`
//! (the provider's own time), `seq=N`, `leg=ID`, `to=NUMBER` (of a redirect), `d=DISPOSITION`, `talk=SECONDS`,
//! `data=TEXT`, `from=NUMBER` (the client's), `dir=DIRECTION`, `id=CALL` (`-` for none), `src-ext=NUMBER`,
//! `dst-ext=NUMBER`, `name=TEXT` (the caller's), `line=NUMBER`.
//!
//! `SECOND timeout` is the server's guess that the call is over; `heard=SECOND` gives the last event it heard, if not
//! the line before.

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::contract::{Context, KeyedFact, facts, parse_result};
use hookswitch_model::phone::Written;
use hookswitch_model::{Call, CallId, CallKey, CallView, Fact, ModuleId, RequestId, UserId, reduce, view};
use serde_json::{Value, json};
use uuid::Uuid;

pub const CLIENT: &str = "+442079460000";
const LINE: &str = "+4930901820";

pub fn time(second: i64) -> DateTime<Utc> {
    BEGIN + TimeDelta::seconds(second)
}

/// Second 0 of every story.
const BEGIN: DateTime<Utc> = DateTime::from_timestamp_secs(1_700_000_000).expect("in range");

/// The user bound to each three-digit number, except those starting with 9.
fn bound(number: &str) -> Option<UserId> {
    (number.len() == 3 && !number.starts_with('9'))
        .then(|| UserId(Uuid::from_u128(number.parse().expect("a number"))))
}

/// The fact of one line; `request` is the webhook request that reported it.
pub fn fact(line: &str, request: u128) -> KeyedFact {
    let mut words = line.split_whitespace();
    let second: i64 = words.next().and_then(|word| word.parse().ok()).expect("a line begins with a second");
    let kind = words.next().expect("a kind");
    if kind == "timeout" {
        let heard = words.find_map(|word| word.strip_prefix("heard=")).expect("what was heard last");
        return timed_out(time(second), time(heard.parse().expect("a second")));
    }
    let mut given = json!({ "callId": "c1" });
    let (mut operator, mut client, mut direction) = (None, CLIENT, "in");
    for word in words {
        match word.split_once('=') {
            None => operator = Some(if word == "line" { LINE } else { word }),
            Some(("id", "-")) => given["callId"] = Value::Null,
            Some(("id", id)) => given["callId"] = id.into(),
            Some(("at", at)) => given["occurredAt"] = time(at.parse().expect("a second")).to_rfc3339().into(),
            Some(("seq", number)) => given["sequence"] = number.into(),
            Some(("leg", leg)) => given["legId"] = leg.into(),
            Some(("to", number)) => given["redirectTo"] = number.into(),
            Some(("d", disposition)) => given["disposition"] = disposition.into(),
            Some(("talk", seconds)) => given["duration"] = seconds.into(),
            Some(("data", data)) => given["call"] = data.into(),
            Some(("from", number)) => client = number,
            Some(("src-ext", number)) => given["srcPhoneExt"] = number.into(),
            Some(("dst-ext", number)) => given["dstPhoneExt"] = number.into(),
            Some(("name", name)) => given["callerName"] = name.into(),
            Some(("line", number)) => given["line"] = number.into(),
            Some(("dir", text)) => direction = text,
            Some((key, _)) => panic!("no such key: {key}"),
        }
    }
    if let Some(operator) = operator {
        let (src, dst) = if direction == "out" { (operator, client) } else { (client, operator) };
        given["direction"] = direction.into();
        given["srcPhone"] = src.into();
        given["dstPhone"] = dst.into();
    }
    let result = if kind == "record" {
        json!({ "callRecord": given })
    } else {
        given["event"] = format!("notify_{kind}").into();
        json!({ "event": given })
    };
    let context = Context {
        bound: &bound,
        country: "GB".parse().ok(),
        written: Written::Both,
        received_at: time(second),
        source: RequestId(Uuid::from_u128(request)),
    };
    let result = parse_result(result).unwrap_or_else(|error| panic!("{line}: {error}"));
    facts(&result, &context).pop().expect("one fact")
}

fn timed_out(at: DateTime<Utc>, heard: DateTime<Utc>) -> KeyedFact {
    let fact = Fact { arrived: Some(heard), ..Fact::timed_out(&empty_call(1), at) };
    KeyedFact { key: CallKey::Id("c1".to_owned()), fact }
}

/// A call without facts.
pub fn empty_call(id: u128) -> Call {
    Call {
        id: CallId(Uuid::from_u128(id)),
        module_id: ModuleId(Uuid::nil()),
        call_id: Some("c1".to_owned()),
        facts: vec![],
    }
}

/// The call made of the facts, applied in order.
pub fn call(facts: impl IntoIterator<Item = KeyedFact>) -> Call {
    facts.into_iter().fold(empty_call(1), |call, keyed| {
        reduce(Some(call), keyed.fact, || empty_call(1)).expect("there is room").0
    })
}

/// The facts of a story, one per line, without empty lines; each with a request of its own.
pub fn facts_of(story: &str) -> Vec<KeyedFact> {
    let mut before = "0";
    let facts = (1..).zip(lines(story)).map(|(request, line)| {
        let heard = format!("heard={before}");
        before = line.split_whitespace().next().expect("a second");
        let is_guess = line.contains(" timeout") && !line.contains("heard=");
        fact(&if is_guess { format!("{line} {heard}") } else { line.to_owned() }, request)
    });
    facts.collect()
}

pub fn lines(story: &str) -> impl Iterator<Item = &str> {
    story.lines().map(str::trim).filter(|line| !line.is_empty())
}

/// The view as text: the call, its operators, its segments.
pub fn shown(view: &CallView) -> String {
    let second = |at: DateTime<Utc>| (at - BEGIN).num_seconds().to_string();
    let text = |value: Value| value.as_str().map_or_else(|| "nowhere".to_owned(), str::to_owned);
    let direction = text(json!(view.direction));
    let client = view.client_e164.as_ref().or(view.client_raw.as_ref());
    let mut call = format!("{} {} {direction}", text(json!(view.state)), text(json!(view.disposition)));
    call += &client.map(|client| format!(" {client}")).unwrap_or_default();
    call += &view.caller_name.clone().map(|name| format!(" ({name})")).unwrap_or_default();
    call += &format!(" {}..{}", second(view.started_at), view.ended_at.map(second).unwrap_or_default());
    call += &view.answered_at.map(|at| format!(", answered {}", second(at))).unwrap_or_default();
    call += &view.talk_seconds.map(|seconds| format!(", talked {seconds}")).unwrap_or_default();
    call += &view.recording.clone().map(|data| format!(", recording {}", text(data))).unwrap_or_default();
    call += if view.missed { ", missed" } else { "" };
    let operators = view.operators.iter().map(|operator| {
        let unbound = if operator.user.is_none() { " (nobody)" } else { "" };
        format!("{} {}{unbound}", operator.extension, text(json!(operator.state)))
    });
    let segments = view.segments.iter().map(|segment| {
        let extension = segment.extension.as_deref().unwrap_or("somebody");
        format!("{extension} {}..{}", second(segment.from), segment.to.map(second).unwrap_or_default())
    });
    let (operators, segments): (Vec<_>, Vec<_>) = (operators.collect(), segments.collect());
    [call, operators.join(", "), segments.join(", ")].join("\n").trim_end().to_owned()
}

/// The view of a story, as text.
pub fn seen(story: &str) -> String {
    shown(&view(&call(facts_of(story))))
}

/// Compares the view of a story with `expected`.
#[track_caller]
pub fn check(story: &str, expected: &str) {
    assert_eq!(seen(story), lines(expected).collect::<Vec<_>>().join("\n"), "\nof the story{story}");
}
