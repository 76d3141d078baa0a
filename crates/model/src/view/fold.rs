//! The fold over a call's facts in order: who rings, who talks, who held it when.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::order::{Placed, records_last};
use super::{CallState, OperatorLeg, OperatorState, Segment};
use crate::contract::Direction;
use crate::fact::{Fact, FactKind, Target};

#[derive(Default)]
pub(super) struct Fold<'a> {
    pub operators: Vec<OperatorLeg>,
    pub segments: Vec<Segment>,
    pub answered_at: Option<DateTime<Utc>>,
    held: bool,
    /// The only operator that any fact names: whom an answer means that names nobody.
    sole: Option<&'a Target>,
    /// The legs that were seen and whose they are.
    legs: Vec<(&'a str, usize)>,
    ended_legs: BTreeSet<&'a str>,
}

impl<'a> Fold<'a> {
    pub fn of(placed: &[Placed<'a>]) -> Self {
        let mut fold = Self { sole: sole_operator(placed), ..Self::default() };
        for placed in records_last(placed) {
            fold.take(placed);
        }
        fold
    }

    fn take(&mut self, placed: &Placed<'a>) {
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

    fn start(&mut self, fact: &'a Fact) {
        // Without the provider's order a start may be a late one: then it cannot tell that it rings again.
        let rings_again =
            fact.is_ordered() || (fact.leg.is_some() && self.of_leg(fact.leg.as_deref()).is_none());
        let Some(index) = self.named(fact) else { return };
        if self.leg_is_over(fact) {
            self.stop_ringing(Some(index).filter(|index| self.operators[*index].leg == fact.leg));
        } else if rings_again && !self.operators[index].state.is_active() {
            self.operators[index].state = OperatorState::Ringing;
        }
    }

    fn answer(&mut self, at: DateTime<Utc>, fact: &'a Fact) {
        self.answered_at.get_or_insert(at);
        let named = self.named(fact);
        if self.has_it() && (named.is_none() || named == self.holder()) {
            return;
        }
        let over = self.leg_is_over(fact);
        if over && self.has_it() {
            return;
        }
        let index =
            named.or_else(|| self.only_ringing()).or_else(|| self.sole.map(|sole| self.operator(sole)));
        self.close_segment(at);
        self.held = false;
        for operator in self.operators.iter_mut().filter(|operator| operator.state.is_active()) {
            operator.state = match operator.state {
                OperatorState::Ringing => OperatorState::AnsweredElsewhere,
                _ => OperatorState::Left,
            };
        }
        let operator = index.map(|index| &mut self.operators[index]);
        let (extension, user) = operator.map_or((None, None), |operator| {
            operator.state = if over { OperatorState::Left } else { OperatorState::Talking };
            (Some(operator.extension.clone()), operator.user)
        });
        self.segments.push(Segment { extension, user, from: at, to: over.then_some(at) });
    }

    fn hold(&mut self, fact: &'a Fact, held: bool) {
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

    fn redirect(&mut self, at: DateTime<Utc>, fact: &'a Fact) {
        let only_ringing = self.only_ringing();
        let to = fact.redirect.as_ref().map(|target| self.operator(target));
        let named = self.named(fact).filter(|named| Some(*named) != to);
        let holder = self.holder();
        // Somebody has it to whom it can only have come by this redirect (or a later one): the news is old.
        let late = !fact.is_ordered() && named.is_some() && named != holder;
        if holder.is_some() && (holder == to || late) {
            self.stop_ringing(named);
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

    fn leave(&mut self, at: DateTime<Utc>, fact: &'a Fact) {
        let index = self.named(fact);
        self.ended_legs.extend(fact.leg.as_deref());
        // It may be the end of an earlier leg to the same operator, or of the client's.
        let Some(index) = index.filter(|index| self.operators[*index].leg == fact.leg) else { return };
        if self.holder() == Some(index) {
            self.close_segment(at);
            self.held = false;
        }
        if self.operators[index].state.is_active() {
            self.operators[index].state = OperatorState::Left;
        }
    }

    /// What the call was to each operator, now that it is over. `takers`: who is known to have talked only because the
    /// end or the record says so.
    pub fn finish(
        &mut self,
        ended_at: DateTime<Utc>,
        answered: bool,
        direction: Option<Direction>,
        takers: &[&Target],
    ) {
        self.close_segment(ended_at);
        self.held = false;
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

    /// Where a call stands that has not ended.
    pub fn state(&self) -> CallState {
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

    /// The operator a fact names, by numbers or by leg; added when new.
    fn named(&mut self, fact: &'a Fact) -> Option<usize> {
        let of_leg = self.of_leg(fact.leg.as_deref());
        let Some(target) = fact.operator() else { return of_leg };
        let index = self.operator(target);
        if let Some(leg) = fact.leg.as_deref()
            && of_leg.is_none()
        {
            self.legs.push((leg, index));
            let current = &mut self.operators[index].leg;
            if current.is_none() || matches!(fact.kind, FactKind::Start | FactKind::Answer) {
                *current = Some(leg.to_owned());
            }
        }
        Some(index)
    }

    fn operator(&mut self, target: &Target) -> usize {
        let known = self.operators.iter().position(|operator| operator.extension == target.extension);
        let index = known.unwrap_or_else(|| {
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

    fn close_segment(&mut self, at: DateTime<Utc>) {
        if let Some(segment) = self.segments.last_mut()
            && segment.to.is_none()
        {
            segment.to = Some(at);
        }
    }
}

fn sole_operator<'a>(placed: &[Placed<'a>]) -> Option<&'a Target> {
    let mut named = placed.iter().flat_map(|p| [p.fact.operator(), p.fact.redirect.as_ref()]).flatten();
    let first = named.next()?;
    named.all(|other| other.extension == first.extension).then_some(first)
}
