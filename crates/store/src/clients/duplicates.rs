//! Finds possible duplicates of clients.

use std::collections::BTreeSet;

use hookswitch_model::{ClientId, phone};
use serde::Serialize;
use uuid::Uuid;

use super::search_terms::{email_key, folded};
use super::{Client, ClientScope, read};
use crate::db::{Tx, on, text};
use crate::error::StoreError;
use crate::open::Store;

/// The keys compared to find duplicates.
#[derive(Debug, Clone, Default)]
pub struct ClientKeys {
    /// In E.164.
    pub numbers: Vec<String>,
    pub emails: Vec<String>,
    /// A full name.
    pub name: Option<String>,
}

/// Why a client may be a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Because {
    /// It has the same number.
    Phone,
    /// It has the same email address.
    Email,
    /// It has the same name.
    Name,
}

/// Clients checked per reason.
const MAX_LOOKED_AT: i64 = 100;

impl Store {
    /// Possible duplicates of a client with these keys, with the reason, best reason first. Archived clients are not
    /// checked.
    pub async fn duplicates(
        &self,
        scope: ClientScope,
        keys: &ClientKeys,
        except: Option<ClientId>,
        limit: usize,
    ) -> Result<Vec<(Client, BTreeSet<Because>)>, StoreError> {
        let mut tx = self.inner.pools.begin_read().await?;
        let mut found: Vec<(ClientId, Because)> = Vec::new();
        for number in keys.numbers.iter().flat_map(|number| phone::spellings(number)) {
            let clients = having(&mut tx, WITH_NUMBER, &number, MAX_LOOKED_AT).await?;
            found.extend(clients.into_iter().map(|client| (client, Because::Phone)));
        }
        for email in &keys.emails {
            let clients = having(&mut tx, WITH_EMAIL, &email_key(email), MAX_LOOKED_AT).await?;
            found.extend(clients.into_iter().map(|client| (client, Because::Email)));
        }
        if let Some(name) = keys.name.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            let clients = having(&mut tx, WITH_NAME, &folded(name), MAX_LOOKED_AT).await?;
            found.extend(clients.into_iter().map(|client| (client, Because::Name)));
        }
        let mut ids: Vec<ClientId> = Vec::new();
        for (id, _) in &found {
            if Some(*id) != except && !ids.contains(id) {
                ids.push(*id);
            }
        }
        let mut seen = Vec::new();
        for some in ids.chunks(limit.max(1)) {
            let clients = read::by_ids(&mut tx, some).await?;
            seen.extend(clients.into_iter().filter(|client| scope.has(client.fields.responsible)));
            if seen.len() >= limit {
                break;
            }
        }
        seen.truncate(limit);
        let because = |client: &Client| {
            found.iter().filter(|(id, _)| *id == client.id).map(|(_, because)| *because).collect()
        };
        Ok(seen
            .into_iter()
            .map(|client| (because(&client), client))
            .map(|(why, client)| (client, why))
            .collect())
    }
}

pub(super) const WITH_NUMBER: &str = "select client_id from client_phones join clients on clients.id = client_id and archived_at is null \
     where e164 = $1 order by client_id limit $2";
pub(super) const WITH_EMAIL: &str = "select client_id from client_emails join clients on clients.id = client_id and archived_at is null \
     where address_key = $1 order by client_id limit $2";
pub(super) const WITH_NAME: &str =
    "select id from clients where archived_at is null and name_key = $1 order by id limit $2";

/// The oldest clients with a given value.
pub(super) async fn having(
    tx: &mut Tx,
    sql: &'static str,
    key: &str,
    limit: i64,
) -> Result<Vec<ClientId>, StoreError> {
    let ids: Vec<Uuid> =
        on!(tx.conn(), |db| { sqlx::query_scalar(sql).bind(text(key)).bind(limit).fetch_all(db).await })?;
    Ok(ids.into_iter().map(ClientId).collect())
}
