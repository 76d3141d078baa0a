//! Which clients the calls of a batch are with, and everything the batch changes.

use std::collections::{BTreeSet, HashMap};

use super::calls::{Calls, ChangedCall};
use super::lead_creation::{MadeLead, NewLead, taken_back, unknown_callers};
use super::missed_resolution::Reached;
use super::{CallChange, Submission};
use crate::ids::{CallId, ClientId};
use crate::phone;
use crate::view::view;

/// Everything a batch changes. [`super`] describes the steps.
pub struct Changes<'a> {
    /// The calls to save, by id.
    pub calls: Vec<ChangedCall<'a>>,
    /// Clients to create for unknown callers. Earlier calls from their numbers become theirs too, unless they have a
    /// client or a person decided.
    pub made: Vec<NewLead>,
    /// Clients to remove: they were created for callers who turn out not to be missed. No call is theirs any more.
    pub removed: Vec<ClientId>,
    /// Missed calls to close, by id: somebody has talked with the caller.
    pub reached: Vec<Reached>,
    /// Calls that turn out not to be missed, or not to be from that number, and the clients they are logged on.
    in_doubt: Vec<(ClientId, CallId)>,
}

/// What [`Changes::link`] needs to know.
#[derive(Debug, Default)]
pub struct ClientsAsked {
    /// Which clients have these numbers (E.164)?
    pub numbers: BTreeSet<String>,
    /// Which of these clients were created for a missed call, and what keeps them?
    pub leads: BTreeSet<ClientId>,
}

/// Clients, in answer to [`Changes::clients_asked`].
#[derive(Debug, Default)]
pub struct KnownClients {
    /// The clients with each number, archived ones excluded.
    pub owners: HashMap<String, Vec<ClientId>>,
    /// Clients created for a missed call.
    pub leads: Vec<MadeLead>,
}

impl KnownClients {
    /// Returns the clients with a number, or with its other spelling if there are none.
    pub(super) fn owners_of(&self, number: &str) -> &[ClientId] {
        let mut spellings = phone::spellings(number);
        spellings.find_map(|spelling| self.owners.get(&spelling)).map(Vec::as_slice).unwrap_or_default()
    }

    fn remove(&mut self, removed: &[ClientId]) {
        if removed.is_empty() {
            return;
        }
        self.owners.retain(|_, owners| {
            owners.retain(|owner| !removed.contains(owner));
            !owners.is_empty()
        });
    }
}

impl<'a> Changes<'a> {
    /// Starts from the changed calls.
    #[must_use]
    pub fn of(calls: &'a Calls) -> Self {
        let mut calls = calls.changed();
        let is_in_doubt = |call: &&ChangedCall<'_>| {
            !call.known.added.client_chosen && (call.is_no_longer_missed() || call.has_another_number())
        };
        let in_doubt = calls.iter().filter(is_in_doubt).filter_map(|call| Some((call.client_id?, call.id)));
        let in_doubt = in_doubt.collect();
        calls.iter_mut().for_each(ChangedCall::forget_client_of_another_number);
        Self { calls, made: Vec::new(), removed: Vec::new(), reached: Vec::new(), in_doubt }
    }

    /// What [`Changes::link`] needs to know.
    #[must_use]
    pub fn clients_asked(&self) -> ClientsAsked {
        let leads: BTreeSet<ClientId> = self.in_doubt.iter().map(|(client, _)| *client).collect();
        let may_be_open =
            |call: &&ChangedCall<'_>| call.is_open() || call.client_id.is_some_and(|id| leads.contains(&id));
        let open = self.calls.iter().filter(may_be_open).filter_map(ChangedCall::number);
        let after = self.calls.iter().filter_map(|call| call.after.as_ref());
        let undecided = after.flat_map(|after| after.call.open_readings());
        let numbers = open.chain(undecided).flat_map(phone::spellings).collect();
        ClientsAsked { numbers, leads }
    }

    /// Sets the calls' numbers and clients, unless a person chose. A single client with the number becomes the client;
    /// among several a person must choose. Unknown callers whose call was missed become clients if their module says
    /// so; clients created for callers who turn out not to be missed are removed.
    pub fn link(&mut self, mut clients: KnownClients, submissions: &[&Submission], random: fn() -> [u8; 10]) {
        self.removed = taken_back(&clients.leads, &self.in_doubt, &self.calls);
        for call in &mut self.calls {
            call.client_id = call.client_id.filter(|id| !self.removed.contains(id));
        }
        clients.remove(&self.removed);
        for call in &mut self.calls {
            call.settle(&clients);
        }
        self.made = unknown_callers(&self.calls, &clients, submissions, random);
        clients.owners.extend(self.made.iter().map(|lead| (lead.e164.clone(), vec![lead.id])));
        for call in self.calls.iter_mut().filter(|call| call.is_open()) {
            match call.number().map(|number| clients.owners_of(number)).unwrap_or_default() {
                [only] => call.client_id = Some(*only),
                several => call.candidates = several.to_vec(),
            }
        }
    }

    #[must_use]
    pub fn call(&self, id: CallId) -> Option<&ChangedCall<'a>> {
        self.calls.binary_search_by_key(&id, |call| call.id).ok().and_then(|index| self.calls.get(index))
    }

    /// Adds to what one submission did to a call what this step found out about the call.
    #[must_use]
    pub fn complete(&self, mut change: CallChange) -> CallChange {
        let id = change.after.as_ref().or(change.before.as_ref()).map(|call| call.id);
        let Some(call) = id.and_then(|id| self.call(id)) else { return change };
        change.added.client_id = call.client_id;
        if let Some(number) = call.number().filter(|_| call.settled) {
            for call in [&mut change.before, &mut change.after].into_iter().flatten() {
                call.settle(|reading| reading == number);
            }
        }
        change
    }
}

impl ChangedCall<'_> {
    pub(super) fn number(&self) -> Option<&str> {
        self.after.as_ref()?.view.client_e164.as_deref()
    }

    /// Whether a rule may still find the call's client.
    pub(super) const fn is_open(&self) -> bool {
        self.client_id.is_none() && !self.known.added.client_chosen
    }

    pub(super) fn is_newly_missed(&self) -> bool {
        self.is_missed() && !self.was_missed()
    }

    fn is_no_longer_missed(&self) -> bool {
        self.was_missed() && !self.is_missed()
    }

    pub(super) fn was_missed(&self) -> bool {
        self.before.as_ref().is_some_and(|view| view.missed)
    }

    pub(super) fn is_missed(&self) -> bool {
        self.after.as_ref().is_some_and(|after| after.view.missed)
    }

    fn has_another_number(&self) -> bool {
        let before = self.before.as_ref().and_then(|view| view.client_e164.as_deref());
        before.is_some() && before != self.number()
    }

    fn forget_client_of_another_number(&mut self) {
        if self.has_another_number() && !self.known.added.client_chosen {
            self.client_id = None;
        }
    }

    /// Chooses the number of a call that has several readings: the previous number, else one that a client has, else
    /// the likeliest.
    fn settle(&mut self, clients: &KnownClients) {
        let Some(after) = self.after.as_mut().filter(|after| after.call.open_readings().next().is_some())
        else {
            return;
        };
        let before = self.before.as_ref().and_then(|view| view.client_e164.as_deref());
        let known = before.filter(|before| after.call.open_readings().any(|reading| reading == *before));
        after.call.to_mut().settle(|reading| match known {
            Some(known) => reading == known,
            None => !clients.owners_of(reading).is_empty(),
        });
        after.view = view(&after.call);
        self.settled = true;
        self.forget_client_of_another_number();
    }
}
