//! The health of modules, judged by their webhook requests.

use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, RequestId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{from_word, on};
use crate::error::StoreError;
use crate::open::Store;
use crate::requests::RequestStatus;

/// Maximum number of failures counted per module: enough to know that it is in trouble.
const MAX_FAILURES: i64 = 1000;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleHealth {
    pub module_id: ModuleId,
    /// When its last request arrived, and its status.
    pub last: Option<(DateTime<Utc>, RequestStatus)>,
    /// Failed requests in the period asked for; counted up to a thousand.
    pub failures: u32,
}

#[derive(FromRow)]
struct Row {
    id: Uuid,
    received_at: Option<DateTime<Utc>>,
    status: Option<String>,
    failures: i64,
}

impl TryFrom<Row> for ModuleHealth {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        // An unknown status means that something is wrong.
        let status = row.status.map(|status| from_word(status).unwrap_or(RequestStatus::Failed));
        let failures = u32::try_from(row.failures).unwrap_or_default();
        Ok(Self { module_id: ModuleId(row.id), last: row.received_at.zip(status), failures })
    }
}

impl Store {
    /// The health of one module, or of every module not deleted; failures are counted since the given time.
    pub async fn health(
        &self,
        module: Option<ModuleId>,
        since: DateTime<Utc>,
    ) -> Result<Vec<ModuleHealth>, StoreError> {
        // Each part is an index lookup, however many requests there are.
        let sql = "select modules.id, last.received_at, last.status, (select count(*) from \
                   (select 1 from requests where requests.module_id = modules.id and requests.status = 'failed' \
                   and requests.id >= $2 limit $3) as failed) as failures \
                   from modules left join requests as last on last.id = \
                   (select id from requests where requests.module_id = modules.id order by id desc limit 1) \
                   where modules.deleted_at is null and ($1 is null or modules.id = $1)";
        let rows: Vec<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(module.map(|module| module.0))
                .bind(RequestId::new(since, [0; 10]).0)
                .bind(MAX_FAILURES)
                .fetch_all(db)
                .await
        })?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
