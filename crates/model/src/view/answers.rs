//! Which operator an event means if it names none, and which answers are a machine's.

use super::order::{Answered, Placed, by_weight};
use super::parties::Who;
use crate::contract::{Direction, Disposition};
use crate::fact::{Fact, FactKind, Target};

/// Sets the operator each fact means, and who gave each answer.
pub(super) fn resolve(placed: &mut [Placed<'_>], who: &Who<'_>) {
    let legs = legs(placed, who.direction);
    for p in &mut *placed {
        let of_leg = || legs.iter().find(|(leg, _)| Some(*leg) == p.fact.leg.as_deref()).map(|(_, of)| *of);
        // A start and a record must name the operator themselves.
        let by_leg = !matches!(p.fact.kind, FactKind::Start | FactKind::Record);
        p.operator = p.fact.operator(who.direction).or_else(|| by_leg.then(of_leg).flatten());
    }
    let mut before = Before::default();
    for index in 0..placed.len() {
        placed[index].answered = answered(&before, placed, index, who);
        before.note(&placed[index]);
    }
}

/// The operator of each leg, from the fact with the most weight.
fn legs<'a>(placed: &[Placed<'a>], direction: Option<Direction>) -> Vec<(&'a str, &'a Target)> {
    let mut legs: Vec<(&str, &Target)> = Vec::new();
    if placed.iter().all(|p| p.fact.leg.is_none()) {
        return legs;
    }
    for p in by_weight(placed) {
        if let (Some(leg), Some(operator)) = (p.fact.leg.as_deref(), p.fact.operator(direction))
            && legs.iter().all(|(known, _)| *known != leg)
        {
            legs.push((leg, operator));
        }
    }
    legs
}

/// What happened before an answer.
#[derive(Default)]
struct Before {
    started: bool,
    /// Whether it rang at somebody, or somebody had it.
    rang: bool,
    /// The same for an operator with a bound user.
    rang_at_user: bool,
}

impl Before {
    fn note(&mut self, p: &Placed<'_>) {
        self.started |= p.fact.kind == FactKind::Start;
        let somebody = match p.fact.kind {
            FactKind::Start | FactKind::Redirect => true,
            FactKind::Answer => p.answered == Answered::Somebody,
            _ => false,
        };
        for target in [p.operator, p.fact.redirect.as_ref()].into_iter().flatten().filter(|_| somebody) {
            self.rang = true;
            self.rang_at_user |= target.user.is_some();
        }
    }
}

fn answered(before: &Before, placed: &[Placed<'_>], index: usize, who: &Who<'_>) -> Answered {
    let p = &placed[index];
    let direction = p.fact.parties.as_ref().map(|parties| parties.direction).or(who.direction);
    let incoming = who.direction == Some(Direction::In);
    if p.fact.kind != FactKind::Answer {
        return Answered::Somebody;
    }
    if p.fact.disposition == Disposition::Voicemail {
        return if incoming { Answered::Machine } else { Answered::NotTheClient };
    }
    if who.direction == Some(Direction::Out) && direction == Some(Direction::In) {
        return Answered::NotTheClient;
    }
    let by_machine = incoming
        && (took_a_message(p.fact, placed)
            || (direction == Some(Direction::In) && queued(before, placed, index)));
    if by_machine { Answered::Machine } else { Answered::Somebody }
}

/// Whether the end of the leg or of the call says that voicemail took this answer.
fn took_a_message(answer: &Fact, placed: &[Placed<'_>]) -> bool {
    let said = |p: &Placed<'_>, disposition| {
        matches!(p.fact.kind, FactKind::End | FactKind::Record) && p.fact.disposition == disposition
    };
    let of_leg = answer.leg.is_some()
        && placed.iter().any(|p| {
            p.fact.kind == FactKind::End && p.fact.leg == answer.leg && said(p, Disposition::Voicemail)
        });
    // Whoever did something with the call had it before voicemail.
    let handled = || {
        placed.iter().any(|p| matches!(p.fact.kind, FactKind::Redirect | FactKind::Hold | FactKind::Unhold))
    };
    of_leg
        || (placed.iter().any(|p| p.fact.leg.is_none() && said(p, Disposition::Voicemail))
            && !placed.iter().any(|p| said(p, Disposition::Answered))
            && !handled())
}

/// Whether a queue or an announcement answered: before it rang at anybody, and without naming an operator.
fn queued(before: &Before, placed: &[Placed<'_>], index: usize) -> bool {
    let p = &placed[index];
    let Some(operator) = p.operator else {
        // An answer before the start arrived too early, unless the provider's order confirms it.
        return !before.rang && (before.started || p.fact.is_ordered());
    };
    if operator.user.is_some() {
        return false;
    }
    let rings = |p: &&Placed<'_>| matches!(p.fact.kind, FactKind::Start | FactKind::Redirect);
    let targets = |p: &Placed<'_>| {
        [p.operator, p.fact.redirect.as_ref()]
            .into_iter()
            .flatten()
            .any(|target| target.extension == operator.extension)
    };
    if !placed.iter().filter(rings).any(targets) {
        return !before.rang;
    }
    // It rang at a number without a user: a queue, if a user is rung afterwards without a redirect.
    let users_ring = || {
        placed[index..].iter().filter(rings).any(|p| p.operator.is_some_and(|target| target.user.is_some()))
    };
    !before.rang_at_user && users_ring() && placed.iter().all(|p| p.fact.kind != FactKind::Redirect)
}
