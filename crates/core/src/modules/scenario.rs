//! Scenarios: sequences of requests and the calls they create, in `scenarios/*.json` in a module's folder.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::contract::did_you_mean;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::sample::{self, Exchange, WebhookRequest};
use super::sample_signature::Signing;

#[cfg(test)]
mod tests;

/// One scenario.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Scenario {
    /// A sentence about what happens.
    pub name: String,
    /// The provider's abilities that it shows.
    #[serde(default)]
    pub shows: Vec<Shows>,
    /// Settings in addition to the manifest's defaults.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The country of numbers without one; by default the manifest's.
    #[serde(default)]
    pub default_country: Option<String>,
    /// Numbers of members, each bound to an operator of its own.
    #[serde(default)]
    pub members: Vec<String>,
    /// When it begins.
    #[serde(default)]
    pub now: Option<DateTime<Utc>>,
    /// The initial content of `Namespace.storage`.
    #[serde(default)]
    pub storage: Map<String, Value>,
    /// How its requests are signed.
    #[serde(default)]
    pub sign: Option<Signing>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Exchanges that any step may make, any number of times.
    #[serde(default)]
    pub fetch: Vec<Exchange>,
    /// All calls at the end, by start.
    #[serde(default)]
    pub calls: Vec<ExpectedCall>,
    /// The other orders in which it is played.
    #[serde(default)]
    pub orders: Orders,
}

/// An expected call, with the fields that matter.
pub type ExpectedCall = Map<String, Value>;

/// A step: a request (its own or a sample's), a click, or only time passing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Step {
    /// Seconds since the previous step; for the first, since the beginning.
    #[serde(default)]
    pub after: Option<f64>,
    /// The sample whose request is sent: its file's name without `.json`.
    #[serde(default)]
    pub sample: Option<String>,
    /// A request to send.
    #[serde(default)]
    pub request: Option<WebhookRequest>,
    /// How it is signed; overrides the scenario or the sample.
    #[serde(default)]
    pub sign: Option<Signing>,
    /// The expected status of the answer; any 2xx by default.
    #[serde(default)]
    pub status: Option<u16>,
    /// The expected body of the answer: a string as is, an object or a list as JSON.
    #[serde(default)]
    pub answer: Option<Value>,
    /// An operator's action.
    #[serde(default, rename = "do")]
    pub click: Option<Click>,
    /// The number of the member who does it.
    #[serde(default)]
    pub by: Option<String>,
    /// The call it is done to, by the provider's id; by default the member's own.
    #[serde(default)]
    pub call_id: Option<String>,
    /// The target of `redirect`, `transfer` and `callBack`.
    #[serde(default)]
    pub to: Option<String>,
    /// The keys of `dtmf`.
    #[serde(default)]
    pub digits: Option<String>,
    /// The link that `recording` returns.
    #[serde(default)]
    pub url: Option<String>,
    /// The headers returned with it.
    #[serde(default)]
    pub headers: Option<Map<String, Value>>,
    /// The operator's error message, if it fails.
    #[serde(default)]
    pub error: Option<String>,
    /// The calls after it, when played in order.
    #[serde(default)]
    pub calls: Option<Vec<ExpectedCall>>,
    /// Exchanges that it makes, all of them when played in order.
    #[serde(default)]
    pub fetch: Vec<Exchange>,
}

/// An operator's action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "names of the buttons")]
pub enum Click {
    Accept,
    HangUp,
    Redirect,
    Hold,
    Resume,
    Mute,
    Unmute,
    Dtmf,
    Transfer,
    CallBack,
    Recording,
}

/// An ability of the provider that a scenario shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "self-explanatory names; `in_words` says more")]
pub enum Shows {
    Incoming,
    Outgoing,
    Internal,
    Answered,
    Missed,
    Busy,
    Failed,
    Cancelled,
    Voicemail,
    Withheld,
    Hold,
    Transfer,
    Queue,
    RingAll,
    Recording,
    Handshake,
    Flow,
    ClickToCall,
    Controls,
}

impl Shows {
    /// Every value, in the order of the table, with its label.
    pub const ALL: [(Self, &str, &str); 19] = [
        (Self::Incoming, "incoming", "Incoming calls"),
        (Self::Outgoing, "outgoing", "Outgoing calls"),
        (Self::Internal, "internal", "Calls between colleagues"),
        (Self::Answered, "answered", "Answered calls"),
        (Self::Missed, "missed", "Missed calls"),
        (Self::Busy, "busy", "Busy"),
        (Self::Failed, "failed", "Calls that fail"),
        (Self::Cancelled, "cancelled", "Calls the caller gives up"),
        (Self::Voicemail, "voicemail", "Voicemail"),
        (Self::Withheld, "withheld", "Withheld numbers"),
        (Self::Hold, "hold", "Hold, as it happens at the telephone"),
        (Self::Transfer, "transfer", "Transfers, as they happen at the telephone"),
        (Self::Queue, "queue", "Queues"),
        (Self::RingAll, "ringAll", "Several operators rung at once"),
        (Self::Recording, "recording", "Recordings"),
        (Self::Handshake, "handshake", "The check of the webhook's address"),
        (Self::Flow, "flow", "A call flow of the module's own"),
        (Self::ClickToCall, "clickToCall", "Calling with a click"),
        (Self::Controls, "controls", "Buttons during a call"),
    ];

    /// The value with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, word, _)| *word == name).map(|(shows, ..)| shows)
    }
}

/// The orders, besides the written one, in which a scenario is played.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Each request twice.
    #[serde(default)]
    pub twice: Switch,
    /// Backwards, rotated, in random orders.
    #[serde(default)]
    pub shuffled: Switch,
    /// All requests at once.
    #[serde(default)]
    pub parallel: Switch,
}

/// Whether something is done, and if not, why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Switch {
    /// It is done.
    #[default]
    On,
    /// It is not done, for this reason.
    Off(String),
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(true) => Ok(Self::On),
            Value::String(reason) if !reason.trim().is_empty() => Ok(Self::Off(reason)),
            _ => Err(serde::de::Error::custom("orders: write true, or a string with the reason why not")),
        }
    }
}

/// The fields of an expected call.
pub const CALL_FIELDS: [&str; 13] = [
    "callId",
    "direction",
    "state",
    "disposition",
    "clientNumber",
    "callerName",
    "line",
    "operators",
    "talkSeconds",
    "missed",
    "missedBy",
    "segments",
    "recording",
];

/// Parses and checks a scenario.
///
/// # Errors
/// What is wrong, with line and column if it is not JSON or has a wrong field.
pub fn parse(text: &str) -> Result<Scenario, String> {
    let scenario: Scenario = sample::from_json(text)?;
    if scenario.steps.is_empty() {
        return Err("steps: add at least one".into());
    }
    let members: BTreeSet<_> = scenario.members.iter().map(String::as_str).collect();
    for (index, step) in scenario.steps.iter().enumerate() {
        step.check(&members).map_err(|problem| format!("steps[{index}]: {problem}"))?;
    }
    scenario.fetch.iter().try_for_each(Exchange::check)?;
    check_calls("calls", &scenario.calls)?;
    Ok(scenario)
}

impl Step {
    /// The delay after the previous step.
    #[must_use]
    pub fn delay(&self, is_first: bool) -> TimeDelta {
        let seconds = self.after.unwrap_or(if is_first { 0.0 } else { 1.0 });
        #[expect(clippy::cast_possible_truncation, reason = "checked when it was read")]
        TimeDelta::milliseconds((seconds * 1000.0) as i64)
    }

    /// Whether it sends a request.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        self.sample.is_some() || self.request.is_some()
    }

    /// A title for people.
    #[must_use]
    pub fn title(&self) -> String {
        match (&self.sample, &self.request, self.click) {
            (Some(sample), ..) => format!("sample {sample}"),
            (_, Some(request), _) => {
                let begin: String = request.body.as_deref().unwrap_or_default().chars().take(60).collect();
                format!("{} {} {begin}", request.method, request.url.as_deref().unwrap_or(&request.path))
            }
            (_, _, Some(click)) => format!("{click:?} by {}", self.by.as_deref().unwrap_or_default()),
            _ => "time passes".to_owned(),
        }
    }

    fn check(&self, members: &BTreeSet<&str>) -> Result<(), String> {
        if self.after.is_some_and(|after| !(0.0..=31_536_000.0).contains(&after)) {
            return Err("after: give seconds, up to a year".into());
        }
        let kinds = [self.sample.is_some(), self.request.is_some(), self.click.is_some()];
        if kinds.into_iter().filter(|kind| *kind).count() > 1 {
            return Err("a step takes only one of \"sample\", \"request\" and \"do\"".into());
        }
        if self.click.is_none() {
            self.check_request()?;
        } else {
            self.check_click(members)?;
        }
        self.fetch.iter().try_for_each(Exchange::check)?;
        check_calls("calls", self.calls.as_deref().unwrap_or_default())
    }

    fn check_request(&self) -> Result<(), String> {
        let of_click = [
            ("by", self.by.is_some()),
            ("callId", self.call_id.is_some()),
            ("to", self.to.is_some()),
            ("digits", self.digits.is_some()),
            ("url", self.url.is_some()),
            ("headers", self.headers.is_some()),
            ("error", self.error.is_some()),
        ];
        if let Some((name, _)) = of_click.into_iter().find(|(_, is_there)| *is_there) {
            return Err(format!("\"{name}\" belongs to a \"do\""));
        }
        let of_request = self.status.is_some() || self.answer.is_some() || self.sign.is_some();
        if !self.is_request() && (of_request || !self.fetch.is_empty()) {
            return Err("a step without \"sample\", \"request\" and \"do\" only lets time pass".into());
        }
        self.request.iter().try_for_each(WebhookRequest::check)
    }

    fn check_click(&self, members: &BTreeSet<&str>) -> Result<(), String> {
        let by = self.by.as_deref().ok_or("by: give the member who does it")?;
        if !members.contains(by) {
            return Err(format!("by: {by} is not one of the \"members\""));
        }
        let (needs, takes): (&[&str], &[&str]) = match self.click {
            Some(Click::Redirect | Click::Transfer) => (&["to"], &["to"]),
            Some(Click::CallBack) => (&[], &["to"]),
            Some(Click::Dtmf) => (&["digits"], &["digits"]),
            Some(Click::Recording) => (&[], &["url", "headers"]),
            _ => (&[], &[]),
        };
        for (name, is_there) in [
            ("to", self.to.is_some()),
            ("digits", self.digits.is_some()),
            ("url", self.url.is_some()),
            ("headers", self.headers.is_some()),
        ] {
            if needs.contains(&name) && !is_there {
                return Err(format!("{name}: is missing"));
            }
            if is_there && !takes.contains(&name) {
                return Err(format!("{name}: this \"do\" does not take it"));
            }
        }
        if self.status.is_some() || self.answer.is_some() || self.sign.is_some() {
            return Err("\"status\", \"answer\" and \"sign\" belong to a request".into());
        }
        Ok(())
    }
}

fn check_calls(path: &str, calls: &[ExpectedCall]) -> Result<(), String> {
    for (index, call) in calls.iter().enumerate() {
        if let Some(unknown) = call.keys().find(|name| !CALL_FIELDS.contains(&name.as_str())) {
            let meant = did_you_mean(unknown, CALL_FIELDS.into_iter());
            let hint = meant.map_or_else(
                || format!("use one of {}", CALL_FIELDS.join(", ")),
                |meant| format!("did you mean {meant}?"),
            );
            return Err(format!("{path}[{index}].{unknown}: there is no such field; {hint}"));
        }
    }
    Ok(())
}
