//! What a call's page, or a line of a list, says of a client.

use std::collections::{BTreeSet, HashMap};

use hookswitch_model::{ClientId, ClientKind, UserId};
use uuid::Uuid;

use crate::db::{Db, from_word};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, found};

/// A client in short.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSummary {
    pub id: ClientId,
    pub kind: ClientKind,
    /// Its name; empty where a missed call made it and nobody has named it yet.
    pub name: String,
    /// The company it belongs to, and that one's name.
    pub company: Option<(ClientId, String)>,
    pub responsible: Option<UserId>,
}

found! {
    struct Row {
        id: Uuid,
        kind: String,
        name: String,
        company_id: Option<Uuid>,
        company_name: Option<String>,
        responsible_id: Option<Uuid>,
    }
}

impl TryFrom<Row> for ClientSummary {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: ClientId(row.id),
            kind: from_word(row.kind)?,
            name: row.name,
            company: row.company_id.map(ClientId).zip(row.company_name),
            responsible: row.responsible_id.map(UserId),
        })
    }
}

static SUMMARIES: Rows = Rows::new(
    "select c.id, c.kind, c.name, c.company_id, company.name as company_name, c.responsible_id \
     from clients c left join clients company on company.id = c.company_id where c.id in (values ",
    1,
    ")",
);

impl Store {
    /// These clients in short, those that there are.
    pub async fn client_summaries(
        &self,
        ids: &BTreeSet<ClientId>,
    ) -> Result<HashMap<ClientId, ClientSummary>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let mut db = self.inner.pools.begin_read().await?;
        summaries(&mut db, ids).await
    }
}

pub(crate) async fn summaries(
    db: &mut impl Db,
    ids: &BTreeSet<ClientId>,
) -> Result<HashMap<ClientId, ClientSummary>, StoreError> {
    let ids: Vec<_> = ids.iter().collect();
    let rows: Vec<Row> = SUMMARIES.fetch(db, &ids, |values, id| values.add(id.map(|id| id.0))).await?;
    let summary = |row| ClientSummary::try_from(row).map(|summary| (summary.id, summary));
    rows.into_iter().map(summary).collect()
}
