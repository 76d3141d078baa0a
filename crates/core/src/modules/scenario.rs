//! Scenarios: requests in order and the calls they make, as `scenarios/*.json` in a module's folder.

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
    /// What happens, as a sentence.
    pub name: String,
    /// What of a provider's abilities it shows.
    #[serde(default)]
    pub shows: Vec<Shows>,
    /// Settings besides the manifest's defaults.
    #[serde(default)]
    pub settings: Map<String, Value>,
    /// The country of numbers without one; the manifest's when left out.
    #[serde(default)]
    pub default_country: Option<String>,
    /// Numbers of members; each is bound to an operator of its own.
    #[serde(default)]
    pub members: Vec<String>,
    /// When it begins.
    #[serde(default)]
    pub now: Option<DateTime<Utc>>,
    /// What `Namespace.storage` holds before.
    #[serde(default)]
    pub storage: Map<String, Value>,
    /// How its requests are signed.
    #[serde(default)]
    pub sign: Option<Signing>,
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// Exchanges that any step may make, any number of times.
    #[serde(default)]
    pub fetch: Vec<Exchange>,
    /// Every call there is in the end, in the order of their beginning.
    #[serde(default)]
    pub calls: Vec<ExpectedCall>,
    /// In which other orders it is played.
    #[serde(default)]
    pub orders: Orders,
}

/// A call by the fields that matter.
pub type ExpectedCall = Map<String, Value>;

/// One thing that happens: a request (of its own or a sample's), a click, or only time passing.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Step {
    /// Seconds since the step before; of the first one since the beginning.
    #[serde(default)]
    pub after: Option<f64>,
    /// The sample whose request is sent: its file's name without `.json`.
    #[serde(default)]
    pub sample: Option<String>,
    /// A request that is sent.
    #[serde(default)]
    pub request: Option<WebhookRequest>,
    /// How it is signed; instead of what the scenario or the sample says.
    #[serde(default)]
    pub sign: Option<Signing>,
    /// How it is answered; with any 2xx when left out.
    #[serde(default)]
    pub status: Option<u16>,
    /// The answer's body: a text as it is, an object or a list as JSON.
    #[serde(default)]
    pub answer: Option<Value>,
    /// Something an operator does.
    #[serde(default, rename = "do")]
    pub click: Option<Click>,
    /// The member's number who does it.
    #[serde(default)]
    pub by: Option<String>,
    /// The call it is done to, by the provider's id; the member's own one when left out.
    #[serde(default)]
    pub call_id: Option<String>,
    /// To whom: of `redirect`, `transfer` and `callBack`.
    #[serde(default)]
    pub to: Option<String>,
    /// The keys of `dtmf`.
    #[serde(default)]
    pub digits: Option<String>,
    /// The link that `recording` gives.
    #[serde(default)]
    pub url: Option<String>,
    /// The headers that it gives with it.
    #[serde(default)]
    pub headers: Option<Map<String, Value>>,
    /// What the operator is told instead of success.
    #[serde(default)]
    pub error: Option<String>,
    /// The calls after it, when played in order.
    #[serde(default)]
    pub calls: Option<Vec<ExpectedCall>>,
    /// Exchanges that it makes, each of them when played in order.
    #[serde(default)]
    pub fetch: Vec<Exchange>,
}

/// Something an operator does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the buttons' names")]
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

/// What a scenario shows that the provider can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names say it; `in_words` says more")]
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
    /// Every word, in the order of the sheet, with what people read.
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

    /// The word of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, word, _)| *word == name).map(|(shows, ..)| shows)
    }
}

/// In which orders besides the one as written a scenario is played.
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

/// Whether something is done; if not, why not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Switch {
    /// It is.
    #[default]
    On,
    /// It is not, for this reason.
    Off(String),
}

impl<'de> Deserialize<'de> for Switch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(true) => Ok(Self::On),
            Value::String(reason) if !reason.trim().is_empty() => Ok(Self::Off(reason)),
            _ => Err(serde::de::Error::custom("orders: write true, or a text that says why not")),
        }
    }
}

/// What may be said of a call.
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

/// Reads and checks a scenario.
///
/// # Errors
/// What is wrong, with line and column where it is not JSON or has a wrong field.
pub fn parse(text: &str) -> Result<Scenario, String> {
    let scenario: Scenario = sample::from_json(text)?;
    if scenario.steps.is_empty() {
        return Err("steps: there are none".into());
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
    /// How long after the step before it happens.
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

    /// How people find it.
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
            return Err("after: give seconds, at most a year".into());
        }
        let kinds = [self.sample.is_some(), self.request.is_some(), self.click.is_some()];
        if kinds.into_iter().filter(|kind| *kind).count() > 1 {
            return Err("a step has one of \"sample\", \"request\" and \"do\"".into());
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
        let by = self.by.as_deref().ok_or("by: say which member does it")?;
        if !members.contains(by) {
            return Err(format!("by: {by} is none of the \"members\""));
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
                return Err(format!("{name}: this \"do\" takes none"));
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
                || format!("there are {}", CALL_FIELDS.join(", ")),
                |meant| format!("did you mean {meant}?"),
            );
            return Err(format!("{path}[{index}].{unknown}: there is no such field; {hint}"));
        }
    }
    Ok(())
}
