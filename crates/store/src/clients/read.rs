//! Reads clients from their rows.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, UserId};
use uuid::Uuid;

use super::{Client, ClientFields, ClientPhone, ClientScope};
use crate::db::{Tx, from_json, from_word, on};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, found};

found! {
    pub(super) struct Row {
        pub id: Uuid,
        kind: String,
        name: String,
        pub name_key: String,
        company_id: Option<Uuid>,
        company_name: Option<String>,
        responsible_id: Option<Uuid>,
        notes: Option<String>,
        tags: String,
        source: String,
        version: i32,
        created_at: DateTime<Utc>,
        updated_at: DateTime<Utc>,
        archived_at: Option<DateTime<Utc>>,
        merged_into: Option<Uuid>,
    }
}

macro_rules! columns {
    () => {
        "c.id, c.kind, c.name, c.name_key, c.company_id, company.name as company_name, c.responsible_id, c.notes, \
         c.tags, c.source, c.version, c.created_at, c.updated_at, c.archived_at, c.merged_into"
    };
}
pub(super) use columns;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select ",
            columns!(),
            " from clients c left join clients company on company.id = c.company_id ",
            $rest
        )
    };
}

/// Maximum length of a chain of merges.
const MAX_MERGES: usize = 100;

impl Store {
    /// The client with this id, or the one it was merged into.
    pub async fn client(&self, id: ClientId, scope: ClientScope) -> Result<Option<Client>, StoreError> {
        let mut tx = self.inner.pools.begin_read().await?;
        let found = find(&mut tx, id).await?;
        Ok(found.filter(|client| scope.has(client.fields.responsible)))
    }
}

/// The client with this id, or the one it was merged into.
pub(super) async fn find(tx: &mut Tx, id: ClientId) -> Result<Option<Client>, StoreError> {
    let mut id = id.0;
    for _ in 0..MAX_MERGES {
        let sql = select!("where c.id = $1");
        let row: Option<Row> = on!(tx.conn(), |db| sqlx::query_as(sql).bind(id).fetch_optional(db).await)?;
        match row {
            // It is being erased.
            Some(Row { merged_into: Some(into), .. }) if into == id => return Ok(None),
            Some(Row { merged_into: Some(into), .. }) => id = into,
            found => return Ok(complete(tx, found.into_iter().collect()).await?.pop()),
        }
    }
    Ok(None)
}

static BY_ID: Rows = Rows::new(select!("where c.id in (values "), 1, ")");

/// The clients with these ids, in the same order; merged ones unchanged.
pub(super) async fn by_ids(tx: &mut Tx, ids: &[ClientId]) -> Result<Vec<Client>, StoreError> {
    let rows = BY_ID.fetch(tx, ids, |values, id| values.add(id.map(|id| id.0)));
    let mut rows: Vec<Row> = rows.await?;
    let place: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(place, id)| (id.0, place)).collect();
    rows.sort_by_key(|row: &Row| place.get(&row.id).copied());
    complete(tx, rows).await
}

static PHONES: Rows = Rows::new(
    "select client_id, label, number, e164 from client_phones where client_id in (values ",
    1,
    ") order by client_id, position",
);
static EMAILS: Rows = Rows::new(
    "select client_id, address from client_emails where client_id in (values ",
    1,
    ") order by client_id, position",
);

/// Completes the rows with numbers and email addresses.
pub(super) async fn complete(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Client>, StoreError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut phones: HashMap<Uuid, Vec<ClientPhone>> = HashMap::new();
    let mut emails: HashMap<Uuid, Vec<String>> = HashMap::new();
    let found: Vec<(Uuid, Option<String>, String, Option<String>)> =
        PHONES.fetch(tx, &ids, |values, id| values.add(id.copied())).await?;
    for (client, label, number, e164) in found {
        phones.entry(client).or_default().push(ClientPhone { label, number, e164 });
    }
    let found: Vec<(Uuid, String)> = EMAILS.fetch(tx, &ids, |values, id| values.add(id.copied())).await?;
    for (client, address) in found {
        emails.entry(client).or_default().push(address);
    }
    let client = |row: Row| {
        let phones = phones.remove(&row.id).unwrap_or_default();
        let emails = emails.remove(&row.id).unwrap_or_default();
        row.into_client(phones, emails)
    };
    rows.into_iter().map(client).collect()
}

impl Row {
    fn into_client(self, phones: Vec<ClientPhone>, emails: Vec<String>) -> Result<Client, StoreError> {
        let fields = ClientFields {
            kind: from_word(self.kind)?,
            name: self.name,
            company: self.company_id.map(ClientId),
            responsible: self.responsible_id.map(UserId),
            phones,
            emails,
            tags: from_json(&self.tags)?,
            notes: self.notes,
        };
        Ok(Client {
            id: ClientId(self.id),
            fields,
            company_name: self.company_name,
            source: self.source.try_into()?,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            archived_at: self.archived_at,
        })
    }
}
