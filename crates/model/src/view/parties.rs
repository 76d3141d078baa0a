//! The parties of a call, and which facts count if they disagree.

use super::order::Placed;
use crate::contract::Direction;
use crate::fact::{Fact, Parties};

/// The parties of a call: those it began with. Later legs, added and consulted parties do not change them.
#[derive(Default)]
pub(super) struct Who<'a> {
    pub direction: Option<Direction>,
    /// The outside party's number as received, and in E.164.
    pub client: Option<(&'a str, Option<&'a str>)>,
    pub caller_name: Option<&'a str>,
    pub line: Option<&'a str>,
}

/// Reads the parties from the facts, which are sorted by weight.
pub(super) fn who<'a>(facts: &[Placed<'a>]) -> Who<'a> {
    let parties = || facts.iter().filter_map(|p| p.fact.parties.as_ref());
    // The operator's own telephone may be rung from the company's number, which is not a client.
    let own = |parties: &Parties| {
        let numbers = || [Some(&parties.src), parties.client_e164.as_ref()].into_iter().flatten();
        parties.direction == Direction::In
            && facts.iter().any(|p| numbers().any(|number| is_line_of(number, p.fact)))
    };
    let Some(first) = parties().find(|parties| !own(parties)).or_else(|| parties().next()) else {
        return Who {
            caller_name: said(facts, |_| true, |fact| fact.caller_name.as_deref()),
            line: said(facts, |_| true, |fact| fact.line.as_deref()),
            ..Who::default()
        };
    };
    // A caller announced without a number may get one later.
    let numbered = || parties().find(|p| is_about(p, first) && !own(p) && p.client_e164.is_some());
    let whose = if first.client_e164.is_some() { first } else { numbered().unwrap_or(first) };
    let about = |fact: &Fact| fact.parties.as_ref().is_none_or(|parties| is_about(parties, whose));
    Who {
        direction: Some(first.direction),
        client: whose.client().map(|raw| (raw, whose.client_e164.as_deref())),
        caller_name: said(facts, about, |fact| fact.caller_name.as_deref()),
        line: said(facts, about, |fact| fact.line.as_deref()),
    }
}

fn said<'a>(
    facts: &[Placed<'a>],
    about: impl Fn(&Fact) -> bool,
    what: impl Fn(&'a Fact) -> Option<&'a str>,
) -> Option<&'a str> {
    facts.iter().map(|p| p.fact).filter(|fact| about(fact)).find_map(what)
}

/// Whether both are about the same outside party, as far as known.
fn is_about(parties: &Parties, whose: &Parties) -> bool {
    parties.direction == whose.direction
        && match (&parties.client_e164, &whose.client_e164) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
}

/// Whether the fact says that this number is the company's. (An outgoing leg may show the caller's number as its
/// source.)
fn is_line_of(number: &str, fact: &Fact) -> bool {
    let Some(parties) = &fact.parties else { return fact.line.as_deref() == Some(number) };
    let said = fact.line.as_deref().is_some_and(|line| line == number && line != parties.src);
    said || (parties.direction == Direction::In
        && parties.dst == number
        && parties.operator.as_ref().is_none_or(|operator| operator.extension != number))
}
