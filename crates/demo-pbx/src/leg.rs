//! What a call of the demo PBX is made of.

use chrono::TimeDelta;
use serde::Serialize;

/// What a call does by itself, counted from its start (talk: from the answer).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Plan {
    /// Whoever rings first picks up.
    pub answer_after: Option<TimeDelta>,
    /// The caller gives up while it rings.
    pub give_up_after: Option<TimeDelta>,
    /// The client hangs up after that much talk.
    pub talk_for: Option<TimeDelta>,
}

/// One extension's part in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Leg {
    /// Its id in the webhooks.
    pub id: String,
    /// Whose it is.
    pub extension: String,
    /// What the phone does.
    pub state: LegState,
    /// Whether its microphone is off.
    pub muted: bool,
}

/// What a phone does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum LegState {
    /// It rings (of an outgoing call: it hears the ringing).
    Ringing,
    /// It talks, but the other side hears music.
    Held,
    /// It talks.
    Talking,
}
