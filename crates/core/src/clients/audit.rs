//! Changes to a client, for the audit trail.

use hookswitch_store::{AuditChange, Client, ClientPhone};

use crate::calls::Calls;

/// The fields that differ, in readable form.
#[must_use]
pub fn changes(calls: &Calls, before: &Client, after: &Client) -> Vec<AuditChange> {
    let fields = shown(calls, before).into_iter().zip(shown(calls, after));
    let changed = fields.filter(|((_, from), (_, to))| from != to);
    changed.map(|((field, from), (_, to))| AuditChange { field: field.to_owned(), from, to }).collect()
}

fn shown(calls: &Calls, client: &Client) -> [(&'static str, Option<String>); 8] {
    let fields = &client.fields;
    let phone = |phone: &ClientPhone| match &phone.label {
        Some(label) => format!("{label}: {}", phone.number),
        None => phone.number.clone(),
    };
    let list = |items: Vec<String>| (!items.is_empty()).then(|| items.join(", "));
    [
        ("kind", Some(fields.kind.as_str().to_owned())),
        ("name", Some(fields.name.clone()).filter(|name| !name.is_empty())),
        ("company", fields.company.and(client.company_name.clone())),
        ("responsible", fields.responsible.map(|user| calls.catalog.directory.named(user).name)),
        ("phones", list(fields.phones.iter().map(phone).collect())),
        ("emails", list(fields.emails.clone())),
        ("tags", list(fields.tags.clone())),
        ("notes", fields.notes.clone()),
    ]
}
