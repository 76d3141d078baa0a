//! Closes a missed call once somebody talks with the caller, whatever the module, whichever of the client's numbers,
//! and whichever of the two is reported first.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::calls::ChangedCall;
use super::clients::Changes;
use crate::contract::Direction;
use crate::ids::{CallId, ClientId, ModuleId};
use crate::phone;
use crate::storable::{text, time};
use crate::view::CallView;

/// The longest a call can ring: how far before a missed call to look for a talk that reached its caller.
pub const LONGEST_RING: TimeDelta = TimeDelta::hours(4);

/// What [`Changes::resolve`] needs to know.
#[derive(Debug, Default)]
pub struct EncountersAsked {
    /// Which open missed calls of these callers began at or before the given time?
    pub missed: Vec<Question>,
    /// Which talks with these callers began after the given time, in calls that began at most [`LONGEST_RING`] before
    /// it?
    pub talks: Vec<Question>,
}

/// A caller (by number, by client, or by both) and a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// As returned by [`missed_caller`].
    pub caller: Option<String>,
    pub client: Option<ClientId>,
    pub at: DateTime<Utc>,
}

/// Saved calls, in answer to [`Changes::encounters_asked`].
#[derive(Debug, Default)]
pub struct Encounters {
    /// Open missed calls.
    pub missed: Vec<MissedCall>,
    /// Calls in which somebody talked with the outside party.
    pub talks: Vec<Talk>,
}

/// An open missed call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedCall {
    pub id: CallId,
    pub module_id: ModuleId,
    pub started_at: DateTime<Utc>,
    /// The caller, as returned by [`missed_caller`] or [`missed_key`].
    pub caller: Option<String>,
    /// The client it is logged on.
    pub client: Option<ClientId>,
}

/// A call in which somebody talked with the outside party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Talk {
    pub id: CallId,
    /// The other party, as returned by [`missed_caller`].
    pub caller: Option<String>,
    /// The client it is logged on.
    pub client: Option<ClientId>,
    ///  When the talk began.
    pub answered_at: DateTime<Utc>,
}

/// A missed call to close: somebody talked with the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub missed: CallId,
    /// The module of the missed call.
    pub module_id: ModuleId,
    /// When the missed call began.
    pub started_at: DateTime<Utc>,
    pub talk: CallId,
    /// How long after the missed call's start the talk began.
    pub seconds: i32,
}

/// The key shared by all missed calls of one caller. Callers who withhold their number share theirs with nobody. `None`
/// if the call was not missed.
#[must_use]
pub fn missed_key(id: CallId, view: &CallView) -> Option<String> {
    let caller = || missed_caller(view.client_e164.as_deref(), view.client_raw.as_deref());
    view.missed.then(|| caller().unwrap_or_else(|| id.to_string()))
}

/// The outside party: the number in E.164, else as received. `None` if the party cannot be recognized again.
#[must_use]
pub fn missed_caller(e164: Option<&str>, raw: Option<&str>) -> Option<String> {
    match e164 {
        Some(number) => Some(text(&phone::caller(number))),
        None => raw
            .filter(|raw| raw.bytes().any(|byte| byte.is_ascii_digit()) && !phone::is_withheld(raw))
            .map(text),
    }
}

impl Changes<'_> {
    /// What [`Changes::resolve`] needs to know.
    #[must_use]
    pub fn encounters_asked(&self) -> EncountersAsked {
        let talks = self.calls.iter().filter(|call| call.is_new_talk()).filter_map(ChangedCall::talk);
        let missed = self.calls.iter().filter(|call| call.is_newly_missed()).filter_map(ChangedCall::open);
        EncountersAsked {
            missed: talks
                .filter_map(|talk| Question::new(talk.caller, talk.client, talk.answered_at))
                .collect(),
            talks: missed
                .filter_map(|missed| Question::new(missed.caller, missed.client, missed.started_at))
                .collect(),
        }
    }

    /// Closes the missed calls whose caller a talk reached: a new talk, or an earlier one if the missed call is new.
    /// The first such talk counts.
    pub fn resolve(&mut self, saved: Encounters) {
        let is_of_batch = |id: &CallId| self.call(*id).is_some();
        let open = || self.calls.iter().filter_map(ChangedCall::open);
        let missed: Vec<MissedCall> =
            saved.missed.into_iter().filter(|missed| !is_of_batch(&missed.id)).chain(open()).collect();
        let talked = || self.calls.iter().filter_map(ChangedCall::talk);
        let talks: Vec<Talk> =
            saved.talks.into_iter().filter(|talk| !is_of_batch(&talk.id)).chain(talked()).collect();
        let new: HashSet<CallId> = self
            .calls
            .iter()
            .filter(|call| call.is_new_talk() || call.is_newly_missed())
            .map(|call| call.id)
            .collect();

        let talks = TalksByCaller::new(&talks);
        let mut reached: BTreeMap<CallId, Reached> = BTreeMap::new();
        for missed in &missed {
            let is_new = |talk: &&Talk| new.contains(&talk.id) || new.contains(&missed.id);
            let first =
                talks.that_reach(missed).filter(is_new).min_by_key(|talk| (talk.answered_at, talk.id));
            if let Some(talk) = first {
                reached.insert(missed.id, Reached::new(missed, talk));
            }
        }
        self.reached = reached.into_values().collect();
    }
}

/// Talks, indexed by caller.
struct TalksByCaller<'a> {
    by_number: HashMap<&'a str, Vec<&'a Talk>>,
    by_client: HashMap<ClientId, Vec<&'a Talk>>,
}

impl<'a> TalksByCaller<'a> {
    fn new(talks: &'a [Talk]) -> Self {
        let mut found = Self { by_number: HashMap::new(), by_client: HashMap::new() };
        for talk in talks {
            if let Some(caller) = &talk.caller {
                found.by_number.entry(caller).or_default().push(talk);
            }
            if let Some(client) = talk.client {
                found.by_client.entry(client).or_default().push(talk);
            }
        }
        found
    }

    /// The talks that reach the caller of a missed call: with the same number or client, begun at or after its start.
    fn that_reach<'b>(&'b self, missed: &'b MissedCall) -> impl Iterator<Item = &'a Talk> + 'b {
        let by_number = missed.caller.as_deref().and_then(|caller| self.by_number.get(caller));
        let by_client = missed.client.and_then(|client| self.by_client.get(&client));
        let talks = by_number.into_iter().chain(by_client).flatten().copied();
        talks.filter(|talk| talk.answered_at >= missed.started_at)
    }
}

impl Question {
    fn new(caller: Option<String>, client: Option<ClientId>, at: DateTime<Utc>) -> Option<Self> {
        (caller.is_some() || client.is_some()).then_some(Self { caller, client, at })
    }
}

impl Reached {
    fn new(missed: &MissedCall, talk: &Talk) -> Self {
        let seconds = (talk.answered_at - missed.started_at).num_seconds().max(0);
        Self {
            missed: missed.id,
            module_id: missed.module_id,
            started_at: missed.started_at,
            talk: talk.id,
            seconds: i32::try_from(seconds).unwrap_or(i32::MAX),
        }
    }
}

impl ChangedCall<'_> {
    fn caller(&self, view: &CallView) -> Option<String> {
        missed_caller(view.client_e164.as_deref(), view.client_raw.as_deref())
    }

    /// As an open missed call, if it is one.
    fn open(&self) -> Option<MissedCall> {
        let view = &self.after.as_ref().filter(|_| self.is_missed() && !self.is_resolved())?.view;
        Some(MissedCall {
            id: self.id,
            module_id: self.known.module_id,
            started_at: time(view.started_at),
            caller: self.caller(view),
            client: self.client_id,
        })
    }

    /// Whether it was dealt with. `UPDATE_CALLS` in `store` clears the resolution of a call that is no longer missed.
    fn is_resolved(&self) -> bool {
        self.known.added.resolved.is_some()
    }

    /// As a talk with the outside party, if it is one.
    fn talk(&self) -> Option<Talk> {
        let view = &self.after.as_ref()?.view;
        if !matches!(view.direction, Some(Direction::In | Direction::Out)) {
            return None;
        }
        let answered_at = time(view.answered_at?);
        Some(Talk { id: self.id, caller: self.caller(view), client: self.client_id, answered_at })
    }

    /// Whether a talk began, or whom it is with became known, in this batch.
    fn is_new_talk(&self) -> bool {
        let Some(after) = self.after.as_ref().filter(|after| after.view.answered_at.is_some()) else {
            return false;
        };
        let before = self.before.as_ref().filter(|view| view.answered_at.is_some());
        before.is_none_or(|before| {
            self.known.added.client_id != self.client_id || self.caller(before) != self.caller(&after.view)
        })
    }
}
