//! What the demo PBX reports: its webhooks' JSON. Its own format, as every provider has one.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// One webhook.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
    pub event: EventKind,
    pub call_id: String,
    /// Counts the events of a call.
    pub sequence: u64,
    /// When it happened.
    pub occurred_at: DateTime<Utc>,
    /// Which way the call goes.
    pub direction: Direction,
    /// Who calls: an outside number, the company's line, or (internal) an extension.
    pub from: String,
    /// Who is called, likewise.
    pub to: String,
    /// The caller's name, where the PBX knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller_name: Option<String>,
    /// The part of the call that one extension has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leg_id: Option<String>,
    /// Whose part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Of `redirected`: the extension it goes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_to: Option<String>,
    /// Of `ended`: how the call came out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Of `ended`: seconds of talk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_seconds: Option<u32>,
    /// Of `recorded`: the recording's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording_id: Option<String>,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum EventKind {
    /// An extension rings (without one: the line does), or an extension dials.
    Ringing,
    /// Somebody picked up.
    Answered,
    /// The client hears music.
    Held,
    /// And no more.
    Resumed,
    /// It goes to another extension.
    Redirected,
    /// One extension's part is over.
    LegEnded,
    /// The call is over.
    Ended,
    /// Its recording is there.
    Recorded,
}

/// Which way a call goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// From outside.
    Incoming,
    /// To the outside.
    Outgoing,
    /// Between extensions.
    Internal,
}

/// How a call came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// Somebody talked.
    Answered,
    /// Nobody picked up.
    NoAnswer,
    /// The called party was busy.
    Busy,
    /// The caller gave up.
    Cancelled,
}
