//! What is left of an erased call: enough to recognize a late event, too little to tell whose call it was.

use chrono::{DateTime, Utc};

use crate::call::Call;
use crate::contract::Disposition;
use crate::fact::{Fact, FactKind};
use crate::ids::{CallId, ModuleId};
use crate::matching::LATE_RECORD;
use crate::storable::time;
use crate::view::CallView;

/// The times of an erased call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErasedCall {
    pub started_at: DateTime<Utc>,
    /// When somebody first answered.
    pub answered_at: Option<DateTime<Utc>>,
    pub ended_at: DateTime<Utc>,
    /// Whether its record had arrived.
    pub recorded: bool,
}

impl ErasedCall {
    /// From a call that is over.
    #[must_use]
    pub fn new(call: &Call, view: &CallView) -> Self {
        Self {
            started_at: time(view.started_at),
            answered_at: view.answered_at.map(time),
            ended_at: time(view.ended_at.unwrap_or(view.started_at)),
            recorded: call.facts.iter().any(|fact| fact.kind == FactKind::Record),
        }
    }

    /// A call that takes the facts the erased one would have taken.
    #[must_use]
    pub(crate) fn stand_in(&self, id: CallId, module_id: ModuleId) -> Call {
        let answered = self.answered_at.map(|at| fact(FactKind::Answer, at, Disposition::Unknown));
        let disposition = if answered.is_some() { Disposition::Answered } else { Disposition::Unknown };
        let record = self.recorded.then(|| fact(FactKind::Record, self.ended_at, Disposition::Unknown));
        let mut facts = vec![fact(FactKind::Start, self.started_at, Disposition::Unknown)];
        facts.extend(answered);
        facts.push(fact(FactKind::End, self.ended_at, disposition));
        facts.extend(record);
        Call { id, module_id, call_id: None, facts }
    }

    /// Until when events of the call may still arrive: with a provider id, as long as it can be requested again
    /// (`until`); without one, as long as late events count, since a later call with the same numbers is a new call.
    #[must_use]
    pub fn late_until(&self, call: &Call, until: DateTime<Utc>) -> DateTime<Utc> {
        match call.call_id {
            Some(_) => until,
            None => until.min(self.ended_at.checked_add_signed(LATE_RECORD).unwrap_or(until)),
        }
    }
}

fn fact(kind: FactKind, at: DateTime<Utc>, disposition: Disposition) -> Fact {
    Fact { timed: true, disposition, ..Fact::new(kind, at) }
}
