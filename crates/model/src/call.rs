//! The call and its reducer.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fact::{Fact, FactKind, Parties};
use crate::ids::{CallId, ModuleId, RequestId};

/// A call, as reported by its facts. [`crate::view()`] derives what people see.
///
/// Storing facts instead of a state makes the order and repetition of events harmless: the set is the same however it
/// was filled, and the view is a function of the set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Call {
    pub id: CallId,
    pub module_id: ModuleId,
    /// The provider's id, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// What was reported, without repetitions, in the order in which it was first stored.
    pub facts: Vec<Fact>,
}

impl Call {
    /// The possible numbers of the client, where a fact leaves a choice.
    pub(crate) fn open_readings(&self) -> impl Iterator<Item = &str> {
        let parties = self.facts.iter().filter_map(|fact| fact.parties.as_ref());
        parties.filter(|parties| !parties.client_others.is_empty()).flat_map(Parties::readings)
    }

    /// Chooses the client's number wherever a fact leaves a choice: the first reading accepted by `is_it`, else the
    /// likeliest.
    pub fn settle(&mut self, is_it: impl Fn(&str) -> bool) {
        for parties in self.facts.iter_mut().filter_map(|fact| fact.parties.as_mut()) {
            parties.settle(&is_it);
        }
    }
}

/// More facts than any real call has; bounds how far a broken or hostile provider can grow a call. Only an end and a
/// time-out may exceed it.
pub const MAX_FACTS: usize = 500;

/// Why a fact could not be added.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReduceError {
    /// The call already has [`MAX_FACTS`].
    #[error(
        "the call already has {MAX_FACTS} events; the module probably gives different calls the same callId"
    )]
    TooManyFacts,
}

/// Adds a fact to a call; `None` starts one with `new`. Returns whether anything changed.
///
/// # Errors
/// [`ReduceError::TooManyFacts`] if the call is full.
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
        // The earlier report counts, whichever was processed first; ties go to the earlier request.
        let earlier = (fact.at, fact.arrived, fact.source) < (known.at, known.arrived, known.source);
        if earlier {
            *known = fact;
        }
        return Ok((call, earlier));
    }
    // A full call can still be ended once.
    let closes = fact.kind == FactKind::End && call.facts.iter().all(|known| known.kind != fact.kind);
    if call.facts.len() >= MAX_FACTS && !closes {
        return Err(ReduceError::TooManyFacts);
    }
    call.facts.push(fact);
    Ok((call, true))
}

/// Only the last of several time-outs can stand, so only that one is stored.
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

/// Retracts what one webhook request reported, so that a replay can report it again. Returns whether anything changed.
#[must_use]
pub fn retract(mut call: Call, request: RequestId) -> (Call, bool) {
    let before = call.facts.len();
    call.facts.retain(|fact| fact.source != Some(request));
    let changed = call.facts.len() != before;
    (call, changed)
}
