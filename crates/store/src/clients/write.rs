//! Making and changing clients.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, ClientKind};

use super::words::{self, email_key, folded, of_client};
use super::{Client, ClientFields, ClientPhone, ClientScope, NewClient, read};
use crate::db::{Tx, is_missing_reference, on, text, time, to_json};
use crate::error::StoreError;
use crate::missed::{assigned, assignee};
use crate::open::Store;
use crate::rows::{Rows, chunks};

impl Store {
    /// Makes a client. The calls there were from its numbers are logged on it, those that are on nobody and whose number is
    /// no other client's. Where `scope` is one user's, only calls that this user may see: those that rang at them, and missed
    /// ones that they may call back.
    ///
    /// # Errors
    /// [`StoreError::UnknownReference`] where its company or its responsible user is not there.
    pub async fn create_client(&self, client: &NewClient, scope: ClientScope) -> Result<Client, StoreError> {
        let mut tx = self.begin().await?;
        create(&mut tx, &[client], scope).await?;
        self.finish(tx, client.id).await
    }

    /// Puts `fields` in place of a client's, and puts it away or takes it back; none where `version` is not the client's any
    /// more. Numbers that are new to it adopt their calls as in [`Store::create_client`].
    ///
    /// # Errors
    /// As [`Store::create_client`].
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

    /// Makes a contact of a lead, in a company that is made along with it where `company` is given; none where `version` is
    /// not the lead's any more.
    ///
    /// # Errors
    /// As [`Store::create_client`].
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

    /// Makes and changes several clients at once; says of each whether it was done, which is not where a version is not the
    /// client's any more.
    ///
    /// # Errors
    /// As [`Store::create_client`]; then nothing was done.
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
        client.ok_or_else(|| StoreError::Corrupt(format!("the client {id} is gone while it is written")))
    }
}

/// A client to be made or changed.
#[derive(Debug, Clone)]
pub enum ClientWrite {
    /// A new one.
    New(NewClient),
    /// One that is there and was not put away.
    Change {
        /// Which.
        id: ClientId,
        /// The version that is changed.
        version: i32,
        /// What it becomes.
        fields: ClientFields,
    },
}

/// What a client becomes.
pub(super) struct Change<'a> {
    pub id: ClientId,
    pub version: i32,
    pub fields: &'a ClientFields,
    pub archived: bool,
    /// Whose calls new numbers bring along.
    pub scope: ClientScope,
    pub now: DateTime<Utc>,
}

static CLIENTS: Rows = Rows::new(
    "insert into clients (id, kind, name, name_key, company_id, responsible_id, notes, tags, source, version, created_at, \
     updated_at) select column1, column2, column3, column4, column5, column6, column7, column8, column9, 1, column10, \
     column10 from (values ",
    10,
    ") as v where column1 is not null",
);

async fn create(tx: &mut Tx, clients: &[&NewClient], scope: ClientScope) -> Result<(), StoreError> {
    for chunk in chunks(clients) {
        let tags: Vec<String> =
            chunk.iter().map(|client| to_json(&client.fields.tags)).collect::<Result<_, _>>()?;
        let conn = tx.conn();
        let (sql, filled) = CLIENTS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for (place, client) in filled.enumerate() {
                let fields = client.map(|client| &client.fields);
                query = query
                    .bind(client.map(|client| client.id.0))
                    .bind(fields.map(|fields| fields.kind.as_str()))
                    .bind(fields.map(|fields| text(&fields.name)))
                    .bind(fields.map(|fields| text(&folded(&fields.name))))
                    .bind(fields.and_then(|fields| fields.company).map(|company| company.0))
                    .bind(fields.and_then(|fields| fields.responsible).map(|user| user.0))
                    .bind(fields.and_then(|fields| fields.notes.as_deref()).map(text))
                    .bind(tags.get(place).cloned())
                    .bind(client.map(|client| client.source.as_str()))
                    .bind(client.map(|client| time(client.created_at)));
            }
            query.execute(db).await.map(drop)
        })
        .map_err(unknown_reference)?;
    }
    let all: Vec<_> = clients.iter().map(|client| (client.id, &client.fields)).collect();
    parts(tx, &all).await?;
    for client in clients {
        let numbers = client.fields.phones.iter().filter_map(|phone| phone.e164.as_deref());
        adopt(tx, client.id, numbers, scope).await?;
    }
    Ok(())
}

/// Changes a client; says whether it still had that version.
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

/// Takes away a client's numbers, e-mail addresses and what it is found by.
pub(super) async fn remove_parts(tx: &mut Tx, id: ClientId) -> Result<(), StoreError> {
    for sql in [
        "delete from client_phones where client_id = $1",
        "delete from client_emails where client_id = $1",
        "delete from client_words where client_id = $1",
    ] {
        on!(tx.conn(), |db| sqlx::query(sql).bind(id.0).execute(db).await.map(drop))?;
    }
    Ok(())
}

static PHONES: Rows = Rows::new(
    "insert into client_phones (client_id, position, label, number, e164, made_by_call) \
     select column1, column2, column3, column4, column5, false from (values ",
    5,
    ") as v where column1 is not null",
);
static EMAILS: Rows = Rows::new(
    "insert into client_emails (client_id, position, address, address_key) select * from (values ",
    4,
    ") as v where column1 is not null",
);

/// Writes clients' numbers, e-mail addresses and what they are found by. A number that people wrote no longer counts as one
/// that a call made.
pub(super) async fn parts(tx: &mut Tx, clients: &[(ClientId, &ClientFields)]) -> Result<(), StoreError> {
    let phones: Vec<(ClientId, i32, &ClientPhone)> = clients
        .iter()
        .flat_map(|(id, fields)| (0..).zip(&fields.phones).map(|(place, phone)| (*id, place, phone)))
        .collect();
    for chunk in chunks(&phones) {
        let conn = tx.conn();
        let (sql, filled) = PHONES.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                let phone = row.map(|(_, _, phone)| *phone);
                query = query
                    .bind(row.map(|(client, _, _)| client.0))
                    .bind(row.map(|(_, place, _)| *place))
                    .bind(phone.and_then(|phone| phone.label.as_deref()).map(text))
                    .bind(phone.map(|phone| text(&phone.number)))
                    .bind(phone.and_then(|phone| phone.e164.clone()));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    let emails: Vec<(ClientId, i32, &String)> = clients
        .iter()
        .flat_map(|(id, fields)| (0..).zip(&fields.emails).map(|(place, email)| (*id, place, email)))
        .collect();
    for chunk in chunks(&emails) {
        let conn = tx.conn();
        let (sql, filled) = EMAILS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = query
                    .bind(row.map(|(client, _, _)| client.0))
                    .bind(row.map(|(_, place, _)| *place))
                    .bind(row.map(|(_, _, email)| text(email)))
                    .bind(row.map(|(_, _, email)| text(&email_key(email))));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    let words: Vec<(String, ClientId)> = clients
        .iter()
        .flat_map(|(id, fields)| of_client(fields).into_iter().map(|word| (word, *id)))
        .collect();
    Ok(words::insert(tx, &words).await?)
}

/// Logs on a client the calls there were from these numbers, where they are on nobody, nobody else has the number, and
/// whoever gave the client the number may see them: `scope`.
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
        assigned!("select calls.id", "where missed and resolved_at is null and missed_key = $2 and ("),
        assignee!(),
        " is null or ",
        assignee!(),
        " = $3)))"
    );
    let only_of = scope.only_of().map(|user| user.0);
    for number in numbers {
        on!(tx.conn(), |db| {
            sqlx::query(sql).bind(id.0).bind(number).bind(only_of).execute(db).await.map(drop)
        })?;
    }
    Ok(())
}

/// A company or a user that somebody deleted meanwhile.
pub(super) fn unknown_reference(error: sqlx::Error) -> StoreError {
    if is_missing_reference(&error) { StoreError::UnknownReference } else { error.into() }
}
