//! The call and its reducer.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fact::{Fact, FactKind, Parties};
use crate::ids::{CallId, ModuleId, RequestId};

/// A call, as the facts reported about it. What people see of it is derived by [`crate::view()`].
///
/// Keeping the facts instead of a state is what makes order and repetition of events harmless: the set is the same
/// whichever way it was filled, and the view is a function of the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    /// Our id.
    pub id: CallId,
    /// The module it came through.
    pub module_id: ModuleId,
    /// The provider's id, where it gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// What was reported, each thing once, in the order in which it was first kept.
    pub facts: Vec<Fact>,
}

impl Call {
    /// What the client's number may be, where a fact leaves it open.
    pub fn open_readings(&self) -> impl Iterator<Item = &str> {
        let parties = self.facts.iter().filter_map(|fact| fact.parties.as_ref());
        parties.filter(|parties| !parties.client_others.is_empty()).flat_map(Parties::readings)
    }

    /// Chooses what the client's number is, wherever a fact leaves it open: the first reading that `is_it` says, else the
    /// likeliest.
    pub fn settle(&mut self, is_it: impl Fn(&str) -> bool) {
        for parties in self.facts.iter_mut().filter_map(|fact| fact.parties.as_mut()) {
            parties.settle(&is_it);
        }
    }
}

/// More facts than any real call has; bounds what a broken or hostile provider can make one call grow to. Only an end and a
/// time-out may come on top.
pub const MAX_FACTS: usize = 500;

/// Why a fact could not be added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReduceError {
    /// The call has [`MAX_FACTS`] already.
    #[error(
        "the call has {MAX_FACTS} events already; the module seems to give different calls the same callId"
    )]
    TooManyFacts,
}

/// Adds a fact to a call; `None` starts one with what `new` gives. Says whether anything changed.
///
/// # Errors
/// [`ReduceError::TooManyFacts`] when the call is full.
pub fn reduce(
    call: Option<Call>,
    fact: Fact,
    new: impl FnOnce() -> Call,
) -> Result<(Call, bool), ReduceError> {
    let mut call = call.unwrap_or_else(new);
    if fact.kind == FactKind::TimedOut {
        return Ok(timed_out(call, fact));
    }
    if let Some(known) = call.facts.iter_mut().find(|known| known.same_as(&fact)) {
        // The earlier report counts, whichever came first to us; ties go to the earlier request.
        let earlier = (fact.at, fact.arrived, fact.source) < (known.at, known.arrived, known.source);
        if earlier {
            *known = fact;
        }
        return Ok((call, earlier));
    }
    // A full call can still be ended, once.
    let closes = fact.kind == FactKind::End && call.facts.iter().all(|known| known.kind != fact.kind);
    if call.facts.len() >= MAX_FACTS && !closes {
        return Err(ReduceError::TooManyFacts);
    }
    call.facts.push(fact);
    Ok((call, true))
}

/// Of several time-outs only the last can stand, so only that one is kept.
fn timed_out(mut call: Call, fact: Fact) -> (Call, bool) {
    let known = call.facts.iter_mut().find(|known| known.kind == FactKind::TimedOut);
    let changed = known.as_ref().is_none_or(|known| (known.at, known.arrived) < (fact.at, fact.arrived));
    match known {
        Some(known) if changed => *known = fact,
        Some(_) => {}
        None => call.facts.push(fact),
    }
    (call, changed)
}

/// Takes back what one webhook request reported, so that a replay of it can say it anew. Says whether anything changed.
#[must_use]
pub fn retract(mut call: Call, request: RequestId) -> (Call, bool) {
    let before = call.facts.len();
    call.facts.retain(|fact| fact.source != Some(request));
    let changed = call.facts.len() != before;
    (call, changed)
}
