//! The fold over a call's facts in order.

use chrono::{DateTime, Utc};

use super::order::{Placed, placed};
use super::{CallState, CallView, OperatorLeg, OperatorState, Segment};
use crate::call::Call;
use crate::contract::{Direction, Disposition};
use crate::fact::{Fact, FactKind, Target};

/// Derives what people see of a call.
#[must_use]
pub fn view(call: &Call) -> CallView {
    let (placed, end) = placed(&call.facts);
    let mut fold = Fold::default();
    for placed in &placed {
        fold.take(placed);
    }
    let parties = call.facts.iter().filter_map(|fact| fact.parties.as_ref());
    // What the facts agree on is the same whichever is asked; where they do not, the smallest answer is at least stable.
    let direction = parties.clone().map(|parties| parties.direction).min();
    let client = parties.clone().filter_map(|p| p.client().map(|raw| (raw, p.client_e164.as_deref()))).min();
    let records = placed.iter().filter_map(|p| p.fact.record.as_ref());
    let only_records = call.facts.iter().all(|fact| fact.kind == FactKind::Record);
    let ended_at = end.or_else(|| placed.last().copied().filter(|_| only_records)).map(|end| end.at);
    let began = placed.iter().filter(|p| only_records || p.fact.kind != FactKind::Record);
    let answered = fold.answered_at.is_some() || reported_answered(&placed);
    let talked = match (fold.answered_at, ended_at) {
        (Some(from), Some(to)) => u32::try_from((to - from).num_seconds()).ok(),
        _ => None,
    };
    fold.finish(ended_at, answered, direction);
    fold.fill_numbers(direction, client.map(|(raw, _)| raw));
    CallView {
        direction,
        state: if ended_at.is_some() { CallState::Ended } else { fold.state() },
        disposition: disposition(&placed, end, answered, ended_at.is_some()),
        client_raw: client.map(|(raw, _)| raw.to_owned()),
        client_e164: client.and_then(|(_, e164)| e164.map(str::to_owned)),
        caller_name: placed.iter().find_map(|p| p.fact.caller_name.clone()),
        line: placed.iter().find_map(|p| p.fact.line.clone()),
        started_at: began.map(|p| p.at).min().unwrap_or_default(),
        answered_at: fold.answered_at,
        ended_at,
        talk_seconds: records.clone().filter_map(|record| record.talk_seconds).max().or(talked),
        recording: records
            .filter_map(|record| record.data.clone())
            .next_back()
            .filter(|_| answered || only_records),
        missed: direction == Some(Direction::In) && ended_at.is_some() && !answered,
        operators: fold.operators,
        segments: fold.segments,
    }
}

/// An answer that was only reported afterwards, by the end or the record.
fn reported_answered(placed: &[Placed<'_>]) -> bool {
    placed.iter().any(|p| {
        matches!(p.fact.kind, FactKind::End | FactKind::Record) && p.fact.disposition == Disposition::Answered
    })
}

fn disposition(placed: &[Placed<'_>], end: Option<Placed<'_>>, answered: bool, ended: bool) -> Disposition {
    let timed_out = end.is_some_and(|end| end.fact.kind == FactKind::TimedOut);
    if !ended || timed_out {
        return Disposition::Unknown;
    }
    if answered {
        return Disposition::Answered;
    }
    // The call's own end knows best, then the last of the others that knows anything.
    let said = end.iter().chain(placed.iter().rev()).map(|p| p.fact.disposition);
    said.into_iter().find(|disposition| *disposition != Disposition::Unknown).unwrap_or_default()
}

#[derive(Default)]
struct Fold {
    operators: Vec<OperatorLeg>,
    segments: Vec<Segment>,
    answered_at: Option<DateTime<Utc>>,
    held: bool,
}

impl Fold {
    fn take(&mut self, placed: &Placed<'_>) {
        let Placed { at, fact } = *placed;
        match fact.kind {
            FactKind::Start => self.start(fact),
            FactKind::Answer => self.answer(at, fact),
            FactKind::Hold => self.hold(fact, true),
            FactKind::Unhold => self.hold(fact, false),
            FactKind::Redirect => self.redirect(at, fact),
            // An end with a leg ends one operator's part; without, it ends the call, which is not the fold's matter.
            FactKind::End if fact.leg.is_some() => self.leave(at, fact),
            FactKind::End | FactKind::Record | FactKind::TimedOut => {
                self.named(fact);
            }
        }
    }

    fn start(&mut self, fact: &Fact) {
        if let Some(index) = self.named(fact)
            && self.operators[index].state == OperatorState::Left
        {
            self.operators[index].state = OperatorState::Ringing;
        }
    }

    fn answer(&mut self, at: DateTime<Utc>, fact: &Fact) {
        let index = self.named(fact).or_else(|| self.only_ringing());
        self.answered_at.get_or_insert(at);
        self.held = false;
        if index.is_some() && index == self.holder() {
            return;
        }
        self.close_segment(at);
        for operator in self.operators.iter_mut().filter(|operator| operator.state.is_active()) {
            operator.state = match operator.state {
                OperatorState::Ringing => OperatorState::AnsweredElsewhere,
                _ => OperatorState::Left,
            };
        }
        let operator = index.map(|index| &mut self.operators[index]);
        let (extension, user) = operator.map_or((None, None), |operator| {
            operator.state = OperatorState::Talking;
            (Some(operator.extension.clone()), operator.user)
        });
        self.segments.push(Segment { extension, user, from: at, to: None });
    }

    fn hold(&mut self, fact: &Fact, held: bool) {
        let named = self.named(fact);
        let holder = self.holder();
        if named.is_some() && named != holder {
            return;
        }
        self.held = held && self.has_it();
        if let Some(holder) = holder {
            self.operators[holder].state = if held { OperatorState::Held } else { OperatorState::Talking };
        }
    }

    fn redirect(&mut self, at: DateTime<Utc>, fact: &Fact) {
        let only_ringing = self.only_ringing();
        let to = fact.redirect.as_ref().map(|target| self.operator(target));
        let named = self.named(fact).filter(|named| Some(*named) != to);
        let holder = self.holder();
        let late = holder.is_some() && (to == holder || (named.is_some() && named != holder));
        if late {
            return;
        }
        // Whoever has it lets go of it; while nobody has, whoever it rang at.
        let from = holder.or(named).or(only_ringing).filter(|from| Some(*from) != to);
        if let Some(from) = from {
            self.operators[from].state = OperatorState::Left;
        }
        self.close_segment(at);
        self.held = false;
        if let Some(to) = to {
            self.operators[to].state = OperatorState::Ringing;
        }
    }

    fn leave(&mut self, at: DateTime<Utc>, fact: &Fact) {
        let Some(index) = self.of_leg(fact).or_else(|| self.named(fact)) else { return };
        if self.holder() == Some(index) {
            self.close_segment(at);
            self.held = false;
        }
        if self.operators[index].state.is_active() {
            self.operators[index].state = OperatorState::Left;
        }
    }

    fn finish(&mut self, ended_at: Option<DateTime<Utc>>, answered: bool, direction: Option<Direction>) {
        let Some(ended_at) = ended_at else { return };
        self.close_segment(ended_at);
        for operator in &mut self.operators {
            let talked =
                self.segments.iter().any(|segment| segment.extension.as_ref() == Some(&operator.extension));
            operator.state = match operator.state {
                OperatorState::Talking | OperatorState::Held => OperatorState::Ended,
                OperatorState::Ringing | OperatorState::Left
                    if !answered && direction != Some(Direction::Out) =>
                {
                    OperatorState::Missed
                }
                OperatorState::Ringing if self.answered_at.is_some() && !talked => {
                    OperatorState::AnsweredElsewhere
                }
                OperatorState::Ringing => OperatorState::Ended,
                other => other,
            };
        }
    }

    fn state(&self) -> CallState {
        match (self.has_it(), self.held) {
            (false, _) => CallState::Ringing,
            (true, false) => CallState::Talking,
            (true, true) => CallState::Held,
        }
    }

    /// Whether somebody has the call, known by name or not.
    fn has_it(&self) -> bool {
        self.segments.last().is_some_and(|segment| segment.to.is_none())
    }

    fn holder(&self) -> Option<usize> {
        self.operators.iter().position(|o| matches!(o.state, OperatorState::Talking | OperatorState::Held))
    }

    fn only_ringing(&self) -> Option<usize> {
        let mut ringing =
            self.operators.iter().enumerate().filter(|(_, o)| o.state == OperatorState::Ringing);
        ringing.next().map(|(index, _)| index).filter(|_| ringing.next().is_none())
    }

    fn of_leg(&self, fact: &Fact) -> Option<usize> {
        self.operators.iter().position(|operator| operator.leg.is_some() && operator.leg == fact.leg)
    }

    /// The operator a fact names, by numbers or by leg; added when new.
    fn named(&mut self, fact: &Fact) -> Option<usize> {
        let Some((parties, target)) = fact.parties.as_ref().and_then(|p| p.operator.as_ref().map(|o| (p, o)))
        else {
            return self.of_leg(fact);
        };
        let index = self.operator(target);
        let operator = &mut self.operators[index];
        (operator.src, operator.dst) = (parties.src.clone(), parties.dst.clone());
        operator.leg = operator.leg.take().or_else(|| fact.leg.clone());
        Some(index)
    }

    fn operator(&mut self, target: &Target) -> usize {
        let known = self.operators.iter().position(|operator| operator.extension == target.extension);
        let index = known.unwrap_or_else(|| {
            self.operators.push(OperatorLeg {
                extension: target.extension.clone(),
                user: target.user,
                state: OperatorState::Ringing,
                leg: None,
                src: String::new(),
                dst: String::new(),
            });
            self.operators.len() - 1
        });
        let operator = &mut self.operators[index];
        operator.user = operator.user.or(target.user);
        index
    }

    /// Numbers for operators of whom only a redirect or a leg has been heard.
    fn fill_numbers(&mut self, direction: Option<Direction>, client: Option<&str>) {
        for operator in self.operators.iter_mut().filter(|operator| operator.dst.is_empty()) {
            let (client, extension) = (client.unwrap_or_default().to_owned(), operator.extension.clone());
            (operator.src, operator.dst) = match direction {
                Some(Direction::Out) => (extension, client),
                _ => (client, extension),
            };
        }
    }

    fn close_segment(&mut self, at: DateTime<Utc>) {
        if let Some(segment) = self.segments.last_mut()
            && segment.to.is_none()
        {
            segment.to = Some(at);
        }
    }
}
