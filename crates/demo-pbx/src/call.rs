//! One call of the demo PBX.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use crate::event::{Direction, Event, EventKind, Outcome};
use crate::leg::{Leg, LegState, Plan};
use crate::switch::{HUNT, RING, TALK};

/// How long another extension rings for an attended transfer before the call comes back.
const CONSULT: TimeDelta = TimeDelta::seconds(20);
/// Keys remembered.
const MAX_DIGITS: usize = 64;

#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Its id in the webhooks and the API.
    pub id: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Who calls.
    pub from: String,
    /// Who is called.
    pub to: String,
    /// As the provider shows it.
    pub caller_name: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When somebody first picked up.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// The extensions that have a part in it now.
    pub legs: Vec<Leg>,
    /// Extensions of a hunt group that ring next.
    pub waiting: VecDeque<String>,
    /// What it does by itself.
    pub plan: Plan,
    /// Keys pressed.
    pub digits: String,
    /// The extension that is asked whether it takes the call.
    consulted: Option<String>,
    alarms: BTreeMap<Alarm, DateTime<Utc>>,
    legs_made: u32,
    sequence: u64,
}

/// What happens by itself at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Alarm {
    Answer,
    GiveUp,
    RungOut,
    ConsultedTooLong,
    TalkOver,
}

type Done = Result<Vec<Event>, String>;

impl Call {
    /// A call nobody has a part in yet.
    #[must_use]
    pub fn new(id: String, direction: Direction, from: String, to: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            direction,
            from,
            to,
            caller_name: None,
            started_at: now,
            answered_at: None,
            ended_at: None,
            legs: Vec::new(),
            waiting: VecDeque::new(),
            plan: Plan::default(),
            digits: String::new(),
            consulted: None,
            alarms: BTreeMap::new(),
            legs_made: 0,
            sequence: 0,
        }
    }

    /// The part an extension has in the call.
    #[must_use]
    pub fn leg_of(&self, extension: &str) -> Option<&Leg> {
        self.legs.iter().find(|leg| leg.extension == extension)
    }

    /// Seconds from the answer to the end.
    #[must_use]
    pub fn talk_seconds(&self) -> Option<u32> {
        let talk = self.ended_at? - self.answered_at?;
        u32::try_from(talk.num_seconds()).ok()
    }

    /// When something happens by itself next.
    #[must_use]
    pub fn deadline(&self) -> Option<DateTime<Utc>> {
        self.alarms.values().min().copied()
    }

    /// An event about the call as a whole.
    pub fn event(&mut self, now: DateTime<Utc>, event: EventKind) -> Event {
        self.sequence += 1;
        Event {
            event,
            call_id: self.id.clone(),
            sequence: self.sequence,
            occurred_at: now,
            direction: self.direction,
            from: self.from.clone(),
            to: self.to.clone(),
            caller_name: self.caller_name.clone(),
            leg_id: None,
            extension: None,
            redirect_to: None,
            outcome: None,
            talk_seconds: None,
            recording_id: None,
        }
    }

    fn leg_event(&mut self, now: DateTime<Utc>, event: EventKind, leg: &Leg) -> Event {
        let (leg_id, extension) = (Some(leg.id.clone()), Some(leg.extension.clone()));
        Event { leg_id, extension, ..self.event(now, event) }
    }

    /// An extension rings.
    pub fn ring(&mut self, now: DateTime<Utc>, extension: &str) -> Event {
        self.legs_made += 1;
        let id = format!("{}.{}", self.id, self.legs_made);
        let leg = Leg { id, extension: extension.to_owned(), state: LegState::Ringing, muted: false };
        self.legs.push(leg.clone());
        self.leg_event(now, EventKind::Ringing, &leg)
    }

    /// Sets what the plan says for the time until the answer.
    pub fn plan_ringing(&mut self, now: DateTime<Utc>) {
        let rings_for = if self.waiting.is_empty() { RING } else { HUNT };
        self.alarms.insert(Alarm::RungOut, now + rings_for);
        for (alarm, after) in
            [(Alarm::Answer, self.plan.answer_after), (Alarm::GiveUp, self.plan.give_up_after)]
        {
            self.alarms.extend(after.map(|after| (alarm, now + after)));
        }
    }

    /// An extension picks up.
    ///
    /// # Errors
    /// It does not ring there.
    pub fn answer(&mut self, now: DateTime<Utc>, extension: &str) -> Done {
        let leg = self.leg_of(extension).filter(|leg| leg.state == LegState::Ringing).cloned();
        let leg = leg.ok_or_else(|| format!("the call does not ring at {extension}"))?;
        let mut events = Vec::new();
        if self.consulted.take().is_some()
            && let Some(holder) = self.holder()
        {
            let redirected = self.leg_event(now, EventKind::Redirected, &holder);
            events.push(Event { redirect_to: Some(extension.to_owned()), ..redirected });
        }
        self.answered_at.get_or_insert(now);
        events.push(self.leg_event(now, EventKind::Answered, &leg));
        events.extend(self.drop_legs(now, |other| other.id != leg.id));
        self.set_state(&leg.id, LegState::Talking);
        let talk = self.plan.talk_for.unwrap_or(TALK);
        let over = self.alarms.get(&Alarm::TalkOver).copied().unwrap_or(now + talk);
        self.alarms = BTreeMap::from([(Alarm::TalkOver, over)]);
        self.waiting.clear();
        Ok(events)
    }

    /// The client (`None`) or an extension hangs up.
    ///
    /// # Errors
    /// The extension has no part in the call.
    pub fn hang_up(&mut self, now: DateTime<Utc>, extension: Option<&str>) -> Done {
        let caller_is = self.direction == Direction::Internal && extension == Some(self.from.as_str());
        let Some(extension) = extension.filter(|_| !caller_is) else {
            let outcome = match self.direction {
                Direction::Outgoing => Outcome::Busy,
                Direction::Incoming | Direction::Internal => Outcome::Cancelled,
            };
            return Ok(self.end(now, outcome));
        };
        let leg = self.leg_of(extension).cloned();
        let leg = leg.ok_or_else(|| format!("extension {extension} has no part in the call"))?;
        if leg.state != LegState::Ringing {
            return Ok(self.end(now, Outcome::Answered));
        }
        if self.consulted.as_deref() == Some(extension) {
            return Ok(self.come_back(now));
        }
        if let Some(next) = self.waiting.pop_front() {
            return Ok(self.hunt_on(now, &next));
        }
        if self.legs.len() > 1 {
            return Ok(self.drop_legs(now, |other| other.id == leg.id));
        }
        let outcome = match self.direction {
            Direction::Outgoing => Outcome::Cancelled,
            Direction::Incoming | Direction::Internal => Outcome::Busy,
        };
        Ok(self.end(now, outcome))
    }

    /// Puts the other side on hold or takes it off.
    ///
    /// # Errors
    /// Nobody talks, or it is so already.
    pub fn hold(&mut self, now: DateTime<Utc>, hold: bool) -> Done {
        if self.consulted.is_some() {
            return Err("the call is being transferred".into());
        }
        let holder = self.talker()?;
        let (from, to, event, already) = if hold {
            (LegState::Talking, LegState::Held, EventKind::Held, "the call is on hold already")
        } else {
            (LegState::Held, LegState::Talking, EventKind::Resumed, "the call is not on hold")
        };
        if holder.state != from {
            return Err(already.into());
        }
        self.set_state(&holder.id, to);
        Ok(vec![self.leg_event(now, event, &holder)])
    }

    /// Switches the microphone off or on.
    ///
    /// # Errors
    /// Nobody talks.
    pub fn mute(&mut self, mute: bool) -> Done {
        let holder = self.talker()?;
        self.legs.iter_mut().filter(|leg| leg.id == holder.id).for_each(|leg| leg.muted = mute);
        Ok(Vec::new())
    }

    /// Presses keys.
    ///
    /// # Errors
    /// Nobody talks, or there are no such keys.
    pub fn dtmf(&mut self, digits: &str) -> Done {
        self.talker()?;
        let is_key = |key: char| key.is_ascii_digit() || matches!(key, '*' | '#' | 'A'..='D');
        if digits.is_empty() || !digits.chars().all(is_key) {
            return Err(format!("\"{digits}\" are not keys: use 0-9, *, # and A-D"));
        }
        self.digits.push_str(digits);
        self.digits.drain(..self.digits.len().saturating_sub(MAX_DIGITS));
        Ok(Vec::new())
    }

    /// Goes to another extension.
    ///
    /// # Errors
    /// Nobody has it yet, and it does not ring either.
    pub fn redirect(&mut self, now: DateTime<Utc>, to: &str) -> Done {
        let from = self.holder().or_else(|| self.legs.first().cloned());
        let from = from.ok_or("nobody has the call")?;
        self.consulted = None;
        self.waiting.clear();
        let redirected = self.leg_event(now, EventKind::Redirected, &from);
        let mut events = vec![Event { redirect_to: Some(to.to_owned()), ..redirected }];
        // First the new part, then the end of the old ones: a call without parts would be over.
        events.push(self.ring(now, to));
        events.extend(self.drop_legs(now, |leg| leg.extension != to));
        self.alarms.retain(|alarm, _| matches!(alarm, Alarm::TalkOver | Alarm::GiveUp));
        self.alarms.insert(Alarm::RungOut, now + RING);
        Ok(events)
    }

    /// Asks another extension.
    ///
    /// # Errors
    /// Nobody talks, or another one is being asked.
    pub fn transfer(&mut self, now: DateTime<Utc>, to: &str) -> Done {
        if self.consulted.is_some() {
            return Err("the call is being transferred".into());
        }
        let holder = self.talker()?;
        let mut events = if holder.state == LegState::Talking { self.hold(now, true)? } else { Vec::new() };
        self.consulted = Some(to.to_owned());
        events.push(self.ring(now, to));
        self.alarms.insert(Alarm::ConsultedTooLong, now + CONSULT);
        Ok(events)
    }

    /// Ends it. Once answered, that is how it came out.
    pub fn end(&mut self, now: DateTime<Utc>, outcome: Outcome) -> Vec<Event> {
        self.ended_at = Some(now);
        self.legs.clear();
        self.alarms.clear();
        let talk_seconds = self.talk_seconds();
        let outcome = Some(if self.answered_at.is_some() { Outcome::Answered } else { outcome });
        let mut events = vec![Event { outcome, talk_seconds, ..self.event(now, EventKind::Ended) }];
        if talk_seconds.is_some() {
            let recording_id = Some(self.id.clone());
            events.push(Event { recording_id, talk_seconds, ..self.event(now, EventKind::Recorded) });
        }
        events
    }

    /// What happened by itself until now.
    pub fn tick(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some((alarm, at)) = self.alarms.iter().map(|(a, at)| (*a, *at)).min_by_key(|(_, at)| *at)
            && at <= now
        {
            self.alarms.remove(&alarm);
            events.extend(self.ring_out(now, alarm));
        }
        events
    }

    fn ring_out(&mut self, now: DateTime<Utc>, alarm: Alarm) -> Vec<Event> {
        match alarm {
            Alarm::Answer => match self.legs.first().map(|leg| leg.extension.clone()) {
                Some(extension) => self.answer(now, &extension).unwrap_or_default(),
                None => Vec::new(),
            },
            Alarm::GiveUp => self.end(now, Outcome::Cancelled),
            Alarm::TalkOver => self.end(now, Outcome::Answered),
            Alarm::ConsultedTooLong => self.come_back(now),
            Alarm::RungOut => match self.waiting.pop_front() {
                Some(next) => self.hunt_on(now, &next),
                None => self.end(now, Outcome::NoAnswer),
            },
        }
    }

    /// The next of the hunt group rings.
    fn hunt_on(&mut self, now: DateTime<Utc>, next: &str) -> Vec<Event> {
        let mut events = vec![self.ring(now, next)];
        events.extend(self.drop_legs(now, |leg| leg.extension != next));
        let rings_for = if self.waiting.is_empty() { RING } else { HUNT };
        self.alarms.insert(Alarm::RungOut, now + rings_for);
        events
    }

    /// Nobody took it: whoever had the call has it again.
    fn come_back(&mut self, now: DateTime<Utc>) -> Vec<Event> {
        self.consulted = None;
        self.alarms.remove(&Alarm::ConsultedTooLong);
        let mut events = self.drop_legs(now, |leg| leg.state == LegState::Ringing);
        events.extend(self.hold(now, false).unwrap_or_default());
        events
    }

    fn drop_legs(&mut self, now: DateTime<Utc>, which: impl Fn(&Leg) -> bool) -> Vec<Event> {
        let (gone, stay) = std::mem::take(&mut self.legs).into_iter().partition(which);
        self.legs = stay;
        let gone: Vec<Leg> = gone;
        gone.iter().map(|leg| self.leg_event(now, EventKind::LegEnded, leg)).collect()
    }

    /// Whoever has the call.
    fn holder(&self) -> Option<Leg> {
        self.legs.iter().find(|leg| leg.state != LegState::Ringing).cloned()
    }

    fn talker(&self) -> Result<Leg, String> {
        self.holder().ok_or_else(|| "nobody talks yet".into())
    }

    fn set_state(&mut self, leg_id: &str, state: LegState) {
        self.legs.iter_mut().filter(|leg| leg.id == leg_id).for_each(|leg| leg.state = state);
    }
}
