//! Folds a call's facts in order: who rings, who talks, who held it when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::order::{Answered, Placed};
use super::{CallState, OperatorLeg, OperatorState, Segment};
use crate::contract::Direction;
use crate::fact::{Fact, FactKind, Target};

#[derive(Default)]
pub(super) struct Fold<'a> {
    pub operators: Vec<OperatorLeg>,
    pub segments: Vec<Segment>,
    pub answered_at: Option<DateTime<Utc>>,
    /// Whether voicemail, a queue or an announcement answered.
    pub machine_answered: bool,
    held: bool,
    /// The only operator named by any fact; an answer that names nobody means this one.
    sole: Option<&'a Target>,
    sole_has_leg: bool,
    /// The legs seen so far and the operators they belong to.
    legs: Vec<(&'a str, usize)>,
    ended_legs: BTreeSet<&'a str>,
    /// Operators from whom somebody else took the call by answering. They get it back when that one's leg ends.
    displaced: Vec<usize>,
}

impl<'a> Fold<'a> {
    /// Folds over everything except the records.
    pub fn of(placed: &[Placed<'a>]) -> Self {
        let sole_has_leg = placed.iter().any(|p| p.operator.is_some() && p.fact.leg.is_some());
        let mut fold = Self { sole: sole_operator(placed), sole_has_leg, ..Self::default() };
        for placed in placed {
            fold.take(placed);
        }
        fold
    }

    fn take(&mut self, p: &Placed<'a>) {
        match p.fact.kind {
            FactKind::Start => self.start(p),
            FactKind::Answer => self.answer(p),
            FactKind::Hold => self.hold(p, true),
            FactKind::Unhold => self.hold(p, false),
            FactKind::Redirect => self.redirect(p),
            // An end with a leg ends one operator's part. Without, it ends the call, which is not handled here.
            FactKind::End if p.fact.leg.is_some() => self.leave(p),
            FactKind::End => {
                self.named(p);
            }
            FactKind::Record | FactKind::TimedOut => {}
        }
    }

    /// Adds the operators named by records, after all others.
    pub(crate) fn take_records(&mut self, placed: &[Placed<'a>]) {
        for p in placed.iter().filter(|p| p.fact.kind == FactKind::Record) {
            self.named(p);
        }
    }

    fn start(&mut self, p: &Placed<'a>) {
        let fact = p.fact;
        // Without the provider's order a start may be late, so it does not prove that the operator rings again.
        let rings_again =
            fact.is_ordered() || (fact.leg.is_some() && self.of_leg(fact.leg.as_deref()).is_none());
        let Some(index) = self.named(p) else { return };
        if self.leg_is_over(fact) {
            self.stop_ringing(Some(index).filter(|index| self.operators[*index].leg == fact.leg));
        } else if rings_again && !self.operators[index].state.is_active() {
            self.operators[index].state = OperatorState::Ringing;
        }
    }

    fn answer(&mut self, p: &Placed<'a>) {
        match p.answered {
            Answered::Somebody => {}
            Answered::Machine => return self.answer_by_machine(p),
            Answered::NotTheClient => {
                self.named(p);
                return;
            }
        }
        let named = self.named(p);
        if self.has_it() && (named.is_none() || named == self.holder()) {
            return;
        }
        let index = named.or_else(|| self.only_ringing()).or_else(|| self.sole_for(p.fact));
        // Without the provider's order, an answer without a leg may be a late one for a leg that is over.
        let late = |index: usize| !p.fact.is_ordered() && p.fact.leg.is_none() && self.has_left(index);
        let over = self.leg_is_over(p.fact) || index.is_some_and(late);
        if over && self.has_it() {
            return;
        }
        if index.is_none() && self.has_rung_out() {
            return self.answer_by_machine(p);
        }
        self.answered_at.get_or_insert(p.at);
        self.close_segment(p.at);
        self.held = false;
        for (index, operator) in self.operators.iter_mut().enumerate().filter(|(_, o)| o.state.is_active()) {
            if operator.state == OperatorState::Ringing {
                operator.state = OperatorState::AnsweredElsewhere;
            } else {
                operator.state = OperatorState::Left;
                self.displaced.push(index);
            }
        }
        if let Some(index) = index {
            self.operators[index].state = if over { OperatorState::Left } else { OperatorState::Talking };
            // Of several telephones ringing at one operator, this is the one they answered.
            let leg = p.fact.leg.as_ref().filter(|leg| !over && self.of_leg(Some(leg)) == Some(index));
            if let Some(leg) = leg {
                self.operators[index].leg = Some(leg.clone());
            }
        }
        self.open_segment(index, p.at);
        if over {
            self.close_segment(p.at);
        }
    }

    /// The caller waits or leaves a message; nothing rings meanwhile.
    fn answer_by_machine(&mut self, p: &Placed<'a>) {
        self.machine_answered = true;
        self.named(p);
        for operator in &mut self.operators {
            if operator.state == OperatorState::Ringing {
                operator.state = OperatorState::Left;
            }
        }
    }

    fn hold(&mut self, p: &Placed<'a>, held: bool) {
        let named = self.named(p);
        let holder = self.holder();
        if named.is_some() && named != holder {
            return;
        }
        self.held = held && self.has_it();
        if let Some(holder) = holder {
            self.operators[holder].state = if held { OperatorState::Held } else { OperatorState::Talking };
        }
    }

    fn redirect(&mut self, p: &Placed<'a>) {
        let only_ringing = self.only_ringing();
        let to = p.fact.redirect.as_ref().map(|target| self.operator(target));
        let named = self.named(p).filter(|named| Some(*named) != to);
        let holder = self.holder();
        // An operator has the call who can only have it through this redirect (or a later one): the news is old.
        let late = !p.fact.is_ordered() && named.is_some() && named != holder;
        if holder.is_some() && (holder == to || late) {
            self.stop_ringing(named);
            self.displaced.retain(|index| Some(*index) != named);
            return;
        }
        // The holder gives the call away; if nobody has it, the operator it rang at does.
        let from = holder.or(named).or(only_ringing).filter(|from| Some(*from) != to);
        if let Some(from) = from {
            self.operators[from].state = OperatorState::Left;
            self.displaced.retain(|index| *index != from);
        }
        self.close_segment(p.at);
        self.held = false;
        if let Some(to) = to {
            self.operators[to].state = OperatorState::Ringing;
        }
    }

    fn leave(&mut self, p: &Placed<'a>) {
        let is_new = p.operator.is_some_and(|target| self.position(target).is_none());
        let index = self.named(p);
        self.ended_legs.extend(p.fact.leg.as_deref());
        if let Some(index) = index.filter(|_| is_new) {
            self.operators[index].state = OperatorState::Left;
        }
        // It may be the end of an earlier leg to the same operator, or of the client's leg.
        let Some(index) = index.filter(|index| self.operators[*index].leg == p.fact.leg) else { return };
        let had_it = self.holder() == Some(index);
        if self.operators[index].state.is_active() {
            self.operators[index].state = OperatorState::Left;
        }
        if had_it {
            self.close_segment(p.at);
            self.held = false;
            self.give_back(p.at);
        }
    }

    /// Gives the call back to whoever talked before and was only displaced.
    fn give_back(&mut self, at: DateTime<Utc>) {
        let has_leg = |index: &usize| {
            let OperatorLeg { state, leg, .. } = &self.operators[*index];
            *state == OperatorState::Left && leg.as_deref().is_some_and(|leg| !self.ended_legs.contains(leg))
        };
        let Some(index) = self.displaced.iter().rev().copied().find(has_leg) else { return };
        self.displaced.retain(|displaced| *displaced != index);
        self.operators[index].state = OperatorState::Talking;
        self.open_segment(Some(index), at);
    }

    /// Whether legs ended and none is left.
    pub(crate) fn legs_are_over(&self, placed: &[Placed<'a>]) -> bool {
        let is_gone = |leg: &str| match self.of_leg(Some(leg)) {
            Some(index) => !self.operators[index].state.is_active(),
            None => false,
        };
        let mut legs = placed.iter().filter_map(|p| p.fact.leg.as_deref());
        let bound_is_active = self.operators.iter().any(|o| o.user.is_some() && o.state.is_active());
        !self.ended_legs.is_empty()
            && !bound_is_active
            && legs.all(|leg| self.ended_legs.contains(leg) || is_gone(leg))
    }

    /// Sets the operators' final states. `takers` are those known to have talked only from the end or the record.
    pub fn finish(
        &mut self,
        ended_at: DateTime<Utc>,
        answered: bool,
        direction: Option<Direction>,
        takers: &[&Target],
    ) {
        self.close_segment(ended_at);
        self.held = false;
        // Nothing happens after the end.
        self.answered_at = self.answered_at.map(|at| at.min(ended_at));
        for segment in &mut self.segments {
            segment.from = segment.from.min(ended_at);
            segment.to = segment.to.map(|to| to.min(ended_at));
        }
        let mut talked: Vec<&str> = self.segments.iter().filter_map(|s| s.extension.as_deref()).collect();
        let mut last_talked: Vec<&str> = talked.last().copied().into_iter().collect();
        if self.segments.is_empty() {
            last_talked = takers.iter().map(|taker| taker.extension.as_str()).collect();
            talked.clone_from(&last_talked);
        }
        let somebody_talked = !self.segments.is_empty() || !talked.is_empty();
        for operator in &mut self.operators {
            let extension = operator.extension.as_str();
            operator.state = if last_talked.contains(&extension) {
                OperatorState::Ended
            } else if talked.contains(&extension) {
                OperatorState::Left
            } else if !answered && direction != Some(Direction::Out) {
                OperatorState::Missed
            } else if somebody_talked {
                OperatorState::AnsweredElsewhere
            } else {
                OperatorState::Ended
            };
        }
    }

    /// The state of a call that has not ended.
    pub fn state(&self) -> CallState {
        match (self.has_it(), self.held) {
            (false, _) => CallState::Ringing,
            (true, false) => CallState::Talking,
            (true, true) => CallState::Held,
        }
    }

    /// Whether somebody has the call, known or not.
    fn has_it(&self) -> bool {
        self.segments.last().is_some_and(|segment| segment.to.is_none())
    }

    /// Whether it rang at somebody, has stopped ringing, and nobody ever had it.
    fn has_rung_out(&self) -> bool {
        self.segments.is_empty()
            && !self.operators.is_empty()
            && self.operators.iter().all(|operator| operator.state == OperatorState::Left)
    }

    fn holder(&self) -> Option<usize> {
        self.operators.iter().position(|o| matches!(o.state, OperatorState::Talking | OperatorState::Held))
    }

    fn only_ringing(&self) -> Option<usize> {
        let mut ringing =
            self.operators.iter().enumerate().filter(|(_, o)| o.state == OperatorState::Ringing);
        ringing.next().map(|(index, _)| index).filter(|_| ringing.next().is_none())
    }

    /// The call's only operator, unless the answer is on another leg or came after the operator's leg was over.
    fn sole_for(&mut self, answer: &Fact) -> Option<usize> {
        let index = self.sole.map(|sole| self.operator(sole))?;
        let on_another_leg = answer.leg.is_some() && self.sole_has_leg;
        let too_late = answer.is_ordered() && self.has_left(index);
        (!on_another_leg && !too_late).then_some(index)
    }

    /// Whether the operator's own leg ended.
    fn has_left(&self, operator: usize) -> bool {
        self.operators[operator].leg.as_deref().is_some_and(|leg| self.ended_legs.contains(leg))
    }

    fn stop_ringing(&mut self, operator: Option<usize>) {
        if let Some(index) = operator
            && self.operators[index].state == OperatorState::Ringing
        {
            self.operators[index].state = OperatorState::Left;
        }
    }

    fn of_leg(&self, leg: Option<&str>) -> Option<usize> {
        let leg = leg?;
        self.legs.iter().find(|(known, _)| *known == leg).map(|(_, operator)| *operator)
    }

    fn leg_is_over(&self, fact: &Fact) -> bool {
        fact.leg.as_deref().is_some_and(|leg| self.ended_legs.contains(leg))
    }

    /// The operator a fact means; added if new.
    fn named(&mut self, p: &Placed<'a>) -> Option<usize> {
        let index = self.operator(p.operator?);
        if let Some(leg) = p.fact.leg.as_deref()
            && self.of_leg(Some(leg)).is_none()
        {
            self.legs.push((leg, index));
            let current = &mut self.operators[index].leg;
            if current.is_none() || matches!(p.fact.kind, FactKind::Start | FactKind::Answer) {
                *current = Some(leg.to_owned());
            }
        }
        Some(index)
    }

    fn position(&self, target: &Target) -> Option<usize> {
        self.operators.iter().position(|operator| operator.extension == target.extension)
    }

    fn operator(&mut self, target: &Target) -> usize {
        let index = self.position(target).unwrap_or_else(|| {
            self.operators.push(OperatorLeg {
                extension: target.extension.clone(),
                user: None,
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

    fn open_segment(&mut self, operator: Option<usize>, from: DateTime<Utc>) {
        let operator = operator.map(|index| &self.operators[index]);
        let extension = operator.map(|operator| operator.extension.clone());
        let user = operator.and_then(|operator| operator.user);
        self.segments.push(Segment { extension, user, from, to: None });
    }

    fn close_segment(&mut self, at: DateTime<Utc>) {
        if let Some(segment) = self.segments.last_mut()
            && segment.to.is_none()
        {
            segment.to = Some(at);
        }
    }
}

fn sole_operator<'a>(placed: &[Placed<'a>]) -> Option<&'a Target> {
    let mut named = placed.iter().flat_map(|p| [p.operator, p.fact.redirect.as_ref()]).flatten();
    let first = named.next()?;
    named.all(|other| other.extension == first.extension).then_some(first)
}
