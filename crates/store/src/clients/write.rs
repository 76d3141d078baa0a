//! Creates and changes clients.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, ClientKind, phone};

use super::search_terms::{self, email_key, folded, of_client};
use super::{Client, ClientFields, ClientPhone, ClientScope, NewClient, read};
use crate::db::{Tx, is_missing_reference, on, text, time, to_json};
use crate::error::StoreError;
use crate::missed::{assigned, assignee, waits_for};
use crate::open::Store;
use crate::rows::{Rows, columns};

impl Store {
    /// Creates a client. Existing calls from its numbers are logged on it if they have no client and no other client
    /// has the number. If `scope` is one user's, only calls this user may see: those that rang at them, and missed ones
    /// they may call back.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] if its company or its responsible user does not exist.
    pub async fn create_client(&self, client: &NewClient, scope: ClientScope) -> Result<Client, StoreError> {
        let mut tx = self.begin().await?;
        create(&mut tx, &[client], scope).await?;
        self.finish(tx, client.id).await
    }

    /// Replaces a client's fields, and archives or restores it; returns `None` if `version` is outdated. Numbers new to
    /// it adopt their calls as in [`Store::create_client`].
    ///
    /// # Errors
    /// As for [`Store::create_client`].
    pub async fn update_client(
        &self,
        id: ClientId,
        version: i32,
        fields: &ClientFields,
        archived: bool,
        scope: ClientScope,
        now: DateTime<Utc>,
    ) -> Result<Option<Client>, StoreError> {
        let mut tx = self.begin().await?;
        let change = Change { id, version, fields, archived, scope, now };
        if !update(&mut tx, &change).await? {
            return Ok(None);
        }
        self.finish(tx, id).await.map(Some)
    }

    /// Converts a lead to a contact, and creates its company if `company` is given; returns `None` if `version` is
    /// outdated.
    ///
    /// # Errors
    /// As for [`Store::create_client`].
    pub async fn convert_lead(
        &self,
        lead: &Client,
        company: Option<&NewClient>,
        scope: ClientScope,
        now: DateTime<Utc>,
    ) -> Result<Option<Client>, StoreError> {
        let mut tx = self.begin().await?;
        create(&mut tx, company.as_slice(), scope).await?;
        let fields = ClientFields {
            kind: ClientKind::Contact,
            company: company.map(|company| company.id).or(lead.fields.company),
            ..lead.fields.clone()
        };
        let (id, version) = (lead.id, lead.version);
        let change = Change { id, version, fields: &fields, archived: false, scope, now };
        if !update(&mut tx, &change).await? {
            return Ok(None);
        }
        self.finish(tx, lead.id).await.map(Some)
    }

    /// Creates and changes several clients at once. Returns for each whether it was done; a change is not done if its
    /// version is outdated.
    ///
    /// # Errors
    /// As for [`Store::create_client`]; nothing has been done then.
    pub async fn write_clients(
        &self,
        writes: &[ClientWrite],
        now: DateTime<Utc>,
    ) -> Result<Vec<bool>, StoreError> {
        let new: Vec<&NewClient> = writes
            .iter()
            .filter_map(|write| match write {
                ClientWrite::New(client) => Some(client),
                ClientWrite::Change { .. } => None,
            })
            .collect();
        let scope = ClientScope::All;
        let mut tx = self.begin().await?;
        create(&mut tx, &new, scope).await?;
        let mut done = Vec::with_capacity(writes.len());
        for write in writes {
            done.push(match write {
                ClientWrite::New(_) => true,
                ClientWrite::Change { id, version, fields } => {
                    let (id, version) = (*id, *version);
                    let change = Change { id, version, fields, archived: false, scope, now };
                    update(&mut tx, &change).await?
                }
            });
        }
        tx.commit().await?;
        Ok(done)
    }

    pub(super) async fn finish(&self, mut tx: Tx, id: ClientId) -> Result<Client, StoreError> {
        let client = read::by_ids(&mut tx, &[id]).await?.pop();
        tx.commit().await?;
        client.ok_or_else(|| {
            StoreError::Corrupt(format!("the client {id} disappeared while it was being written"))
        })
    }
}

/// A client to create or change.
#[derive(Debug, Clone)]
pub enum ClientWrite {
    New(NewClient),
    /// An existing client that is not archived.
    Change {
        id: ClientId,
        /// The version to replace.
        version: i32,
        fields: ClientFields,
    },
}

/// A change of a client.
pub(super) struct Change<'a> {
    pub id: ClientId,
    pub version: i32,
    pub fields: &'a ClientFields,
    pub archived: bool,
    /// Whose calls new numbers adopt.
    pub scope: ClientScope,
    pub now: DateTime<Utc>,
}

columns! {
    ClientColumns of row: (&NewClient, String) {
        id: row.0.id.0,
        kind: row.0.fields.kind.as_str(),
        name: text(&row.0.fields.name),
        name_key: text(&folded(&row.0.fields.name)),
        company_id: row.0.fields.company.map(|company| company.0),
        responsible_id: row.0.fields.responsible.map(|user| user.0),
        notes: row.0.fields.notes.as_deref().map(text),
        tags: row.1.clone(),
        source: row.0.source.as_str(),
        version: 1,
        created_at: time(row.0.created_at),
        updated_at: time(row.0.created_at),
    }
}

static CLIENTS: Rows = Rows::named(
    &[ClientColumns::NAMES],
    "insert into clients ({columns}) select * from v where id is not null",
);

async fn create(tx: &mut Tx, clients: &[&NewClient], scope: ClientScope) -> Result<(), StoreError> {
    let mut rows: Vec<(&NewClient, String)> = Vec::with_capacity(clients.len());
    for client in clients {
        rows.push((client, to_json(&client.fields.tags)?));
    }
    CLIENTS.execute(tx, &rows, ClientColumns::add).await.map_err(unknown_reference)?;
    let all: Vec<_> = clients.iter().map(|client| (client.id, &client.fields)).collect();
    parts(tx, &all).await?;
    for client in clients {
        let numbers = client.fields.phones.iter().filter_map(|phone| phone.e164.as_deref());
        adopt(tx, client.id, numbers, scope).await?;
    }
    Ok(())
}

/// Changes a client; returns whether it still had this version.
pub(super) async fn update(tx: &mut Tx, change: &Change<'_>) -> Result<bool, StoreError> {
    let Change { id, version, fields, archived, scope, now } = change;
    let sql = "update clients set kind = $3, name = $4, name_key = $5, company_id = $6, responsible_id = $7, notes = $8, \
               tags = $9, updated_at = $10, archived_at = case when $11 then coalesce(archived_at, $10) end, \
               version = version + 1 where id = $1 and version = $2 and merged_into is null";
    let done = on!(tx.conn(), |db| {
        sqlx::query(sql)
            .bind(id.0)
            .bind(*version)
            .bind(fields.kind.as_str())
            .bind(text(&fields.name))
            .bind(text(&folded(&fields.name)))
            .bind(fields.company.map(|company| company.0))
            .bind(fields.responsible.map(|user| user.0))
            .bind(fields.notes.as_deref().map(text))
            .bind(to_json(&fields.tags)?)
            .bind(time(*now))
            .bind(*archived)
            .execute(db)
            .await
            .map(|done| done.rows_affected())
    })
    .map_err(unknown_reference)?;
    if done == 0 {
        return Ok(false);
    }
    let before = numbers(tx, *id).await?;
    remove_parts(tx, *id).await?;
    parts(tx, &[(*id, fields)]).await?;
    let after = fields.phones.iter().filter_map(|phone| phone.e164.as_deref());
    adopt(tx, *id, after.filter(|number| !before.contains(*number)), *scope).await?;
    Ok(true)
}

async fn numbers(tx: &mut Tx, id: ClientId) -> Result<BTreeSet<String>, StoreError> {
    let sql = "select e164 from client_phones where client_id = $1 and e164 is not null";
    let numbers: Vec<String> = on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(id.0).fetch_all(db).await)?;
    Ok(numbers.into_iter().collect())
}

/// Removes a client's numbers, email addresses and search words.
pub(crate) async fn remove_parts(tx: &mut Tx, id: ClientId) -> Result<(), StoreError> {
    for sql in [
        "delete from client_phones where client_id = $1",
        "delete from client_emails where client_id = $1",
        "delete from client_words where client_id = $1",
    ] {
        on!(tx.conn(), |db| sqlx::query(sql).bind(id.0).execute(db).await.map(drop))?;
    }
    Ok(())
}

columns! {
    PhoneColumns of row: (ClientId, i32, &ClientPhone) {
        client_id: row.0.0,
        position: row.1,
        label: row.2.label.as_deref().map(text),
        number: text(&row.2.number),
        e164: row.2.e164.clone(),
        made_by_call: false,
    }
}
columns! {
    EmailColumns of row: (ClientId, i32, &String) {
        client_id: row.0.0,
        position: row.1,
        address: text(row.2),
        address_key: text(&email_key(row.2)),
    }
}

static PHONES: Rows = Rows::named(
    &[PhoneColumns::NAMES],
    "insert into client_phones ({columns}) select * from v where client_id is not null",
);
static EMAILS: Rows = Rows::named(
    &[EmailColumns::NAMES],
    "insert into client_emails ({columns}) select * from v where client_id is not null",
);

/// Writes clients' numbers, email addresses and search words. A number written by people no longer counts as created
/// for a call.
pub(super) async fn parts(tx: &mut Tx, clients: &[(ClientId, &ClientFields)]) -> Result<(), StoreError> {
    let phones: Vec<(ClientId, i32, &ClientPhone)> = clients
        .iter()
        .flat_map(|(id, fields)| (0..).zip(&fields.phones).map(|(place, phone)| (*id, place, phone)))
        .collect();
    PHONES.execute(tx, &phones, PhoneColumns::add).await?;
    let emails: Vec<(ClientId, i32, &String)> = clients
        .iter()
        .flat_map(|(id, fields)| (0..).zip(&fields.emails).map(|(place, email)| (*id, place, email)))
        .collect();
    EMAILS.execute(tx, &emails, EmailColumns::add).await?;
    let words: Vec<(String, ClientId)> = clients
        .iter()
        .flat_map(|(id, fields)| of_client(fields).into_iter().map(|word| (word, *id)))
        .collect();
    Ok(search_terms::insert(tx, &words).await?)
}

/// Logs the existing calls from these numbers on a client, if they have no client, nobody else has the number, and they
/// are in the `scope` of whoever added the number.
pub(super) async fn adopt<'a>(
    tx: &mut Tx,
    id: ClientId,
    numbers: impl Iterator<Item = &'a str>,
    scope: ClientScope,
) -> Result<(), StoreError> {
    let sql = concat!(
        "update calls set client_id = $1, version = version + 1 \
         where client_e164 = $2 and client_id is null and not client_chosen and not exists \
         (select 1 from client_phones join clients on clients.id = client_id \
         where e164 = $2 and client_id <> $1 and archived_at is null) and ($3 is null \
         or exists (select 1 from call_operators where call_operators.call_id = calls.id and user_id = $3) or id in (",
        assigned!("select calls.id", "where missed and resolved_at is null and missed_key = $4 and "),
        waits_for!("$3"),
        "))"
    );
    let only_of = scope.only_of().map(|user| user.0);
    for number in numbers.flat_map(phone::spellings) {
        on!(tx.conn(), |db| {
            let query = sqlx::query(sql).bind(id.0).bind(number.as_str()).bind(only_of);
            query.bind(phone::caller(&number)).execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// A company or user that was deleted meanwhile.
pub(super) fn unknown_reference(error: sqlx::Error) -> StoreError {
    if is_missing_reference(&error) { StoreError::UnknownReference } else { error.into() }
}
