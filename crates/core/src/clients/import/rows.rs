//! Reads a line of a file as a client.

use std::collections::{BTreeSet, HashMap};

use hookswitch_model::phone::several;
use hookswitch_model::{ClientKind, UserId};
use hookswitch_store::{Client, ClientFields, ClientKeys, ClientScope, User, folded};
use serde_json::json;

use super::Import;
use super::guess::ImportTarget;
use super::lines::Line;
use crate::calls::Calls;
use crate::clients::fields::{self, FieldChanges, MAX_LABEL, PhoneInput, changed, empty};
use crate::clients::numbers::e164;
use crate::error::{Error, Result};
use crate::spreadsheet::read_back;

/// The targets of a file's columns.
pub type Mapping = [Option<ImportTarget>];

/// Rejects a mapping that creates no clients.
///
/// # Errors
/// 422 with the reason.
pub fn check_mapping(import: &Import, mapping: &Mapping) -> Result<()> {
    let refused = |detail: String| Err(Error::invalid("mapping", detail));
    if mapping.len() != import.table.columns.len() {
        return refused(format!(
            "The file has {} columns. Give a target or null for each.",
            import.table.columns.len()
        ));
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = mapping.iter().flatten().find(|target| !target.several() && !seen.insert(**target)) {
        return refused(format!("Two columns have the target {}. Choose only one.", json!(twice)));
    }
    let names = [ImportTarget::Name, ImportTarget::FirstName, ImportTarget::LastName, ImportTarget::Company];
    if !names.iter().any(|name| seen.contains(name)) {
        return refused("Choose a column with the clients' names.".to_owned());
    }
    Ok(())
}

/// Reads lines as clients.
pub struct Reading<'a> {
    calls: &'a Calls,
    user: &'a User,
    /// Each column with a target, and its name if that tells numbers apart.
    columns: Vec<(usize, ImportTarget, Option<String>)>,
    number_of_columns: usize,
    users: HashMap<String, UserId>,
}

/// A line as a client, not checked yet.
pub struct Row {
    pub kind: ClientKind,
    pub kind_is_given: bool,
    pub name: String,
    /// The name of its company.
    pub company: Option<String>,
    pub phones: Vec<PhoneInput>,
    pub emails: Vec<String>,
    pub tags: Vec<String>,
    pub notes: Vec<String>,
    /// Values of the line that do not fit into the client.
    pub left_out: Vec<String>,
    responsible: Option<UserId>,
    problem: Option<String>,
}

impl<'a> Reading<'a> {
    /// Reads lines of an import according to `mapping`.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn new(calls: &'a Calls, user: &'a User, import: &Import, mapping: &Mapping) -> Result<Self> {
        let several = mapping.iter().flatten().filter(|target| **target == ImportTarget::Phone).count() > 1;
        let column = |(place, target): (usize, &Option<ImportTarget>)| {
            let label = &import.table.columns.get(place)?.name;
            let label = label.chars().take(MAX_LABEL).collect();
            Some((place, (*target)?, Some(label).filter(|_| several)))
        };
        let mut users = HashMap::new();
        for user in calls.store.users().await? {
            let keys = [Some(user.name), user.email, Some(user.login)];
            users.extend(keys.into_iter().flatten().map(|key| (folded(&key), user.id)));
        }
        Ok(Self {
            calls,
            user,
            columns: mapping.iter().enumerate().filter_map(column).collect(),
            number_of_columns: mapping.len(),
            users,
        })
    }

    /// Reads a line as a client.
    pub fn row(&self, line: &Line) -> Row {
        let mut row = Row {
            kind: ClientKind::Contact,
            kind_is_given: false,
            name: String::new(),
            phones: Vec::new(),
            emails: Vec::new(),
            tags: Vec::new(),
            notes: Vec::new(),
            company: None,
            left_out: Vec::new(),
            responsible: None,
            problem: None,
        };
        let cells = line.cells.len();
        if line.cells.iter().skip(self.number_of_columns).any(|cell| !cell.is_empty()) {
            row.problem =
                Some(format!("This line has {cells} cells, the first one {}.", self.number_of_columns));
        }
        let (mut kind, mut first, mut last) = (None, String::new(), String::new());
        for (place, target, label) in &self.columns {
            let cell = read_back(line.cells.get(*place).unwrap_or_default());
            if cell.is_empty() {
                continue;
            }
            match target {
                ImportTarget::Kind => kind = Some(cell),
                ImportTarget::Name => cell.clone_into(&mut row.name),
                ImportTarget::FirstName => cell.clone_into(&mut first),
                ImportTarget::LastName => cell.clone_into(&mut last),
                ImportTarget::Company => row.company = Some(cell.to_owned()),
                ImportTarget::Phone => self.add_phones(&mut row.phones, cell, label.as_deref()),
                ImportTarget::Email => add_emails(&mut row.emails, cell),
                ImportTarget::Tags => {
                    let tags = cell.split([';', ',', '\n']).flat_map(|tags| tags.split(":::"));
                    // A star marks the built-in groups of an address book.
                    let tags =
                        tags.map(|tag| tag.trim().trim_start_matches("* ")).filter(|tag| !tag.is_empty());
                    row.tags.extend(tags.map(str::to_owned));
                }
                ImportTarget::Notes => row.notes.push(cell.to_owned()),
                ImportTarget::Responsible => match self.users.get(&folded(cell)) {
                    Some(user) => row.responsible = Some(*user),
                    None => row.problem = Some(format!("There is no user \"{cell}\".")),
                },
            }
        }
        if row.name.is_empty() {
            row.name = format!("{first} {last}").trim().to_owned();
        } else {
            let name = folded(&row.name);
            let other = [first, last].into_iter().filter(|part| !name.contains(&folded(part)));
            row.left_out
                .extend(other.map(|part| format!("the name \"{part}\", since the full name differs")));
        }
        row.set_kind(kind);
        row
    }

    fn add_phones(&self, phones: &mut Vec<PhoneInput>, cell: &str, label: Option<&str>) {
        for part in several(cell).iter().flat_map(|part| internal(part)) {
            // `Mobile: 020 7946 0000`, as in exports.
            let named = part.split_once(": ").map(|(label, number)| (Some(label), number.trim()));
            let (label, number) = named.unwrap_or((label, part));
            let key = |number: &str| e164(self.calls, number).unwrap_or_else(|| number.to_owned());
            let is_there = |of: &PhoneInput| of.number.as_deref().map(key) == Some(key(number));
            if !phones.iter().any(is_there) {
                let (label, number) = (label.map(str::to_owned), Some(number.to_owned()));
                phones.push(PhoneInput { label, number, position: None });
            }
        }
    }

    /// The row as a client's fields, without its company.
    ///
    /// # Errors
    /// Inner: a sentence that says why it is not a client. Outer: if the database fails.
    pub async fn fields(&self, row: &Row) -> Result<Result<ClientFields, String>> {
        let company = row.company.as_deref().and_then(|name| fields::name(ClientKind::Company, name));
        if let Some(problem) = row.problem.clone().or(company.map(|error| error.detail)) {
            return Ok(Err(problem));
        }
        let asked = FieldChanges {
            name: Some(row.name.clone()),
            phones: Some(row.phones.clone()),
            emails: Some(row.emails.clone()),
            tags: Some(row.tags.clone()),
            notes: Some(Some(row.notes.join("\n"))),
            responsible: Some(row.responsible),
            ..FieldChanges::default()
        };
        match changed(self.calls, self.user, None, &empty(row.kind), asked).await {
            Err(error) if error.code() == "invalid" => Ok(Err(error.detail().to_owned())),
            fields => fields.map(Ok),
        }
    }

    /// The existing client; see [`super::DuplicateRule`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn duplicate(&self, fields: &ClientFields) -> Result<Option<Client>> {
        let numbers: Vec<String> = fields.phones.iter().filter_map(|phone| phone.e164.clone()).collect();
        if numbers.is_empty() && fields.emails.is_empty() {
            return named(self.calls, fields.kind, &fields.name).await;
        }
        let keys = ClientKeys { numbers, emails: fields.emails.clone(), name: None };
        let found = self.calls.store.duplicates(ClientScope::All, &keys, None, 1).await?;
        Ok(found.into_iter().map(|(client, _)| client).next())
    }
}

/// The first client of this kind and name.
///
/// # Errors
/// If the database fails.
pub async fn named(calls: &Calls, kind: ClientKind, name: &str) -> Result<Option<Client>> {
    let keys = ClientKeys { name: Some(name.to_owned()), ..ClientKeys::default() };
    let found = calls.store.duplicates(ClientScope::All, &keys, None, MAX_NAMED).await?;
    Ok(found.into_iter().map(|(client, _)| client).find(|client| client.fields.kind == kind))
}

/// Clients of one name to search for one of a kind.
const MAX_NAMED: usize = 20;

/// Internal numbers separated by `;` are too short to be separated by their digits.
fn internal(part: &str) -> impl Iterator<Item = &str> {
    let separator = if part.contains('=') { '\n' } else { ';' };
    part.split(separator).map(str::trim).filter(|part| !part.is_empty())
}

fn add_emails(emails: &mut Vec<String>, cell: &str) {
    let addresses = cell.split(|c: char| c.is_whitespace() || [';', ',', '|'].contains(&c));
    for address in addresses.filter(|address| !address.is_empty() && *address != ":::") {
        if !emails.iter().any(|of| folded(of) == folded(address)) {
            emails.push(address.to_owned());
        }
    }
}

impl Row {
    /// Sets the kind from the column; without one, a line with only a company is that company.
    fn set_kind(&mut self, word: Option<&str>) {
        self.kind_is_given = word.is_some();
        match word.map(str::to_lowercase).as_deref() {
            Some("contact") => self.kind = ClientKind::Contact,
            Some("company") => self.kind = ClientKind::Company,
            Some("lead") => self.kind = ClientKind::Lead,
            Some(other) => {
                self.problem =
                    Some(format!("\"{other}\" is not a kind of client. Use contact, company or lead."));
            }
            None if self.name.is_empty() && self.company.is_some() => self.kind = ClientKind::Company,
            None => {}
        }
        if self.kind == ClientKind::Company
            && let Some(company) =
                self.company.take_if(|company| self.name.is_empty() || *company == self.name)
        {
            self.name = company;
        }
    }
}
