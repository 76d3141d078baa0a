//! Combines the fields of two clients, and separates them again.

use std::collections::BTreeSet;

use hookswitch_model::ClientId;

use super::search_terms::folded;
use super::{Client, ClientFields};

impl Client {
    /// The client's fields completed from `other`: a single-valued field keeps the client's value unless it is empty.
    #[must_use]
    pub fn with(&self, other: &ClientFields) -> ClientFields {
        united(&self.fields, self.id, other, None)
    }
}

/// The fields of both; `from` ceases to exist.
pub(super) fn union(into: &Client, from: &Client) -> ClientFields {
    united(&into.fields, into.id, &from.fields, Some(from.id))
}

fn united(
    into: &ClientFields,
    into_id: ClientId,
    from: &ClientFields,
    from_id: Option<ClientId>,
) -> ClientFields {
    // A client cannot be its own company.
    let company = into.company.filter(|company| Some(*company) != from_id);
    let notes: Vec<&str> = [&into.notes, &from.notes].into_iter().flatten().map(String::as_str).collect();
    ClientFields {
        kind: into.kind,
        name: if into.name.is_empty() { from.name.clone() } else { into.name.clone() },
        company: company.or(from.company.filter(|company| *company != into_id)),
        responsible: into.responsible.or(from.responsible),
        phones: all(&into.phones, &from.phones, |phone| phone.key()),
        emails: all(&into.emails, &from.emails, |email| folded(email)),
        tags: all(&into.tags, &from.tags, |tag| folded(tag)),
        notes: (!notes.is_empty()).then(|| notes.join(BETWEEN_NOTES)),
    }
}

const BETWEEN_NOTES: &str = "\n\n";

fn all<T: Clone>(ours: &[T], theirs: &[T], key: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    ours.iter().chain(theirs).filter(|item| seen.insert(key(item))).cloned().collect()
}

/// The fields of a client without what it took from another in a merge. Changes made since then stay.
pub(super) fn without(
    now: &Client,
    before: &ClientFields,
    from: &ClientFields,
    from_id: ClientId,
) -> ClientFields {
    let merged = united(before, now.id, from, Some(from_id));
    let fields = &now.fields;
    ClientFields {
        kind: unless_changed(&fields.kind, &merged.kind, &before.kind),
        name: unless_changed(&fields.name, &merged.name, &before.name),
        company: unless_changed(&fields.company, &merged.company, &before.company),
        responsible: unless_changed(&fields.responsible, &merged.responsible, &before.responsible),
        phones: without_theirs(&fields.phones, &before.phones, &from.phones, |phone| phone.key()),
        emails: without_theirs(&fields.emails, &before.emails, &from.emails, |email| folded(email)),
        tags: without_theirs(&fields.tags, &before.tags, &from.tags, |tag| folded(tag)),
        notes: notes_without(fields.notes.as_deref(), &merged, before, from),
    }
}

fn unless_changed<T: Clone + PartialEq>(now: &T, merged: &T, before: &T) -> T {
    if now == merged { before.clone() } else { now.clone() }
}

fn without_theirs<T: Clone>(now: &[T], ours: &[T], theirs: &[T], key: impl Fn(&T) -> String) -> Vec<T> {
    let ours: BTreeSet<String> = ours.iter().map(&key).collect();
    let theirs: BTreeSet<String> = theirs.iter().map(&key).filter(|key| !ours.contains(key)).collect();
    now.iter().filter(|item| !theirs.contains(&key(item))).cloned().collect()
}

fn notes_without(
    now: Option<&str>,
    merged: &ClientFields,
    before: &ClientFields,
    from: &ClientFields,
) -> Option<String> {
    let (Some(now), Some(theirs)) = (now, &from.notes) else { return now.map(str::to_owned) };
    if Some(now) == merged.notes.as_deref() {
        return before.notes.clone();
    }
    // Edited since: remove what is left of the other client's notes.
    let rest = match &before.notes {
        Some(_) => now.replacen(&format!("{BETWEEN_NOTES}{theirs}"), "", 1),
        None => now.replacen(theirs, "", 1),
    };
    Some(rest.trim().to_owned()).filter(|rest| !rest.is_empty())
}
