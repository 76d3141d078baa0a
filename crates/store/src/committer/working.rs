//! The calls of a batch in memory, and what its applies make of them. No I/O.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::types::{Apply, CallChange, FactTarget};
use crate::added::Added;
use crate::calls::call_version;
use crate::clients::Matched;
use crate::db::{far_future, text};
use crate::erase::ErasedCall;
use chrono::{DateTime, Utc};
use hookswitch_model::matching::{LATE_EVENT, LATE_RECORD, choose};
use hookswitch_model::{
    Call, CallId, CallKey, CallView, ClientId, Fact, ModuleId, ReduceError, RequestId, UserId,
};
use hookswitch_model::{reduce, retract, view};

/// A call's key as its column has it.
pub(super) fn key_text(key: &CallKey) -> String {
    text(&key.to_text())
}

/// A call of the batch.
pub(super) struct Entry {
    /// As it is now; none once nothing is left of it.
    pub call: Option<Call>,
    /// As the database has it; none for one that began in this batch.
    pub stored: Option<Call>,
    pub module_id: ModuleId,
    pub key: String,
    pub owns_key: bool,
    pub version: i32,
    pub created_at: DateTime<Utc>,
    pub heard_at: DateTime<Utc>,
    pub added: Added,
    /// How often it changed in this batch.
    pub changes: u16,
    /// Whether it stands for a call that was erased: it takes the facts about that one, and they are dropped.
    pub erased: bool,
}

/// A call to be written.
pub(super) struct Changed<'a> {
    pub id: CallId,
    pub entry: &'a Entry,
    /// As the database shows it; none for one that began in this batch.
    pub before: Option<CallView>,
    /// None: to be deleted.
    pub after: Option<After<'a>>,
    /// The client it is logged on from now on.
    pub client_id: Option<ClientId>,
}

/// What a call to be written looks like.
pub(super) struct After<'a> {
    pub call: Cow<'a, Call>,
    pub view: CallView,
    pub owns_key: bool,
    pub late_until: DateTime<Utc>,
}

/// What one apply did.
pub(super) struct Done {
    pub changes: Vec<CallChange>,
    /// The calls its facts are about, changed or not.
    pub touched: Vec<CallId>,
    /// Whether facts were about a call that was erased.
    pub erased: bool,
}

/// The calls that a batch may concern.
#[derive(Default)]
pub(super) struct Working {
    entries: BTreeMap<CallId, Entry>,
    by_key: HashMap<(ModuleId, String), BTreeSet<CallId>>,
    /// What the replayed requests reported before.
    reported: HashMap<RequestId, Vec<CallId>>,
}

impl Working {
    pub(super) fn add(&mut self, id: CallId, entry: Entry) {
        self.by_key.entry((entry.module_id, entry.key.clone())).or_default().insert(id);
        self.entries.insert(id, entry);
    }

    /// Adds what is left of an erased call with that key, in the call's place.
    pub(super) fn add_erased(&mut self, module_id: ModuleId, key: String, erased: &ErasedCall) {
        let call = erased.stand_in(module_id);
        let id = call.id;
        let entry = Entry {
            call: Some(call),
            stored: None,
            module_id,
            key,
            owns_key: false,
            version: 0,
            created_at: erased.started_at(),
            heard_at: erased.started_at(),
            added: Added::default(),
            changes: 0,
            erased: true,
        };
        self.add(id, entry);
    }

    pub(super) fn has(&self, id: CallId) -> bool {
        self.entries.contains_key(&id)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = (ModuleId, &str)> {
        self.by_key.keys().map(|(module, key)| (*module, key.as_str()))
    }

    pub(super) fn set_reported(&mut self, request: RequestId, calls: Vec<CallId>) {
        self.reported.insert(request, calls);
    }

    /// Does what one apply asks for, or nothing.
    pub(super) fn apply(&mut self, apply: &Apply) -> Result<Done, ReduceError> {
        let mut one =
            One { apply, before: Vec::new(), touched: Vec::new(), reported: Vec::new(), erased: false };
        if let (true, Some(request)) = (apply.replace, apply.request) {
            one.reported = self.reported.get(&request).cloned().unwrap_or_default();
            self.take_back(&mut one, request);
        }
        for targeted in &apply.facts {
            if let Err(error) = self.add_fact(&mut one, &targeted.target, &targeted.fact) {
                self.undo(one);
                return Err(error);
            }
        }
        Ok(self.finish(one))
    }

    fn take_back(&mut self, one: &mut One<'_>, request: RequestId) {
        for id in one.reported.clone() {
            let Some(call) = self.entries.get_mut(&id).and_then(|entry| entry.call.as_mut()) else {
                continue;
            };
            let (rest, changed) = retract(call.clone(), request);
            if changed {
                one.before.push((id, Some(std::mem::replace(call, rest))));
            }
        }
    }

    fn add_fact(&mut self, one: &mut One<'_>, target: &FactTarget, fact: &Fact) -> Result<(), ReduceError> {
        let id = match target {
            FactTarget::Call(id) => {
                let entry = self.entries.get(id).filter(|entry| entry.call.is_some());
                if entry.is_none_or(|entry| entry.module_id != one.apply.module_id) {
                    return Ok(());
                }
                *id
            }
            FactTarget::Key(key) => match self.choose(one, key, fact) {
                Some(id) => id,
                None => self.begin(one, key),
            },
        };
        if self.entries.get(&id).is_some_and(|entry| entry.erased) {
            one.erased = true;
            return Ok(());
        }
        if !one.touched.contains(&id) {
            one.touched.push(id);
        }
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(()) };
        if let (Some(client), false) = (one.apply.client, entry.added.client_chosen) {
            (entry.added.client_id, entry.added.client_chosen) = (Some(client), true);
        }
        let Some(call) = entry.call.as_mut() else { return Ok(()) };
        let (after, changed) = reduce(Some(call.clone()), fact.clone(), || call.clone())?;
        if changed {
            let before = std::mem::replace(call, after);
            if !one.before.iter().any(|(known, _)| *known == id) {
                one.before.push((id, Some(before)));
            }
        }
        Ok(())
    }

    fn choose(&self, one: &One<'_>, key: &CallKey, fact: &Fact) -> Option<CallId> {
        let ids = self.by_key.get(&(one.apply.module_id, key_text(key)))?;
        let entries = ids.iter().filter_map(|id| self.entries.get(id));
        // What a replayed request reported before was about these calls; only else about others.
        let own = entries.clone().filter(|entry| one.reported.iter().any(|id| entry.is(*id)));
        let calls: Vec<&Call> = own.filter_map(|entry| entry.call.as_ref()).collect();
        let calls = if calls.is_empty() {
            entries.filter(|entry| entry.may_take(key, one.apply)).filter_map(|e| e.call.as_ref()).collect()
        } else {
            calls
        };
        match calls.as_slice() {
            [] => None,
            [only] => choose(key, fact, std::slice::from_ref(*only)).map(|call| call.id),
            several => {
                let several: Vec<Call> = several.iter().map(|call| (*call).clone()).collect();
                choose(key, fact, &several).map(|call| call.id)
            }
        }
    }

    fn begin(&mut self, one: &mut One<'_>, key: &CallKey) -> CallId {
        let id = CallId::new(one.apply.now, rand::random());
        let call_id = match key {
            CallKey::Id(id) => Some(text(id)),
            CallKey::Numbers(_) => None,
        };
        let call = Call { id, module_id: one.apply.module_id, call_id, facts: Vec::new() };
        let entry = Entry {
            call: Some(call),
            stored: None,
            module_id: one.apply.module_id,
            key: key_text(key),
            owns_key: false,
            version: 0,
            created_at: one.apply.received_at,
            heard_at: one.apply.received_at,
            added: Added::default(),
            changes: 0,
            erased: false,
        };
        self.add(id, entry);
        one.before.push((id, None));
        id
    }

    fn undo(&mut self, one: One<'_>) {
        for (id, before) in one.before.into_iter().rev() {
            if let Some(entry) = self.entries.get_mut(&id) {
                entry.call = before;
            }
        }
    }

    fn finish(&mut self, one: One<'_>) -> Done {
        let mut changes = Vec::with_capacity(one.before.len());
        for (id, before) in one.before {
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            entry.call = entry.call.take().filter(|call| !call.facts.is_empty());
            if entry.call == before {
                continue;
            }
            entry.changes = entry.changes.saturating_add(1);
            entry.heard_at = entry.heard_at.max(one.apply.received_at);
            changes.push(CallChange {
                version: call_version(entry.version + 1, entry.changes),
                before,
                after: entry.call.clone(),
                added: entry.added.clone(),
                matched: Matched::default(),
            });
        }
        Done { changes, touched: one.touched, erased: one.erased }
    }

    /// The calls to be written.
    pub(super) fn changed(&self) -> Vec<Changed<'_>> {
        let changed = self
            .entries
            .iter()
            .filter(|(id, entry)| entry.changes > 0 || (entry.owns_key && self.is_superseded(**id, entry)));
        // What began and vanished within the batch was never there.
        let changed = changed.filter(|(_, entry)| entry.stored.is_some() || entry.call.is_some());
        let changed = changed.map(|(id, entry)| Changed {
            id: *id,
            entry,
            before: entry.stored.as_ref().map(view),
            after: entry.call.as_ref().map(|call| self.after(entry, call)),
            client_id: entry.added.client_id,
        });
        changed.collect()
    }

    fn after<'a>(&self, entry: &Entry, call: &'a Call) -> After<'a> {
        let view = view(call);
        if call.call_id.is_some() {
            // The provider's id means this call, unless it is used again for a later one.
            let owns_key = !self.is_superseded(call.id, entry);
            return After { call: Cow::Borrowed(call), view, owns_key, late_until: far_future() };
        }
        let owns_key = view.ended_at.is_none() && (entry.owns_key || !self.key_is_taken(entry, call));
        let late_until = view.ended_at.map_or_else(far_future, |ended_at| ended_at + LATE_RECORD);
        After { call: Cow::Borrowed(call), view, owns_key, late_until }
    }

    /// Whether the provider has given the call's id to a later one.
    fn is_superseded(&self, id: CallId, entry: &Entry) -> bool {
        if entry.call.as_ref().is_none_or(|call| call.call_id.is_none()) {
            return false;
        }
        let Some(ids) = self.by_key.get(&(entry.module_id, entry.key.clone())).filter(|ids| ids.len() > 1)
        else {
            return false;
        };
        let mut later = ids.iter().filter(|later| **later > id).filter_map(|later| self.entries.get(later));
        later.any(|later| later.call.is_some())
    }

    /// Whether another call, not ended either, has or takes the key: a call that a replay opened again gets out of its way.
    fn key_is_taken(&self, entry: &Entry, call: &Call) -> bool {
        let ids = self.by_key.get(&(entry.module_id, entry.key.clone())).into_iter().flatten();
        let others = ids.filter(|id| **id != call.id).filter_map(|id| self.entries.get(id));
        let mut open =
            others.filter(|other| other.call.as_ref().is_some_and(|call| view(call).ended_at.is_none()));
        open.any(|other| other.owns_key || other.call.as_ref().is_some_and(|other| other.id < call.id))
    }
}

impl Entry {
    fn is(&self, id: CallId) -> bool {
        self.call.as_ref().is_some_and(|call| call.id == id)
    }

    /// Whether a fact that arrived then can be about this call. Without the provider's id it cannot where the call began
    /// later than that: an old request that is only processed now is not about today's call.
    fn may_take(&self, key: &CallKey, apply: &Apply) -> bool {
        matches!(key, CallKey::Id(_)) || self.created_at <= apply.received_at + LATE_EVENT
    }
}

/// One apply while it is being done.
struct One<'a> {
    apply: &'a Apply,
    /// Calls as they were before it, none for those it began; in the order of their first change.
    before: Vec<(CallId, Option<Call>)>,
    touched: Vec<CallId>,
    reported: Vec<CallId>,
    erased: bool,
}

/// The users a call rang at or who had it.
pub(crate) fn operators(view: &CallView) -> BTreeSet<UserId> {
    view.operators.iter().filter_map(|operator| operator.user).collect()
}
