//! Summaries of clients for calls and lists.

use std::collections::{BTreeSet, HashMap};

use hookswitch_model::{ClientId, ClientKind, UserId};
use uuid::Uuid;

use crate::db::{Db, from_word};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, found};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSummary {
    pub id: ClientId,
    pub kind: ClientKind,
    /// Empty if it was created for a missed call and has not been named yet.
    pub name: String,
    /// The company it belongs to, with its name.
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
    /// The summaries of these clients, as far as they exist.
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
