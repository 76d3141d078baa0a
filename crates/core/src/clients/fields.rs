//! Checks a client's fields.

use std::collections::BTreeSet;

use hookswitch_model::{ClientId, ClientKind, UserId, phone};
use hookswitch_store::{Client, ClientFields, ClientPhone, User, folded};
use serde::Deserialize;
use utoipa::ToSchema;

use super::numbers;
use crate::accounts::check;
use crate::calls::Calls;
use crate::calls::outgoing;
use crate::error::{Error, FieldError, Result};

const MAX_NAME: usize = 200;
/// Maximum length of a number's label, in characters.
pub(crate) const MAX_LABEL: usize = 50;
const MAX_NUMBER: usize = 100;
const MAX_PHONES: usize = 50;
const MAX_EMAILS: usize = 50;
const MAX_TAGS: usize = 50;
const MAX_TAG: usize = 50;
const MAX_NOTES: usize = 20_000;

/// A client's number to save.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhoneInput {
    /// The number's label, at most 50 characters.
    #[serde(default)]
    pub label: Option<String>,
    /// The number, in any spelling.
    #[serde(default)]
    pub number: Option<String>,
    /// Instead of the number: its position among the client's current numbers, from 0. This keeps a number that is
    /// hidden.
    #[serde(default)]
    pub position: Option<usize>,
}

/// Changes to a client's fields, or all fields of a new client; `None` keeps a field.
#[derive(Debug, Default)]
pub struct FieldChanges {
    pub kind: Option<ClientKind>,
    pub name: Option<String>,
    /// The company it belongs to.
    pub company: Option<Option<ClientId>>,
    /// The responsible user.
    pub responsible: Option<Option<UserId>>,
    pub phones: Option<Vec<PhoneInput>>,
    pub emails: Option<Vec<String>>,
    pub tags: Option<Vec<String>>,
    pub notes: Option<Option<String>>,
}

/// A client without any values.
#[must_use]
pub fn empty(kind: ClientKind) -> ClientFields {
    ClientFields {
        kind,
        name: String::new(),
        company: None,
        responsible: None,
        phones: Vec::new(),
        emails: Vec::new(),
        tags: Vec::new(),
        notes: None,
    }
}

/// The fields with these changes; `of` is the client to change, if it exists.
///
/// # Errors
/// 422 with every wrong field.
pub async fn changed(
    calls: &Calls,
    user: &User,
    of: Option<&Client>,
    before: &ClientFields,
    changes: FieldChanges,
) -> Result<ClientFields> {
    let mut errors = Vec::new();
    let mut fields = before.clone();
    fields.kind = changes.kind.unwrap_or(before.kind);
    if let Some(name) = &changes.name {
        name.trim().clone_into(&mut fields.name);
    }
    if changes.name.is_some() || changes.kind.is_some() {
        errors.extend(name(fields.kind, &fields.name));
    }
    if let Some(inputs) = changes.phones {
        fields.phones = phones(calls, &inputs, &before.phones, &mut errors);
    }
    if let Some(inputs) = changes.emails {
        fields.emails = emails(inputs, &mut errors);
    }
    if let Some(inputs) = changes.tags {
        fields.tags = tags(inputs, &mut errors);
    }
    if let Some(inputs) = changes.notes {
        fields.notes = inputs.map(|notes| notes.trim().to_owned()).filter(|notes| !notes.is_empty());
        let long = fields.notes.as_ref().is_some_and(|notes| notes.chars().count() > MAX_NOTES);
        errors.extend(wrong(long, "notes", format!("Shorten the notes to at most {MAX_NOTES} characters.")));
    }
    if let Some(company) = changes.company.filter(|company| *company != before.company) {
        fields.company = company;
        if let Some(id) = company {
            let found = calls.store.client(id, calls.catalog.scope(user)).await?;
            let fits = found.is_some_and(|found| {
                found.id == id && found.fields.kind == ClientKind::Company && found.archived_at.is_none()
            });
            let is_itself = of.is_some_and(|client| client.id == id);
            errors.extend(wrong(
                !fits || is_itself,
                "companyId",
                "There is no such company. Choose an existing one.".to_owned(),
            ));
        }
    }
    if let Some(responsible) = changes.responsible.filter(|user| *user != before.responsible) {
        fields.responsible = responsible;
        let unknown = match responsible {
            Some(user) => calls.store.user(user).await?.is_none(),
            None => false,
        };
        errors.extend(wrong(
            unknown,
            "responsibleId",
            "There is no such user. Choose an existing one.".to_owned(),
        ));
    }
    Error::check(errors)?;
    Ok(fields)
}

fn wrong(is_wrong: bool, path: impl Into<String>, detail: String) -> Option<FieldError> {
    is_wrong.then(|| FieldError { path: path.into(), detail })
}

/// Only a lead may have no name: nobody has asked for it yet.
pub(super) fn name(kind: ClientKind, name: &str) -> Option<FieldError> {
    let nameless = name.is_empty() && kind != ClientKind::Lead;
    let fits = name.chars().count() <= MAX_NAME && !name.contains(char::is_control);
    wrong(nameless || !fits, "name", format!("Enter a name of 1 to {MAX_NAME} characters on one line."))
}

fn phones(
    calls: &Calls,
    inputs: &[PhoneInput],
    before: &[ClientPhone],
    errors: &mut Vec<FieldError>,
) -> Vec<ClientPhone> {
    errors.extend(too_many("phones", inputs.len(), MAX_PHONES));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut phones = Vec::new();
    for (place, input) in inputs.iter().enumerate().take(MAX_PHONES) {
        match phone(calls, input, before) {
            Err((field, detail)) => {
                errors.push(FieldError { path: format!("phones[{place}].{field}"), detail });
            }
            Ok(phone) => {
                let twice = !seen.insert(phone.key());
                let detail = "This client already has the number.".to_owned();
                errors.extend(wrong(twice, format!("phones[{place}].number"), detail));
                phones.push(phone);
            }
        }
    }
    phones
}

/// The number, or its wrong field and the reason.
fn phone(
    calls: &Calls,
    input: &PhoneInput,
    before: &[ClientPhone],
) -> Result<ClientPhone, (&'static str, String)> {
    let label = input.label.as_deref().map(str::trim).filter(|label| !label.is_empty());
    if label.is_some_and(|label| label.chars().count() > MAX_LABEL || label.contains(char::is_control)) {
        return Err(("label", format!("Enter a label of at most {MAX_LABEL} characters on one line.")));
    }
    let phone = match (&input.number, input.position) {
        (Some(number), None) => typed(calls, number).map_err(|detail| ("number", detail))?,
        (None, Some(position)) => {
            let kept = before.get(position).cloned();
            kept.ok_or_else(|| ("position", "The client has no number at this position.".to_owned()))?
        }
        _ => return Err(("number", "Enter either a number or the position of one.".to_owned())),
    };
    Ok(ClientPhone { label: label.map(str::to_owned), ..phone })
}

/// Parses a number typed by a person.
///
/// # Errors
/// Why it is not a number.
pub(super) fn typed(calls: &Calls, number: &str) -> Result<ClientPhone, String> {
    let number = number.trim();
    if phone::several(number).len() > 1 {
        return Err("These are several numbers. Enter each one separately.".to_owned());
    }
    if phone::is_withheld(number) {
        return Err("This stands for a withheld number, which cannot be saved.".to_owned());
    }
    let e164 = numbers::e164(calls, number);
    let fits = number.chars().count() <= MAX_NUMBER && !phone::clean(number).contains(char::is_control);
    if !fits || (e164.is_none() && outgoing::number(number, None).is_err()) {
        return Err("Enter a valid number, e.g. +44 20 7946 0123.".to_owned());
    }
    Ok(ClientPhone { label: None, number: number.to_owned(), e164 })
}

fn emails(inputs: Vec<String>, errors: &mut Vec<FieldError>) -> Vec<String> {
    errors.extend(too_many("emails", inputs.len(), MAX_EMAILS));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut emails = Vec::new();
    for (place, address) in inputs.into_iter().enumerate().take(MAX_EMAILS) {
        let address = address.trim().to_owned();
        let path = format!("emails[{place}]");
        errors.extend(check::email(&address).map(|error| FieldError { path: path.clone(), ..error }));
        let twice = !seen.insert(folded(&address));
        errors.extend(wrong(twice, path, "This client already has the address.".to_owned()));
        emails.push(address);
    }
    emails
}

fn tags(inputs: Vec<String>, errors: &mut Vec<FieldError>) -> Vec<String> {
    errors.extend(too_many("tags", inputs.len(), MAX_TAGS));
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut tags = Vec::new();
    for (place, tag) in inputs.into_iter().enumerate().take(MAX_TAGS) {
        let tag = tag.trim().trim_start_matches('#').to_owned();
        let fits = (1..=MAX_TAG).contains(&tag.chars().count()) && !tag.contains(char::is_control);
        let detail = format!("Enter a tag of 1 to {MAX_TAG} characters on one line.");
        errors.extend(wrong(!fits, format!("tags[{place}]"), detail));
        if seen.insert(folded(&tag)) {
            tags.push(tag);
        }
    }
    tags
}

fn too_many(path: &str, number: usize, most: usize) -> Option<FieldError> {
    wrong(number > most, path, format!("A client has at most {most} of these."))
}
