//! The calls that a batch may concern, and how its facts meet them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{CallChange, FactTarget, Met, Submission, call_version};
use crate::call::{Call, ReduceError, reduce, retract};
use crate::call_annotations::CallAnnotations;
use crate::erased_call::ErasedCall;
use crate::fact::Fact;
use crate::ids::{CallId, ClientId, ModuleId, RequestId};
use crate::matching::{CallKey, LATE_EVENT, LATE_RECORD, choose};
use crate::storable::{far_future, text};
use crate::view::{CallView, view};

/// A call as it is saved.
pub struct LoadedCall {
    pub call: Call,
    /// Its key, as [`CallKey::to_text`] gives it.
    pub key: String,
    /// Whether the key means this call and no other.
    pub owns_key: bool,
    /// The saved version.
    pub version: i32,
    /// When the first of it arrived.
    pub created_at: DateTime<Utc>,
    /// When the last of it arrived.
    pub heard_at: DateTime<Utc>,
    /// What was added to it.
    pub added: CallAnnotations,
}

/// A call of the batch.
pub struct KnownCall {
    /// As it is now; none once nothing is left of it.
    pub(super) call: Option<Call>,
    /// As it is saved; none for one that began in this batch.
    pub stored: Option<Call>,
    /// The client it is logged on as it is saved, and whether a person chose that.
    pub(super) stored_client: (Option<ClientId>, bool),
    /// The module it came through.
    pub module_id: ModuleId,
    /// Its key, as [`CallKey::to_text`] gives it.
    pub key: String,
    /// Whether the key meant this call and no other.
    pub owns_key: bool,
    /// The saved version; 0 for one that began in this batch.
    pub version: i32,
    /// When the first of it arrived.
    pub created_at: DateTime<Utc>,
    /// When the last of it arrived.
    pub heard_at: DateTime<Utc>,
    /// What was added to it.
    pub added: CallAnnotations,
    /// How often it changed in this batch.
    changes: u16,
    /// Whether it stands for a call that was erased: it takes the facts about that one, and they are dropped.
    erased: bool,
}

/// A call to be written.
pub struct ChangedCall<'a> {
    pub id: CallId,
    /// What else is known of it.
    pub known: &'a KnownCall,
    /// As it is saved; none for one that began in this batch.
    pub before: Option<CallView>,
    /// As it is to be saved; none: it is to be deleted.
    pub after: Option<After<'a>>,
    /// The client it is logged on from now on.
    pub client_id: Option<ClientId>,
    /// The clients that have its number, where it is logged on none.
    pub candidates: Vec<ClientId>,
    /// Whether the step chose what its number is.
    pub(super) settled: bool,
}

/// What a call to be written looks like.
pub struct After<'a> {
    pub call: Cow<'a, Call>,
    /// What people see of it.
    pub view: CallView,
    /// Whether its key means this call and no other.
    pub owns_key: bool,
    /// Until when something without the provider's id may be about it.
    pub late_until: DateTime<Utc>,
}

/// The calls that a batch may concern.
pub struct Calls {
    known: BTreeMap<CallId, KnownCall>,
    by_key: HashMap<(ModuleId, String), BTreeSet<CallId>>,
    /// What the replayed requests reported before.
    reported: HashMap<RequestId, Vec<CallId>>,
    /// Ten random bytes for the id of a call that begins.
    random: fn() -> [u8; 10],
}

impl Calls {
    /// None yet. `random` makes ten random bytes.
    #[must_use]
    pub fn new(random: fn() -> [u8; 10]) -> Self {
        Self { known: BTreeMap::new(), by_key: HashMap::new(), reported: HashMap::new(), random }
    }

    /// Adds a saved call, unless it is there already.
    pub fn add(&mut self, loaded: LoadedCall) {
        let id = loaded.call.id;
        if self.known.contains_key(&id) {
            return;
        }
        let known = KnownCall {
            call: Some(loaded.call.clone()),
            module_id: loaded.call.module_id,
            stored: Some(loaded.call),
            stored_client: (loaded.added.client_id, loaded.added.client_chosen),
            key: loaded.key,
            owns_key: loaded.owns_key,
            version: loaded.version,
            created_at: loaded.created_at,
            heard_at: loaded.heard_at,
            added: loaded.added,
            changes: 0,
            erased: false,
        };
        self.insert(id, known);
    }

    /// Adds what is left of an erased call with that key, in the call's place.
    pub fn add_erased(&mut self, module_id: ModuleId, key: String, erased: &ErasedCall) {
        let id = CallId::new(erased.started_at, (self.random)());
        let known = KnownCall {
            erased: true,
            ..KnownCall::new(erased.stand_in(id, module_id), key, erased.started_at)
        };
        self.insert(id, known);
    }

    fn insert(&mut self, id: CallId, known: KnownCall) {
        self.by_key.entry((known.module_id, known.key.clone())).or_default().insert(id);
        self.known.insert(id, known);
    }

    /// The keys of the calls added so far.
    pub fn keys(&self) -> impl Iterator<Item = (ModuleId, &str)> {
        self.by_key.keys().map(|(module, key)| (*module, key.as_str()))
    }

    /// Says which calls a replayed request reported before.
    pub fn set_reported(&mut self, request: RequestId, calls: Vec<CallId>) {
        self.reported.insert(request, calls);
    }

    /// Lets the facts of one submission meet their calls, all of them or none.
    ///
    /// # Errors
    /// [`ReduceError`] when a fact could not be added; then nothing changed.
    pub fn meet(&mut self, submission: &Submission) -> Result<Met, ReduceError> {
        let mut meeting = Meeting {
            submission,
            before: Vec::new(),
            touched: Vec::new(),
            reported: Vec::new(),
            erased: false,
        };
        if let (true, Some(request)) = (submission.replace, submission.request) {
            meeting.reported = self.reported.get(&request).cloned().unwrap_or_default();
            self.take_back(&mut meeting, request);
        }
        for targeted in &submission.facts {
            if let Err(error) = self.add_fact(&mut meeting, &targeted.target, &targeted.fact) {
                self.undo(meeting);
                return Err(error);
            }
        }
        Ok(self.finish(meeting))
    }

    fn take_back(&mut self, meeting: &mut Meeting<'_>, request: RequestId) {
        for id in meeting.reported.clone() {
            let Some(call) = self.known.get_mut(&id).and_then(|known| known.call.as_mut()) else {
                continue;
            };
            let (rest, changed) = retract(call.clone(), request);
            if changed {
                meeting.before.push((id, Some(std::mem::replace(call, rest))));
            }
        }
    }

    fn add_fact(
        &mut self,
        meeting: &mut Meeting<'_>,
        target: &FactTarget,
        fact: &Fact,
    ) -> Result<(), ReduceError> {
        let id = match target {
            FactTarget::Call(id) => {
                let known = self.known.get(id).filter(|known| known.call.is_some());
                if known.is_none_or(|known| known.module_id != meeting.submission.module_id) {
                    return Ok(());
                }
                *id
            }
            FactTarget::Key(key) => match self.choose(meeting, key, fact) {
                Some(id) => id,
                None => self.begin(meeting, key),
            },
        };
        if self.known.get(&id).is_some_and(|known| known.erased) {
            meeting.erased = true;
            return Ok(());
        }
        if !meeting.touched.contains(&id) {
            meeting.touched.push(id);
        }
        let Some(call) = self.known.get_mut(&id).and_then(|known| known.call.as_mut()) else { return Ok(()) };
        let (after, changed) = reduce(Some(call.clone()), fact.clone(), || call.clone())?;
        if changed {
            let before = std::mem::replace(call, after);
            if !meeting.before.iter().any(|(known, _)| *known == id) {
                meeting.before.push((id, Some(before)));
            }
        }
        Ok(())
    }

    fn choose(&self, meeting: &Meeting<'_>, key: &CallKey, fact: &Fact) -> Option<CallId> {
        let ids = self.by_key.get(&(meeting.submission.module_id, key.to_text()))?;
        let known = ids.iter().filter_map(|id| self.known.get(id));
        // What a replayed request reported before was about these calls; only else about others.
        let own = known.clone().filter(|known| meeting.reported.iter().any(|id| known.is(*id)));
        let calls: Vec<&Call> = own.filter_map(|known| known.call.as_ref()).collect();
        let calls = if calls.is_empty() {
            known
                .filter(|known| known.may_take(key, meeting.submission))
                .filter_map(|known| known.call.as_ref())
                .collect()
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

    fn begin(&mut self, meeting: &mut Meeting<'_>, key: &CallKey) -> CallId {
        let id = CallId::new(meeting.submission.now, (self.random)());
        let call_id = match key {
            CallKey::Id(id) => Some(text(id)),
            CallKey::Numbers(_) => None,
        };
        let call = Call { id, module_id: meeting.submission.module_id, call_id, facts: Vec::new() };
        self.insert(id, KnownCall::new(call, key.to_text(), meeting.submission.received_at));
        meeting.before.push((id, None));
        id
    }

    fn undo(&mut self, meeting: Meeting<'_>) {
        for (id, before) in meeting.before.into_iter().rev() {
            if let Some(known) = self.known.get_mut(&id) {
                known.call = before;
            }
        }
    }

    fn finish(&mut self, meeting: Meeting<'_>) -> Met {
        if let Some(client) = meeting.submission.client {
            for id in &meeting.touched {
                if let Some(known) = self.known.get_mut(id).filter(|known| !known.added.client_chosen) {
                    (known.added.client_id, known.added.client_chosen) = (Some(client), true);
                }
            }
        }
        let mut changes = Vec::with_capacity(meeting.before.len());
        for (id, before) in meeting.before {
            let Some(known) = self.known.get_mut(&id) else { continue };
            known.call = known.call.take().filter(|call| !call.facts.is_empty());
            if known.call == before {
                continue;
            }
            known.changes = known.changes.saturating_add(1);
            known.heard_at = known.heard_at.max(meeting.submission.received_at);
            changes.push(CallChange {
                version: call_version(known.version + 1, known.changes),
                before,
                after: known.call.clone(),
                added: known.added.clone(),
            });
        }
        Met { changes, touched: meeting.touched, erased: meeting.erased }
    }

    /// The calls to be written.
    pub(super) fn changed(&self) -> Vec<ChangedCall<'_>> {
        let changed = self
            .known
            .iter()
            .filter(|(id, known)| known.changes > 0 || (known.owns_key && self.is_superseded(**id, known)));
        // What began and vanished within the batch was never there.
        let changed = changed.filter(|(_, known)| known.stored.is_some() || known.call.is_some());
        let changed = changed.map(|(id, known)| ChangedCall {
            id: *id,
            known,
            before: known.stored.as_ref().map(view),
            after: known.call.as_ref().map(|call| self.after(known, call)),
            client_id: known.added.client_id,
            candidates: Vec::new(),
            settled: false,
        });
        changed.collect()
    }

    fn after<'a>(&self, known: &KnownCall, call: &'a Call) -> After<'a> {
        let view = view(call);
        if call.call_id.is_some() {
            // The provider's id means this call, unless it is used again for a later one.
            let owns_key = !self.is_superseded(call.id, known);
            return After { call: Cow::Borrowed(call), view, owns_key, late_until: far_future() };
        }
        let owns_key = view.ended_at.is_none() && (known.owns_key || !self.key_is_taken(known, call));
        let late_until = view.ended_at.map_or_else(far_future, |ended_at| ended_at + LATE_RECORD);
        After { call: Cow::Borrowed(call), view, owns_key, late_until }
    }

    /// Whether the provider has given the call's id to a later one.
    fn is_superseded(&self, id: CallId, known: &KnownCall) -> bool {
        if known.call.as_ref().is_none_or(|call| call.call_id.is_none()) {
            return false;
        }
        let Some(ids) = self.by_key.get(&(known.module_id, known.key.clone())).filter(|ids| ids.len() > 1)
        else {
            return false;
        };
        let mut later = ids.iter().filter(|later| **later > id).filter_map(|later| self.known.get(later));
        later.any(|later| later.call.is_some())
    }

    /// Whether another call, not ended either, has or takes the key: a call that a replay opened again gets out of its way.
    fn key_is_taken(&self, known: &KnownCall, call: &Call) -> bool {
        let ids = self.by_key.get(&(known.module_id, known.key.clone())).into_iter().flatten();
        let others = ids.filter(|id| **id != call.id).filter_map(|id| self.known.get(id));
        let mut open =
            others.filter(|other| other.call.as_ref().is_some_and(|call| view(call).ended_at.is_none()));
        open.any(|other| other.owns_key || other.call.as_ref().is_some_and(|other| other.id < call.id))
    }
}

impl KnownCall {
    /// One that is not saved.
    fn new(call: Call, key: String, at: DateTime<Utc>) -> Self {
        Self {
            module_id: call.module_id,
            call: Some(call),
            stored: None,
            stored_client: (None, false),
            key,
            owns_key: false,
            version: 0,
            created_at: at,
            heard_at: at,
            added: CallAnnotations::default(),
            changes: 0,
            erased: false,
        }
    }

    fn is(&self, id: CallId) -> bool {
        self.call.as_ref().is_some_and(|call| call.id == id)
    }

    /// Whether a fact that arrived then can be about this call. Without the provider's id it cannot where the call began
    /// later than that: an old request that is only processed now is not about today's call.
    fn may_take(&self, key: &CallKey, submission: &Submission) -> bool {
        matches!(key, CallKey::Id(_)) || self.created_at <= submission.received_at + LATE_EVENT
    }
}

/// A submission while its facts meet their calls.
struct Meeting<'a> {
    submission: &'a Submission,
    /// Calls as they were before it, none for those it began; in the order of their first change.
    before: Vec<(CallId, Option<Call>)>,
    touched: Vec<CallId>,
    reported: Vec<CallId>,
    erased: bool,
}
