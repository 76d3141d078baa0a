//! Finds the clients of a batch's calls, and makes clients of unknown callers whose call was missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hookswitch_model::contract::Direction;
use hookswitch_model::masking::without_numbers;
use hookswitch_model::{CallId, CallView, ClientId, phone, view};

use super::batch::BatchError;
use super::types::{Apply, CallChange};
use super::working::Changed;
use crate::clients::made::{self, MadeClient};
use crate::clients::matching::{Matched, matched, owners};
use crate::clients::summary::summaries;
use crate::db::Tx;

/// Whom the calls of a batch are with.
pub(super) struct Links {
    /// Clients made of unknown callers.
    pub made: Vec<MadeClient>,
    clients: HashMap<CallId, (Option<ClientId>, Matched)>,
    /// The numbers of calls of which it was open what number it is.
    settled: HashMap<CallId, String>,
}

impl Links {
    /// The change with its client.
    pub(super) fn complete(&self, mut change: CallChange) -> CallChange {
        let id = change.after.as_ref().or(change.before.as_ref()).map(|call| call.id);
        if let Some((client, matched)) = id.and_then(|id| self.clients.get(&id)) {
            change.added.client_id = *client;
            change.matched = matched.clone();
        }
        if let Some(number) = id.and_then(|id| self.settled.get(&id)) {
            for call in [&mut change.before, &mut change.after].into_iter().flatten() {
                call.settle(|reading| reading == number);
            }
        }
        change
    }
}

/// The clients of each number.
type Owners = HashMap<String, Vec<ClientId>>;

/// The clients of a number; of its other spelling where nobody has this one.
fn owners_of<'a>(owners: &'a Owners, number: &str) -> &'a [ClientId] {
    phone::spellings(number).find_map(|spelling| owners.get(&spelling)).map(Vec::as_slice).unwrap_or_default()
}

/// Sets the calls' numbers and clients, unless a person chose: one with the number is the client, of several a person has
/// to choose.
pub(super) async fn link(
    tx: &mut Tx,
    changed: &mut [Changed<'_>],
    applies: &[Apply],
) -> Result<Links, BatchError> {
    for call in changed.iter_mut() {
        call.forget_client_of_another_number();
    }
    let open = changed.iter().filter(|call| is_open(call)).filter_map(number);
    let undecided =
        changed.iter().filter_map(|call| call.after.as_ref()).flat_map(|after| after.call.open_readings());
    let numbers: BTreeSet<String> = open.chain(undecided).flat_map(phone::spellings).collect();
    let mut owners = owners(tx, &numbers).await?;
    let settled = settle(changed, &owners);
    let made = unknown_callers(changed, &owners, applies);
    made::insert(tx, &made).await.map_err(BatchError::of_calls)?;
    for client in &made {
        owners.insert(client.e164.clone(), vec![client.id]);
    }
    for call in changed.iter_mut().filter(|call| is_open(call)) {
        if let Some([only]) = number(call).map(|number| owners_of(&owners, number)) {
            call.client_id = Some(*only);
        }
    }
    let of = |call: &Changed<'_>| match number(call).filter(|_| is_open(call)) {
        Some(number) => owners_of(&owners, number),
        None => &[],
    };
    let shown = changed.iter().flat_map(|call| call.client_id.into_iter().chain(of(call).iter().copied()));
    let found = summaries(tx, &shown.collect()).await?;
    let clients = changed.iter().map(|call| {
        let matched = matched(call.client_id, of(call), &found);
        (call.id, (call.client_id, matched))
    });
    Ok(Links { clients: clients.collect(), made, settled })
}

/// Chooses what the number of a call is that has two readings: what it was before, else the one that a client has, else
/// the likelier one.
fn settle(changed: &mut [Changed<'_>], owners: &Owners) -> HashMap<CallId, String> {
    let mut settled = HashMap::new();
    for call in changed {
        let Some(after) = call.after.as_mut().filter(|after| after.call.open_readings().next().is_some())
        else {
            continue;
        };
        let before = call.before.as_ref().and_then(|view| view.client_e164.as_deref());
        let known = before.filter(|before| after.call.open_readings().any(|reading| reading == *before));
        after.call.to_mut().settle(|reading| match known {
            Some(known) => reading == known,
            None => !owners_of(owners, reading).is_empty(),
        });
        after.view = view(&after.call);
        settled.extend(after.view.client_e164.clone().map(|number| (call.id, number)));
        call.forget_client_of_another_number();
    }
    settled
}

impl Changed<'_> {
    fn forget_client_of_another_number(&mut self) {
        if number_changed(self) && !self.entry.added.client_chosen {
            self.client_id = None;
        }
    }
}

/// Removes the clients that were made of callers whose call turns out not to be missed, unless somebody touched them. Gives
/// those removed.
pub(super) async fn unmake(tx: &mut Tx, changed: &mut [Changed<'_>]) -> Result<Vec<ClientId>, BatchError> {
    let made: Vec<(ClientId, CallId)> = changed
        .iter()
        .filter(|call| !call.entry.added.client_chosen && (no_longer_missed(call) || number_changed(call)))
        .filter_map(|call| Some((call.client_id?, call.id)))
        .collect();
    let removed = made::remove_untouched(tx, &made).await.map_err(BatchError::of_clients)?;
    for call in changed.iter_mut().filter(|call| call.client_id.is_some_and(|id| removed.contains(&id))) {
        call.client_id = None;
    }
    Ok(removed)
}

fn number_changed(call: &Changed<'_>) -> bool {
    let before = call.before.as_ref().and_then(|view| view.client_e164.as_deref());
    before.is_some() && before != number(call)
}

fn no_longer_missed(call: &Changed<'_>) -> bool {
    call.before.as_ref().is_some_and(|view| view.missed)
        && !call.after.as_ref().is_some_and(|after| after.view.missed)
}

/// Whether a rule may still find the call's client.
fn is_open(call: &Changed<'_>) -> bool {
    call.client_id.is_none() && !call.entry.added.client_chosen
}

fn number<'a>(call: &'a Changed<'_>) -> Option<&'a str> {
    call.after.as_ref()?.view.client_e164.as_deref()
}

/// The unknown callers whose call is missed now and was not before: one client a number, as the module's rule says.
fn unknown_callers(changed: &[Changed<'_>], owners: &Owners, applies: &[Apply]) -> Vec<MadeClient> {
    let rules: HashMap<_, _> =
        applies.iter().filter_map(|apply| Some((apply.module_id, (apply.lead?, apply.now)))).collect();
    let mut made: BTreeMap<String, MadeClient> = BTreeMap::new();
    for call in changed.iter().filter(|call| is_open(call) && newly_missed(call)) {
        let (Some(number), Some((rule, now))) = (number(call), rules.get(&call.entry.module_id)) else {
            continue;
        };
        if !owners_of(owners, number).is_empty() || made.contains_key(&phone::caller(number)) {
            continue;
        }
        let client = MadeClient {
            id: ClientId::new(*now, rand::random()),
            kind: rule.kind,
            name: call.after.as_ref().map(|after| caller_name(&after.view)).unwrap_or_default(),
            responsible: rule.responsible,
            e164: number.to_owned(),
            now: *now,
        };
        made.insert(phone::caller(number), client);
    }
    made.into_values().collect()
}

pub(super) fn newly_missed(call: &Changed<'_>) -> bool {
    let is_missed = |view: &CallView| view.missed && view.direction == Some(Direction::In);
    call.after.as_ref().is_some_and(|after| is_missed(&after.view))
        && !call.before.as_ref().is_some_and(is_missed)
}

/// Longest name taken over from a provider, in characters.
const MAX_NAME: usize = 200;

/// The caller's name as the provider has it; many give the number in its place, which is not a name.
fn caller_name(view: &CallView) -> String {
    let name = view.caller_name.as_deref().unwrap_or_default().trim();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 2 || name.chars().filter(char::is_ascii_digit).count() > letters {
        return String::new();
    }
    // The number in a name would be shown where the client's numbers are hidden.
    without_numbers(name, view.client_e164.as_deref().as_slice()).chars().take(MAX_NAME).collect()
}
