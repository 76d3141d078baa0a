//! An in-memory store: calls, clients and counters as in a database, changed by the batch step alone.

use std::cell::Cell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{
    CallChange, Calls, Changes, ClientsAsked, Encounters, KnownClients, LeadRule, LoadedCall, MadeLead,
    MissedCall, Submission, Talk, TargetedFact, missed_caller, missed_key,
};
use hookswitch_model::contract::{Direction, KeyedFact};
use hookswitch_model::report_counters::ReportCounters;
use hookswitch_model::{
    CallAnnotations, CallId, CallView, ClientId, ClientKind, ModuleId, ReduceError, Resolution, ResolvedHow,
    phone, view,
};
use uuid::Uuid;

use crate::story::{fact, time};

pub struct SavedCall {
    pub loaded: LoadedCall,
    pub view: CallView,
}

/// A client, and whether it was created for a missed call and nobody touched it.
pub struct Client {
    pub id: ClientId,
    pub numbers: Vec<String>,
    pub untouched: bool,
}

#[derive(Default)]
pub struct World {
    pub calls: BTreeMap<CallId, SavedCall>,
    pub clients: Vec<Client>,
    pub counters: BTreeMap<String, i64>,
}

/// Returns different bytes each time.
fn bytes() -> [u8; 10] {
    thread_local!(static LAST: Cell<u64> = const { Cell::new(0) });
    let next = LAST.get() + 1;
    LAST.set(next);
    let mut bytes = [0; 10];
    bytes[2..].copy_from_slice(&next.to_be_bytes());
    bytes
}

/// One submission per line of the story; leads are created.
pub fn submissions<'a>(story: impl Iterator<Item = &'a str>) -> Vec<Submission> {
    story.map(|line| submission(fact(line, 1), time(second(line)))).collect()
}

fn second(line: &str) -> i64 {
    line.split_whitespace().next().and_then(|word| word.parse().ok()).expect("a second")
}

fn submission(keyed: KeyedFact, now: DateTime<Utc>) -> Submission {
    Submission {
        request: None,
        module_id: ModuleId(Uuid::nil()),
        received_at: now,
        facts: vec![TargetedFact::from(keyed)],
        replace: false,
        client: None,
        lead: Some(LeadRule { kind: ClientKind::Lead, responsible: None }),
        now,
    }
}

impl World {
    /// Processes a batch; returns what each submission did.
    pub fn take(&mut self, batch: &[Submission]) -> Vec<Result<Vec<CallChange>, ReduceError>> {
        let batch: Vec<&Submission> = batch.iter().collect();
        let mut calls = Calls::new(bytes);
        for saved in self.calls.values() {
            let SavedCall { loaded, .. } = saved;
            calls.add(LoadedCall {
                call: loaded.call.clone(),
                key: loaded.key.clone(),
                added: loaded.added.clone(),
                ..*loaded
            });
        }
        let met: Vec<_> = batch.iter().map(|submission| calls.meet(submission)).collect();
        let mut changes = Changes::of(&calls);
        changes.link(self.known_clients(&changes.clients_asked()), &batch, bytes);
        changes.resolve(self.encounters());
        let now = batch.iter().map(|submission| submission.now).max().expect("a submission");
        let complete =
            |change: Vec<CallChange>| change.into_iter().map(|change| changes.complete(change)).collect();
        let done = met.into_iter().map(|met| met.map(|met| complete(met.changes))).collect();
        self.save(&changes, now);
        done
    }

    /// Processes each line of a story as a batch of its own.
    pub fn tell(&mut self, story: &str) {
        for submission in submissions(crate::story::lines(story)) {
            for done in self.take(&[submission]) {
                done.expect("there is room");
            }
        }
    }

    fn known_clients(&self, asked: &ClientsAsked) -> KnownClients {
        let mut known = KnownClients::default();
        for client in &self.clients {
            for number in client.numbers.iter().filter(|number| asked.numbers.contains(*number)) {
                known.owners.entry(number.clone()).or_default().push(client.id);
            }
            // Include more than was asked for.
            let keeps = |call: &&SavedCall| {
                call.loaded.added.client_id == Some(client.id)
                    && (call.view.missed
                        || call.loaded.added.client_chosen
                        || call.view.direction == Some(Direction::Out))
            };
            let kept_by = self.calls.values().filter(keeps).count() as u64;
            known.leads.push(MadeLead { id: client.id, touched: !client.untouched, kept_by });
        }
        known
    }

    /// Everything, asked for or not.
    fn encounters(&self) -> Encounters {
        let mut found = Encounters::default();
        for (id, SavedCall { loaded, view }) in &self.calls {
            let client = loaded.added.client_id;
            if view.missed && loaded.added.resolved.is_none() {
                found.missed.push(MissedCall {
                    id: *id,
                    module_id: loaded.call.module_id,
                    started_at: view.started_at,
                    caller: missed_key(*id, view),
                    client,
                });
            }
            if let (Some(answered_at), Some(_)) = (view.answered_at, view.direction) {
                let caller = missed_caller(view.client_e164.as_deref(), view.client_raw.as_deref());
                found.talks.push(Talk { id: *id, caller, client, answered_at });
            }
        }
        found
    }

    fn save(&mut self, changes: &Changes<'_>, now: DateTime<Utc>) {
        self.clients.retain(|client| !changes.removed.contains(&client.id));
        for lead in &changes.made {
            let numbers = vec![lead.e164.clone()];
            self.clients.push(Client { id: lead.id, numbers, untouched: true });
        }
        for changed in &changes.calls {
            let Some(after) = &changed.after else {
                self.calls.remove(&changed.id);
                continue;
            };
            let known = changed.known;
            let mut added = CallAnnotations { client_id: changed.client_id, ..known.added.clone() };
            added.resolved = added.resolved.filter(|_| after.view.missed);
            let loaded = LoadedCall {
                call: after.call.clone().into_owned(),
                key: known.key.clone(),
                owns_key: after.owns_key,
                version: known.version + 1,
                created_at: known.created_at,
                heard_at: known.heard_at,
                added,
            };
            self.calls.insert(changed.id, SavedCall { loaded, view: after.view.clone() });
        }
        for call in self.calls.values_mut() {
            let added = &mut call.loaded.added;
            added.client_id = added.client_id.filter(|client| !changes.removed.contains(client));
            let caller = call.view.client_e164.as_deref().map(phone::caller);
            let lead = changes.made.iter().find(|lead| caller.as_ref() == Some(&phone::caller(&lead.e164)));
            if let (Some(lead), None, false) = (lead, added.client_id, added.client_chosen) {
                added.client_id = Some(lead.id);
            }
        }
        for reached in &changes.reached {
            let call = self.calls.get_mut(&reached.missed).expect("a saved call");
            let before = call.loaded.added.resolved.replace(Resolution {
                at: now,
                how: ResolvedHow::Talk,
                by: None,
                reason: None,
                call: Some(reached.talk),
                reached_seconds: Some(reached.seconds),
            });
            assert_eq!(before, None, "closed once");
        }
        self.add(&changes.counters());
    }

    fn add(&mut self, counters: &ReportCounters) {
        for (name, value) in named(counters) {
            *self.counters.entry(name).or_default() += value;
        }
        self.counters.retain(|_, value| *value != 0);
    }

    /// The counters, counted afresh from the calls.
    pub fn counted(&self) -> BTreeMap<String, i64> {
        let mut counters = ReportCounters::default();
        for SavedCall { loaded, view } in self.calls.values() {
            let seconds = loaded.added.resolved.as_ref().and_then(|resolved| resolved.reached_seconds);
            counters.count(1, loaded.call.module_id, view, loaded.added.outcome_id, seconds);
        }
        named(&counters).into_iter().filter(|(_, value)| *value != 0).collect()
    }

    /// The latest call with the provider's id.
    pub fn call(&self, id: &str) -> &SavedCall {
        let mut calls = self.calls.values().rev();
        calls.find(|saved| saved.loaded.call.call_id.as_deref() == Some(id)).expect("a call")
    }

    /// The provider's ids of the open missed calls.
    pub fn open(&self) -> Vec<&str> {
        let open = self
            .calls
            .values()
            .filter(|saved| view(&saved.loaded.call).missed && saved.loaded.added.resolved.is_none());
        let mut open: Vec<&str> = open.filter_map(|saved| saved.loaded.call.call_id.as_deref()).collect();
        open.sort_unstable();
        open
    }
}

fn named(counters: &ReportCounters) -> Vec<(String, i64)> {
    let mut all = Vec::new();
    let mut push = |key: String, names: &[&str], values: Vec<i64>| {
        all.extend(names.iter().zip(values).map(|(name, value)| (format!("{key} {name}"), value)));
    };
    for (slot, of) in &counters.calls {
        push(format!("{slot:?}"), hookswitch_model::report_counters::CallCounters::NAMES, of.values());
    }
    for (key, of) in &counters.operators {
        push(format!("{key:?}"), hookswitch_model::report_counters::OperatorCounters::NAMES, of.values());
    }
    for (key, of) in &counters.dispositions {
        push(format!("{key:?}"), &["calls"], of.values());
    }
    for (key, of) in &counters.outcomes {
        push(format!("{key:?}"), &["calls"], of.values());
    }
    all
}
