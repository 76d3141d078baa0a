//! Scenes: what the app's "Try it" panel lets people, phones and colleagues do, as seen from one operator's extension.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::call::Call;
use crate::event::Event;
use crate::leg::{LegState, Plan};
use crate::switch::{Strategy, Switch, SwitchError};

/// After how long a client gives up who is to be missed.
const GIVES_UP: TimeDelta = TimeDelta::seconds(6);

/// What can be played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Scene {
    /// A client calls my extension.
    RingMe,
    /// A client calls a number that rings at me and at a colleague.
    RingBoth,
    /// A client calls and finds my phone busy.
    Busy,
    /// A client calls me and gives up after a few seconds.
    Missed,
    /// A colleague dials my extension.
    Internal,
    ClientHangsUp,
    /// A colleague picks up a call that rings at them.
    ColleagueAnswers,
    /// I pick up the phone.
    AnswerOnPhone,
    /// I hang up the phone.
    HangUpOnPhone,
    /// I press hold on the phone.
    HoldOnPhone,
    /// I take the call off hold on the phone.
    ResumeOnPhone,
    /// I send the call to a colleague by phone, at once.
    TransferToColleague,
    /// I ask a colleague by phone whether they take the call.
    AttendedTransferToColleague,
    /// A colleague who talks to a client passes the client on to me.
    ColleagueTransfersToMe,
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    pub number: String,
    /// Their name, where the network tells it.
    pub name: Option<String>,
}

/// Who plays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cast {
    /// The operator's extension.
    pub me: String,
    /// The others, those first who have somebody to see the call.
    pub colleagues: Vec<String>,
    /// The client of a new call.
    pub client: Client,
}

type Done = Result<Vec<Event>, SwitchError>;

impl Scene {
    /// Every one.
    pub const ALL: [Self; 14] = [
        Self::RingMe,
        Self::RingBoth,
        Self::Busy,
        Self::Missed,
        Self::Internal,
        Self::ClientHangsUp,
        Self::ColleagueAnswers,
        Self::AnswerOnPhone,
        Self::HangUpOnPhone,
        Self::HoldOnPhone,
        Self::ResumeOnPhone,
        Self::TransferToColleague,
        Self::AttendedTransferToColleague,
        Self::ColleagueTransfersToMe,
    ];

    /// Plays it.
    ///
    /// # Errors
    /// There is nothing to do it to. The switch may then have done a part of it.
    pub fn play(self, switch: &mut Switch, now: DateTime<Utc>, cast: &Cast) -> Done {
        let Cast { me, .. } = cast;
        let mine = calls_of(switch, me);
        match self {
            Self::RingMe => ring(switch, now, cast, &[me], Plan::default()),
            Self::RingBoth => {
                let colleague = free_colleague(switch, cast)?;
                ring(switch, now, cast, &[me, &colleague], Plan::default())
            }
            Self::Busy => {
                let Client { number, name } = cast.client.clone();
                switch.busy(now, number, name, me.clone())
            }
            Self::Missed => {
                ring(switch, now, cast, &[me], Plan { give_up_after: Some(GIVES_UP), ..Plan::default() })
            }
            Self::Internal => {
                let colleague = free_colleague(switch, cast)?;
                switch.dial(now, &colleague, me, Plan::default())
            }
            Self::ClientHangsUp => {
                let calls = mine.into_iter().chain(newest_first(switch, |_| true)).collect();
                first_that_can(calls, cast, |id| switch.hang_up(now, id, None))
            }
            Self::ColleagueAnswers => colleague_answers(switch, now, cast),
            Self::AnswerOnPhone => first_that_can(mine, cast, |id| switch.answer(now, id, me)),
            Self::HangUpOnPhone => first_that_can(mine, cast, |id| switch.hang_up(now, id, Some(me))),
            Self::HoldOnPhone => first_that_can(mine, cast, |id| switch.hold(now, id, true)),
            Self::ResumeOnPhone => first_that_can(mine, cast, |id| switch.hold(now, id, false)),
            Self::TransferToColleague => {
                let colleague = free_colleague(switch, cast)?;
                first_that_can(mine, cast, |id| switch.redirect(now, id, &colleague))
            }
            Self::AttendedTransferToColleague => {
                let colleague = free_colleague(switch, cast)?;
                first_that_can(mine, cast, |id| switch.transfer(now, id, &colleague))
            }
            Self::ColleagueTransfersToMe => colleague_transfers(switch, now, cast),
        }
    }
}

fn ring(switch: &mut Switch, now: DateTime<Utc>, cast: &Cast, to: &[&String], plan: Plan) -> Done {
    let Client { number, name } = cast.client.clone();
    let to: Vec<String> = to.iter().copied().cloned().collect();
    switch.ring(now, number, name, &to, Strategy::All, plan)
}

fn colleague_answers(switch: &mut Switch, now: DateTime<Utc>, cast: &Cast) -> Done {
    let ringing = |call: &Call| {
        let leg = call.legs.iter().find(|leg| leg.state == LegState::Ringing && leg.extension != cast.me);
        leg.map(|leg| (call.id.clone(), leg.extension.clone()))
    };
    let mut calls: Vec<&Call> = switch.calls().collect();
    calls.sort_by_key(|call| call.leg_of(&cast.me).is_some());
    let (id, extension) = calls
        .into_iter()
        .rev()
        .find_map(ringing)
        .ok_or_else(|| SwitchError::NotNow("no other phone rings".into()))?;
    switch.answer(now, &id, &extension)
}

/// Where no colleague talks, one first gets a call and takes it.
fn colleague_transfers(switch: &mut Switch, now: DateTime<Utc>, cast: &Cast) -> Done {
    let Cast { me, .. } = cast;
    let others_talk =
        |call: &Call| call.leg_of(me).is_none() && call.legs.iter().any(|leg| leg.state != LegState::Ringing);
    if let Some(id) = newest_first(switch, others_talk).first() {
        return switch.transfer(now, id, me);
    }
    let colleague = free_colleague(switch, cast)?;
    let mut events = ring(switch, now, cast, &[&colleague], Plan::default())?;
    let id = events.first().map(|event| event.call_id.clone()).unwrap_or_default();
    events.extend(switch.answer(now, &id, &colleague)?);
    events.extend(switch.transfer(now, &id, me)?);
    Ok(events)
}

fn free_colleague(switch: &Switch, cast: &Cast) -> Result<String, SwitchError> {
    let free = cast.colleagues.iter().find(|extension| switch.extension_state(extension).is_none());
    free.cloned().ok_or_else(|| SwitchError::NotNow("no other phone is free".into()))
}

/// The calls that an extension has a part in: what it talks in first, then the newest.
fn calls_of(switch: &Switch, extension: &str) -> Vec<String> {
    let mut calls: Vec<_> =
        switch.calls().filter_map(|call| Some((call.leg_of(extension)?.state, call.id.clone()))).collect();
    calls.sort_by_key(|(state, _)| *state);
    calls.into_iter().rev().map(|(_, id)| id).collect()
}

fn newest_first(switch: &Switch, which: impl Fn(&Call) -> bool) -> Vec<String> {
    let mut calls: Vec<_> = switch.calls().filter(|call| which(call)).map(|call| call.id.clone()).collect();
    calls.reverse();
    calls
}

/// Does it to the first of the calls that it can be done to.
fn first_that_can(calls: Vec<String>, cast: &Cast, mut action: impl FnMut(&str) -> Done) -> Done {
    let mut refused = SwitchError::NotNow(format!("extension {} has no call", cast.me));
    for id in calls {
        match action(&id) {
            Ok(events) => return Ok(events),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests;
