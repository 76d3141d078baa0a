//! Finds the clients with a number.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hookswitch_model::{ClientId, phone};
use uuid::Uuid;

use super::summary::{ClientSummary, summaries};
use crate::db::{Db, far_past, text};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::Rows;

/// Clients offered if several have the number; more than anybody chooses from.
const MAX_CANDIDATES: usize = 20;

/// The client a call is with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientMatch {
    /// The client it is logged on.
    pub client: Option<ClientSummary>,
    /// If it is logged on none and several have its number: those, most recently talked with first, at most twenty.
    pub candidates: Vec<ClientSummary>,
}

impl Store {
    /// The client a call with this client and number is with.
    pub async fn matched(
        &self,
        client: Option<ClientId>,
        e164: Option<&str>,
    ) -> Result<ClientMatch, StoreError> {
        let mut db = self.inner.pools.begin_read().await?;
        let owned = match (client, e164) {
            (None, Some(e164)) => {
                let mut owners = owners(&mut db, &phone::spellings(e164).collect()).await?;
                phone::spellings(e164).find_map(|spelling| owners.remove(&spelling)).unwrap_or_default()
            }
            _ => Vec::new(),
        };
        let shown: BTreeSet<ClientId> = client.into_iter().chain(owned.iter().copied()).collect();
        let found = summaries(&mut db, &shown).await?;
        Ok(matched(client, &owned, &found))
    }
}

/// The same from loaded data; the owners are sorted.
pub(crate) fn matched(
    client: Option<ClientId>,
    owners: &[ClientId],
    found: &HashMap<ClientId, ClientSummary>,
) -> ClientMatch {
    let client = client.and_then(|client| found.get(&client)).cloned();
    let candidates = match client {
        Some(_) => Vec::new(),
        None => owners.iter().filter_map(|owner| found.get(owner)).cloned().collect(),
    };
    ClientMatch { client, candidates }
}

static OWNERS: Rows = Rows::new(
    "select e164, client_id from client_phones join clients on clients.id = client_id and archived_at is null \
     where e164 in (values ",
    1,
    ")",
);

/// The clients with each number, archived ones excluded; if several have it, most recently talked with first.
pub(crate) async fn owners(
    db: &mut impl Db,
    numbers: &BTreeSet<String>,
) -> Result<HashMap<String, Vec<ClientId>>, StoreError> {
    let numbers: Vec<_> = numbers.iter().collect();
    let rows = OWNERS.fetch(db, &numbers, |values, number| values.add(number.map(|number| text(number))));
    let rows: Vec<(String, Uuid)> = rows.await?;
    let mut found: HashMap<String, Vec<ClientId>> = HashMap::new();
    for (number, client) in rows {
        let clients = found.entry(number).or_default();
        if !clients.contains(&ClientId(client)) {
            clients.push(ClientId(client));
        }
    }
    for clients in found.values_mut().filter(|clients| clients.len() > 1) {
        last_talked_first(db, clients).await?;
    }
    Ok(found)
}

static LAST_CALL: Rows = Rows::new(
    "select v.column1, (select started_at from calls where client_id = v.column1 order by started_at desc, id desc limit 1) \
     from (values ",
    1,
    ") as v where v.column1 is not null",
);

async fn last_talked_first(db: &mut impl Db, clients: &mut Vec<ClientId>) -> Result<(), StoreError> {
    clients.sort();
    let rows = LAST_CALL.fetch(db, clients, |values, client| values.add(client.map(|client| client.0)));
    let rows: Vec<(Uuid, Option<DateTime<Utc>>)> = rows.await?;
    let last: HashMap<Uuid, DateTime<Utc>> =
        rows.into_iter().filter_map(|(client, at)| Some((client, at?))).collect();
    clients.sort_by_key(|client| std::cmp::Reverse(last.get(&client.0).copied().unwrap_or_else(far_past)));
    clients.truncate(MAX_CANDIDATES);
    Ok(())
}
