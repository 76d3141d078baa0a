//! Finds the clients of a batch's calls, and makes clients of unknown callers whose call was missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hookswitch_model::contract::Direction;
use hookswitch_model::masking::without_numbers;
use hookswitch_model::{CallId, CallView, ClientId};

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
}

impl Links {
    /// The change with its client.
    pub(super) fn complete(&self, mut change: CallChange) -> CallChange {
        let id = change.after.as_ref().or(change.before.as_ref()).map(|call| call.id);
        if let Some((client, matched)) = id.and_then(|id| self.clients.get(&id)) {
            change.added.client_id = *client;
            change.matched = matched.clone();
        }
        change
    }
}

/// Sets the calls' clients, unless a person chose: one with the number is the client, of several a person has to choose.
pub(super) async fn link(
    tx: &mut Tx,
    changed: &mut [Changed<'_>],
    applies: &[Apply],
) -> Result<Links, BatchError> {
    for call in changed.iter_mut().filter(|call| !call.entry.added.client_chosen && number_changed(call)) {
        call.client_id = None;
    }
    let numbers: BTreeSet<&str> = changed.iter().filter(|call| is_open(call)).filter_map(number).collect();
    let mut owners = owners(tx, &numbers).await?;
    let made = unknown_callers(changed, &owners, applies);
    made::insert(tx, &made).await.map_err(BatchError::of_calls)?;
    for client in &made {
        owners.insert(client.e164.clone(), vec![client.id]);
    }
    for call in changed.iter_mut().filter(|call| is_open(call)) {
        let owners = number(call).and_then(|number| owners.get(number));
        if let Some([only]) = owners.map(Vec::as_slice) {
            call.client_id = Some(*only);
        }
    }
    let of = |call: &Changed<'_>| match number(call).filter(|_| is_open(call)) {
        Some(number) => owners.get(number).map(Vec::as_slice).unwrap_or_default(),
        None => &[],
    };
    let shown = changed.iter().flat_map(|call| call.client_id.into_iter().chain(of(call).iter().copied()));
    let found = summaries(tx, &shown.collect()).await?;
    let clients = changed.iter().map(|call| {
        let matched = matched(call.client_id, of(call), &found);
        (call.id, (call.client_id, matched))
    });
    Ok(Links { clients: clients.collect(), made })
}

/// Whether a rule may still find the call's client.
fn is_open(call: &Changed<'_>) -> bool {
    call.client_id.is_none() && !call.entry.added.client_chosen
}

fn number<'a>(call: &'a Changed<'_>) -> Option<&'a str> {
    call.after.as_ref()?.view.client_e164.as_deref()
}

fn number_changed(call: &Changed<'_>) -> bool {
    let before = call.before.as_ref().and_then(|view| view.client_e164.as_deref());
    before.is_some() && before != number(call)
}

/// The unknown callers whose call is missed now and was not before: one client a number, as the module's rule says.
fn unknown_callers(
    changed: &[Changed<'_>],
    owners: &HashMap<String, Vec<ClientId>>,
    applies: &[Apply],
) -> Vec<MadeClient> {
    let rules: HashMap<_, _> =
        applies.iter().filter_map(|apply| Some((apply.module_id, (apply.lead?, apply.now)))).collect();
    let mut made: BTreeMap<&str, MadeClient> = BTreeMap::new();
    for call in changed.iter().filter(|call| is_open(call) && newly_missed(call)) {
        let (Some(number), Some((rule, now))) = (number(call), rules.get(&call.entry.module_id)) else {
            continue;
        };
        if owners.contains_key(number) || made.contains_key(number) {
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
        made.insert(number, client);
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

/// The caller's name as the provider has it; many give the number in its place, which is no name.
fn caller_name(view: &CallView) -> String {
    let name = view.caller_name.as_deref().unwrap_or_default().trim();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 2 || name.chars().filter(char::is_ascii_digit).count() > letters {
        return String::new();
    }
    // The number in a name would be shown where the client's numbers are hidden.
    without_numbers(name, view.client_e164.as_deref().as_slice()).chars().take(MAX_NAME).collect()
}
