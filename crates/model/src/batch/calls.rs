//! The calls a batch may concern, and how its facts are matched to them.

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

/// A call as saved.
pub struct LoadedCall {
    pub call: Call,
    /// From [`CallKey::to_text`].
    pub key: String,
    /// Whether the key identifies this call alone.
    pub owns_key: bool,
    pub version: i32,
    /// When the first report of it arrived.
    pub created_at: DateTime<Utc>,
    /// When the last report of it arrived.
    pub heard_at: DateTime<Utc>,
    pub added: CallAnnotations,
}

/// A call of the batch.
pub struct KnownCall {
    /// The call as it is now; `None` once it has no facts left.
    pub(super) call: Option<Call>,
    /// The call as saved; `None` if it began in this batch.
    pub stored: Option<Call>,
    /// The client saved on the call, and whether a person chose it.
    pub(super) stored_client: (Option<ClientId>, bool),
    pub module_id: ModuleId,
    /// From [`CallKey::to_text`].
    pub key: String,
    /// Whether the key identified this call alone.
    pub owns_key: bool,
    /// The saved version; 0 if the call began in this batch.
    pub version: i32,
    /// When the first report of it arrived.
    pub created_at: DateTime<Utc>,
    /// When the last report of it arrived.
    pub heard_at: DateTime<Utc>,
    pub added: CallAnnotations,
    /// How often the call changed in this batch.
    changes: u16,
    /// Whether this stands in for an erased call: facts about that call are matched to it and dropped.
    erased: bool,
}

/// A call to save.
pub struct ChangedCall<'a> {
    pub id: CallId,
    /// Everything else known about the call.
    pub known: &'a KnownCall,
    /// As saved; `None` if the call began in this batch.
    pub before: Option<CallView>,
    /// As it should be saved; `None` if it should be deleted.
    pub after: Option<After<'a>>,
    /// The client the call is logged on from now on.
    pub client_id: Option<ClientId>,
    /// The clients with the call's number, if it is logged on none.
    pub candidates: Vec<ClientId>,
    /// Whether this step chose which reading of the number to use.
    pub(super) settled: bool,
}

/// The new state of a call.
pub struct After<'a> {
    pub call: Cow<'a, Call>,
    pub view: CallView,
    /// Whether the key identifies this call alone.
    pub owns_key: bool,
    /// Until when events without a provider id may belong to this call.
    pub late_until: DateTime<Utc>,
}

/// The calls a batch may concern.
pub struct Calls {
    known: BTreeMap<CallId, KnownCall>,
    by_key: HashMap<(ModuleId, String), BTreeSet<CallId>>,
    /// The calls each replayed request reported before.
    reported: HashMap<RequestId, Vec<CallId>>,
    /// Ten random bytes for the id of a new call.
    random: fn() -> [u8; 10],
}

impl Calls {
    /// Creates an empty set. `random` returns ten random bytes.
    #[must_use]
    pub fn new(random: fn() -> [u8; 10]) -> Self {
        Self { known: BTreeMap::new(), by_key: HashMap::new(), reported: HashMap::new(), random }
    }

    /// Adds a saved call, unless it is already present.
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

    /// Adds what is left of an erased call with this key, in place of the call.
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

    pub fn keys(&self) -> impl Iterator<Item = (ModuleId, &str)> {
        self.by_key.keys().map(|(module, key)| (*module, key.as_str()))
    }

    /// Records which calls a replayed request reported before.
    pub fn set_reported(&mut self, request: RequestId, calls: Vec<CallId>) {
        self.reported.insert(request, calls);
    }

    /// Applies the facts of a submission to their calls: all of them, or none.
    ///
    /// # Errors
    /// [`ReduceError`] if a fact could not be added; nothing has changed then.
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
        // Prefer the calls a replayed request reported before.
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

    /// The calls to save.
    pub(super) fn changed(&self) -> Vec<ChangedCall<'_>> {
        let changed = self
            .known
            .iter()
            .filter(|(id, known)| known.changes > 0 || (known.owns_key && self.is_superseded(**id, known)));
        // A call that began and vanished within the batch was never saved.
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
            // The provider's id identifies this call, unless it was reused for a later one.
            let owns_key = !self.is_superseded(call.id, known);
            return After { call: Cow::Borrowed(call), view, owns_key, late_until: far_future() };
        }
        let owns_key = view.ended_at.is_none() && (known.owns_key || !self.key_is_taken(known, call));
        let late_until = view.ended_at.map_or_else(far_future, |ended_at| ended_at + LATE_RECORD);
        After { call: Cow::Borrowed(call), view, owns_key, late_until }
    }

    /// Whether the provider has reused the call's id for a later call.
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

    /// Whether another open call has or takes the key. A call reopened by a replay does not take it back.
    fn key_is_taken(&self, known: &KnownCall, call: &Call) -> bool {
        let ids = self.by_key.get(&(known.module_id, known.key.clone())).into_iter().flatten();
        let others = ids.filter(|id| **id != call.id).filter_map(|id| self.known.get(id));
        let mut open =
            others.filter(|other| other.call.as_ref().is_some_and(|call| view(call).ended_at.is_none()));
        open.any(|other| other.owns_key || other.call.as_ref().is_some_and(|other| other.id < call.id))
    }
}

impl KnownCall {
    /// A call that is not saved yet.
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

    /// Whether a fact from this submission can be about this call. Without a provider id it cannot if the call began
    /// later: an old request processed late is not about today's call.
    fn may_take(&self, key: &CallKey, submission: &Submission) -> bool {
        matches!(key, CallKey::Id(_)) || self.created_at <= submission.received_at + LATE_EVENT
    }
}

/// A submission while its facts are applied.
struct Meeting<'a> {
    submission: &'a Submission,
    /// The calls as they were before, in the order of their first change; `None` for those it began.
    before: Vec<(CallId, Option<Call>)>,
    touched: Vec<CallId>,
    reported: Vec<CallId>,
    erased: bool,
}
