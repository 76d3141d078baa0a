//! The demo PBX's calls and what can be done with them. Pure: time comes in, events come out.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::call::Call;
use crate::event::{Direction, Event, EventKind, Outcome};
use crate::leg::{LegState, Plan};

/// Calls at a time.
pub const MAX_CALLS: usize = 100;
/// Ended calls that are remembered, for their recordings.
pub const MAX_ENDED: usize = 200;
/// How long an extension rings.
pub const RING: TimeDelta = TimeDelta::seconds(30);
/// How long one extension of a hunt group rings before the next does.
pub const HUNT: TimeDelta = TimeDelta::seconds(10);
/// How long people talk when nobody ends it.
pub const TALK: TimeDelta = TimeDelta::minutes(10);
/// How long an operator takes to pick up for a call they asked for.
const PICK_UP: TimeDelta = TimeDelta::milliseconds(800);
/// How long a client takes to answer.
const CLIENT_ANSWERS: TimeDelta = TimeDelta::seconds(2);

/// A phone of the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    pub number: String,
    /// Whose it is.
    pub name: String,
}

/// Who rings when a call comes in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Strategy {
    /// All at once.
    #[default]
    All,
    /// One after another.
    Hunt,
}

/// Why something cannot be done; a sentence for whoever asked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SwitchError {
    /// There is no such call, or it is over.
    #[error("there is no call {0}")]
    NoCall(String),
    /// There is no such extension.
    #[error("there is no extension {0}")]
    NoExtension(String),
    /// It makes no sense now.
    #[error("{0}")]
    NotNow(String),
    /// Too many calls.
    #[error("{MAX_CALLS} calls are up; end some first")]
    Full,
}

type Done = Result<Vec<Event>, SwitchError>;

/// The PBX.
#[derive(Debug, Clone)]
pub struct Switch {
    /// The company's number.
    pub line: String,
    /// The company's phones.
    pub extensions: Vec<Extension>,
    calls: BTreeMap<u64, Call>,
    ended: VecDeque<Call>,
    next: u64,
    run: String,
}

impl Switch {
    /// A PBX with no calls. `run` tells the ids of this run from those of earlier ones.
    #[must_use]
    pub fn new(line: String, extensions: Vec<Extension>, run: String) -> Self {
        Self { line, extensions, calls: BTreeMap::new(), ended: VecDeque::new(), next: 1, run }
    }

    /// The calls that are up, oldest first.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        self.calls.values()
    }

    /// An ended call that was recorded.
    #[must_use]
    pub fn recorded(&self, id: &str) -> Option<&Call> {
        self.ended.iter().find(|call| call.id == id && call.answered_at.is_some())
    }

    /// What an extension does.
    #[must_use]
    pub fn extension_state(&self, extension: &str) -> Option<LegState> {
        self.calls().filter_map(|call| call.leg_of(extension)).map(|leg| leg.state).max()
    }

    /// A call from outside. Extensions that talk are left out, unless they hold their call; when all do, the caller hears the
    /// busy tone.
    ///
    /// # Errors
    /// An extension that does not exist, or too many calls.
    pub fn ring(
        &mut self,
        now: DateTime<Utc>,
        from: String,
        caller_name: Option<String>,
        to: &[String],
        strategy: Strategy,
        plan: Plan,
    ) -> Done {
        for extension in to {
            self.known(extension)?;
        }
        let talks = |extension: &&String| self.extension_state(extension) == Some(LegState::Talking);
        let mut free: VecDeque<_> = to.iter().filter(|extension| !talks(extension)).cloned().collect();
        let Some(first) = free.front().cloned() else {
            return self.busy(now, from, caller_name, to.first().cloned().unwrap_or_default());
        };
        let (ringing, waiting) = match strategy {
            Strategy::All => (free.drain(..).collect(), VecDeque::new()),
            Strategy::Hunt => (vec![first], free.split_off(1)),
        };
        let line = self.line.clone();
        self.start(now, Direction::Incoming, from, line, |call, events| {
            call.caller_name = caller_name;
            call.plan = plan;
            call.waiting = waiting;
            for extension in &ringing {
                events.push(call.ring(now, extension));
            }
            call.plan_ringing(now);
        })
    }

    /// A call from outside that finds the extension busy.
    ///
    /// # Errors
    /// An extension that does not exist, or too many calls.
    pub fn busy(
        &mut self,
        now: DateTime<Utc>,
        from: String,
        caller_name: Option<String>,
        extension: String,
    ) -> Done {
        self.known(&extension)?;
        let line = self.line.clone();
        self.start(now, Direction::Incoming, from, line, |call, events| {
            call.caller_name = caller_name;
            events.push(call.event(now, EventKind::Ringing));
            let ended = call.end(now, Outcome::Busy).into_iter();
            events.extend(ended.map(|event| Event { extension: Some(extension.clone()), ..event }));
        })
    }

    /// An extension dials: another extension, or a number outside, which answers after a while as the plan says.
    ///
    /// # Errors
    /// An extension that does not exist or that talks already, no number, or too many calls.
    pub fn dial(&mut self, now: DateTime<Utc>, extension: &str, number: &str, plan: Plan) -> Done {
        self.free(extension)?;
        if self.known(number).is_ok() {
            self.free(number)?;
            let (from, to) = (extension.to_owned(), number.to_owned());
            return self.start(now, Direction::Internal, from, to.clone(), |call, events| {
                call.plan = plan;
                events.push(call.ring(now, &to));
                call.plan_ringing(now);
            });
        }
        if !number.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(SwitchError::NotNow(format!("\"{number}\" is not a number that can be dialled")));
        }
        let (line, to) = (self.line.clone(), number.to_owned());
        self.start(now, Direction::Outgoing, line, to, |call, events| {
            call.plan = Plan { answer_after: plan.answer_after.or(Some(CLIENT_ANSWERS)), ..plan };
            events.push(call.ring(now, extension));
            call.plan_ringing(now);
        })
    }

    /// Click to call: the operator's phone rings, they pick up (by themselves after a moment, or by accepting it), then the
    /// client is rung. The id of the call is that of the first event.
    ///
    /// # Errors
    /// As for [`Self::dial`].
    pub fn generate(&mut self, now: DateTime<Utc>, extension: &str, number: &str, plan: Plan) -> Done {
        let after = plan.answer_after.unwrap_or(CLIENT_ANSWERS) + PICK_UP;
        self.dial(now, extension, number, Plan { answer_after: Some(after), ..plan })
    }

    /// An extension picks up a call that rings there. Of an outgoing call: the client answers at once.
    ///
    /// # Errors
    /// No such call, or it does not ring there.
    pub fn answer(&mut self, now: DateTime<Utc>, id: &str, extension: &str) -> Done {
        let busy = self.calls().any(|call| {
            call.id != id && call.leg_of(extension).is_some_and(|leg| leg.state == LegState::Talking)
        });
        if busy {
            return Err(SwitchError::NotNow(format!("extension {extension} talks already")));
        }
        self.with(id, |call| call.answer(now, extension))
    }

    /// Somebody hangs up: the client, or the extension given, whose part of a call that still rings elsewhere ends alone.
    ///
    /// # Errors
    /// No such call, or the extension has no part in it.
    pub fn hang_up(&mut self, now: DateTime<Utc>, id: &str, extension: Option<&str>) -> Done {
        self.with(id, |call| call.hang_up(now, extension))
    }

    /// The client is put on hold, or taken off it.
    ///
    /// # Errors
    /// No such call, or nobody talks.
    pub fn hold(&mut self, now: DateTime<Utc>, id: &str, hold: bool) -> Done {
        self.with(id, |call| call.hold(now, hold))
    }

    /// The operator's microphone is switched off or on. Nothing is reported.
    ///
    /// # Errors
    /// No such call, or nobody talks.
    pub fn mute(&mut self, id: &str, mute: bool) -> Done {
        self.with(id, |call| call.mute(mute))
    }

    /// Keys are pressed. Nothing is reported.
    ///
    /// # Errors
    /// No such call, nobody talks, or something else than 0-9, *, # and A-D.
    pub fn dtmf(&mut self, id: &str, digits: &str) -> Done {
        self.with(id, |call| call.dtmf(digits))
    }

    /// The call goes to another extension, whoever has it now lets go of it.
    ///
    /// # Errors
    /// No such call, or the extension does not exist or is not free.
    pub fn redirect(&mut self, now: DateTime<Utc>, id: &str, to: &str) -> Done {
        self.free(to)?;
        self.with(id, |call| call.redirect(now, to))
    }

    /// The client waits while another extension rings; when that one answers, it has the call. When it does not, whoever
    /// had the call has it again.
    ///
    /// # Errors
    /// No such call, nobody talks, or the extension does not exist or is not free.
    pub fn transfer(&mut self, now: DateTime<Utc>, id: &str, to: &str) -> Done {
        self.free(to)?;
        self.with(id, |call| call.transfer(now, to))
    }

    /// When something happens by itself next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.calls().filter_map(|call| call.deadline()).min()
    }

    /// What happened by itself until now.
    pub fn tick(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        let due: Vec<_> =
            self.calls.iter().filter(|(_, c)| c.deadline().is_some_and(|at| at <= now)).collect();
        let due: Vec<_> = due.into_iter().map(|(number, _)| *number).collect();
        let mut events = Vec::new();
        for number in due {
            if let Some(call) = self.calls.get_mut(&number) {
                events.extend(call.tick(now));
            }
            self.put_away(number);
        }
        events
    }

    fn start(
        &mut self,
        now: DateTime<Utc>,
        direction: Direction,
        from: String,
        to: String,
        begin: impl FnOnce(&mut Call, &mut Vec<Event>),
    ) -> Done {
        if self.calls.len() >= MAX_CALLS {
            return Err(SwitchError::Full);
        }
        let number = self.next;
        self.next += 1;
        let mut call = Call::new(format!("{}-{number}", self.run), direction, from, to, now);
        let mut events = Vec::new();
        begin(&mut call, &mut events);
        self.calls.insert(number, call);
        self.put_away(number);
        Ok(events)
    }

    fn with(&mut self, id: &str, action: impl FnOnce(&mut Call) -> Result<Vec<Event>, String>) -> Done {
        let found = self.calls.iter_mut().find(|(_, call)| call.id == id);
        let (&number, call) = found.ok_or_else(|| SwitchError::NoCall(id.to_owned()))?;
        let events = action(call).map_err(SwitchError::NotNow)?;
        self.put_away(number);
        Ok(events)
    }

    /// An ended call makes room.
    fn put_away(&mut self, number: u64) {
        if self.calls.get(&number).is_some_and(|call| call.ended_at.is_some())
            && let Some(call) = self.calls.remove(&number)
        {
            if self.ended.len() == MAX_ENDED {
                self.ended.pop_front();
            }
            self.ended.push_back(call);
        }
    }

    fn known(&self, extension: &str) -> Result<(), SwitchError> {
        let known = self.extensions.iter().any(|known| known.number == extension);
        known.then_some(()).ok_or_else(|| SwitchError::NoExtension(extension.to_owned()))
    }

    fn free(&self, extension: &str) -> Result<(), SwitchError> {
        self.known(extension)?;
        match self.extension_state(extension) {
            None => Ok(()),
            Some(_) => Err(SwitchError::NotNow(format!("extension {extension} is busy"))),
        }
    }
}

#[cfg(test)]
mod tests;
