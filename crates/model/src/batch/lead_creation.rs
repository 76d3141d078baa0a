//! Creates clients for unknown callers whose call was missed, and removes them if the call turns out not to be missed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::Submission;
use super::calls::ChangedCall;
use super::clients::KnownClients;
use crate::client::ClientKind;
use crate::contract::Direction;
use crate::ids::{CallId, ClientId, UserId};
use crate::masking::without_numbers;
use crate::phone;
use crate::view::CallView;

/// What happens to an unknown caller whose call was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadRule {
    /// The kind of client to create.
    pub kind: ClientKind,
    /// The user responsible for it.
    pub responsible: Option<UserId>,
}

/// A client to create for an unknown caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLead {
    pub id: ClientId,
    pub kind: ClientKind,
    /// The provider's name for the caller; empty if it has none.
    pub name: String,
    /// The user responsible for it.
    pub responsible: Option<UserId>,
    pub e164: String,
    /// The time of creation.
    pub now: DateTime<Utc>,
}

/// A client created for a missed call, as saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeLead {
    pub id: ClientId,
    /// Whether anybody edited, merged, archived or commented on it, or made somebody its employee.
    pub touched: bool,
    /// How many saved calls keep it: missed ones, ones a person logged on it, and outgoing ones.
    pub kept_by: u64,
}

/// The unknown callers whose call is now missed and was not before: one client per number, following the module's rule.
pub(super) fn unknown_callers(
    calls: &[ChangedCall<'_>],
    clients: &KnownClients,
    submissions: &[&Submission],
    random: fn() -> [u8; 10],
) -> Vec<NewLead> {
    let rules: HashMap<_, _> = submissions
        .iter()
        .filter_map(|submission| Some((submission.module_id, (submission.lead?, submission.now))))
        .collect();
    let mut made: BTreeMap<String, NewLead> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.is_open() && call.is_newly_missed()) {
        let (Some(number), Some((rule, now))) = (call.number(), rules.get(&call.known.module_id)) else {
            continue;
        };
        if !clients.owners_of(number).is_empty() || made.contains_key(&phone::caller(number)) {
            continue;
        }
        let lead = NewLead {
            id: ClientId::new(*now, random()),
            kind: rule.kind,
            name: call.after.as_ref().map(|after| caller_name(&after.view)).unwrap_or_default(),
            responsible: rule.responsible,
            e164: number.to_owned(),
            now: *now,
        };
        made.insert(phone::caller(number), lead);
    }
    made.into_values().collect()
}

/// Longest name taken from a provider, in characters.
const MAX_NAME: usize = 200;

/// The provider's name for the caller. Many providers send the number instead, which does not count.
fn caller_name(view: &CallView) -> String {
    let name = view.caller_name.as_deref().unwrap_or_default().trim();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    if letters < 2 || name.chars().filter(char::is_ascii_digit).count() > letters {
        return String::new();
    }
    // A number within the name would be visible where clients' numbers are hidden.
    without_numbers(name, view.client_e164.as_deref().as_slice()).chars().take(MAX_NAME).collect()
}

/// The leads `in_doubt` that nobody touched and that no call keeps after this batch.
pub(super) fn taken_back(
    leads: &[MadeLead],
    in_doubt: &[(ClientId, CallId)],
    calls: &[ChangedCall<'_>],
) -> Vec<ClientId> {
    let doubted: BTreeSet<ClientId> = in_doubt.iter().map(|(client, _)| *client).collect();
    let untouched = leads.iter().filter(|lead| !lead.touched && doubted.contains(&lead.id));
    let gone = untouched.filter(|lead| {
        let count =
            |keeps: &dyn Fn(&ChangedCall<'_>) -> bool| calls.iter().filter(|call| keeps(call)).count() as u64;
        let kept_it = count(&|call| {
            call.known.stored_client == (Some(lead.id), call.known.stored_client.1)
                && call.before.as_ref().is_some_and(|view| keeps(view, call.known.stored_client.1))
        });
        let keep_it = count(&|call| {
            call.client_id == Some(lead.id)
                && call.after.as_ref().is_some_and(|after| keeps(&after.view, call.known.added.client_chosen))
        });
        keep_it == 0 && lead.kept_by <= kept_it
    });
    gone.map(|lead| lead.id).collect()
}

/// Whether a call keeps the client it is logged on from being removed. `LEADS` in `store` applies the same rule to
/// saved calls.
const fn keeps(view: &CallView, chosen: bool) -> bool {
    view.missed || chosen || matches!(view.direction, Some(Direction::Out))
}
