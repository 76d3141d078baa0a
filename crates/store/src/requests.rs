//! The webhook requests: the inbox, and the log of what happened to each.

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ModuleId, RequestId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::committer::RequestError;
use crate::db::{from_json, from_word, on, on_writer, time, to_json};
use crate::error::StoreError;
use crate::key::SecretKey;
use crate::open::Store;
use crate::readable::{Readable, Unreadable};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum RequestStatus {
    New,
    Processed,
    /// The script failed; the request can be replayed.
    Failed,
}

impl RequestStatus {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Processed => "processed",
            Self::Failed => "failed",
        }
    }
}

/// A request, with everything known about it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRequest {
    /// The fields shown in lists.
    pub summary: RequestSummary,
    /// The query as passed to [`Store::accept`].
    pub query: Value,
    /// The headers as passed to [`Store::accept`].
    pub headers: Value,
    /// The value passed to [`Store::accept`] to be stored encrypted.
    pub sealed: Value,
    pub body: Vec<u8>,
    pub remote_address: Option<String>,
    /// The version of the script that last processed it.
    pub script_version: Option<i32>,
    /// What the script returned.
    pub result: Option<Value>,
}

/// A request as shown in lists.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestSummary {
    pub id: RequestId,
    pub module_id: ModuleId,
    pub received_at: DateTime<Utc>,
    pub method: String,
    /// The path after the module's.
    pub path: String,
    pub status: RequestStatus,
    /// When it was last processed.
    pub processed_at: Option<DateTime<Utc>>,
    /// The HTTP status of the answer.
    pub response_status: Option<u16>,
    /// Why it failed.
    pub error: Option<RequestError>,
    /// Whether it was about an erased call. Nothing it said was stored then.
    pub erased: bool,
    /// The calls its facts are about.
    pub calls: Vec<CallId>,
    /// The steps of its last processing, as known when that was committed.
    pub steps: Option<Value>,
    /// The same, completed after the commit.
    pub delivery: Option<Value>,
}

/// Which requests to list.
#[derive(Debug, Clone)]
pub struct RequestFilter {
    pub module_id: ModuleId,
    pub status: Option<RequestStatus>,
}

#[derive(FromRow)]
struct SummaryRow {
    id: Uuid,
    module_id: Uuid,
    received_at: DateTime<Utc>,
    method: String,
    path: String,
    status: String,
    processed_at: Option<DateTime<Utc>>,
    response_status: Option<i32>,
    error: Option<String>,
    erased: bool,
    calls: Option<String>,
    steps: Option<String>,
    delivery: Option<String>,
}

/// The unreadable columns of a request.
#[derive(Default)]
struct Holes(Vec<&'static str>);

impl Holes {
    /// Decodes a column's JSON; `None` if it is missing or cannot be read.
    fn json<T: DeserializeOwned>(&mut self, column: &'static str, json: Option<&str>) -> Option<T> {
        let read = json.map(from_json).transpose();
        read.unwrap_or_else(|_| {
            self.0.push(column);
            None
        })
    }

    /// The error that replaces a request's own if something cannot be read.
    fn error(&self) -> Option<RequestError> {
        let columns = self.0.join(", ");
        (!self.0.is_empty())
            .then(|| RequestError::unreadable(&format!("its {columns} in the database cannot be decoded")))
    }
}

impl RequestError {
    const UNREADABLE: &str = "unreadable";

    /// The error of a request that cannot be read back.
    #[must_use]
    pub fn unreadable(why: &str) -> Self {
        let message = format!("this request cannot be read: {why}");
        Self { code: Self::UNREADABLE.to_owned(), message, line: None, column: None, path: None }
    }

    /// The error of a request that the server failed to process.
    #[must_use]
    pub fn internal(why: &str) -> Self {
        let message = format!("the server failed to process this request: {why}");
        Self { code: "internal".to_owned(), message, line: None, column: None, path: None }
    }
}

impl RequestSummary {
    /// Whether any part of it could not be read.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.code == RequestError::UNREADABLE)
    }

    /// Stands in for a row of which only the id can be read.
    fn lost(id: RequestId, module_id: ModuleId, why: &StoreError) -> Self {
        let seconds = id.0.get_timestamp().map_or((0, 0), |time| time.to_unix());
        let seconds = i64::try_from(seconds.0).unwrap_or_default();
        Self {
            id,
            module_id,
            received_at: DateTime::from_timestamp(seconds, 0).unwrap_or_default(),
            method: String::new(),
            path: String::new(),
            status: RequestStatus::Failed,
            processed_at: None,
            response_status: None,
            error: Some(RequestError::unreadable(&why.to_string())),
            erased: false,
            calls: Vec::new(),
            steps: None,
            delivery: None,
        }
    }

    fn new(row: SummaryRow, mut holes: Holes) -> Self {
        let status = from_word(row.status).unwrap_or_else(|_| {
            holes.0.push("status");
            RequestStatus::Failed
        });
        let error = holes.json("error", row.error.as_deref());
        let calls = holes.json("calls", row.calls.as_deref()).unwrap_or_default();
        let steps = holes.json("steps", row.steps.as_deref());
        let delivery = holes.json("delivery", row.delivery.as_deref());
        Self {
            id: RequestId(row.id),
            module_id: ModuleId(row.module_id),
            received_at: row.received_at,
            method: row.method,
            path: row.path,
            status,
            processed_at: row.processed_at,
            response_status: row.response_status.and_then(|status| u16::try_from(status).ok()),
            error: holes.error().or(error),
            erased: row.erased,
            calls,
            steps,
            delivery,
        }
    }
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    summary: SummaryRow,
    query: String,
    headers: String,
    sealed: Option<Vec<u8>>,
    body: Vec<u8>,
    remote_address: Option<String>,
    script_version: Option<i32>,
    result: Option<String>,
}

impl Row {
    fn open(self, key: &SecretKey) -> StoredRequest {
        let row = self;
        let mut holes = Holes::default();
        let query = holes.json("query", Some(&row.query)).unwrap_or_default();
        let headers = holes.json("headers", Some(&row.headers)).unwrap_or_default();
        let result = holes.json("result", row.result.as_deref());
        let opened = row.sealed.map(|sealed| {
            let opened = key.decrypt(&sealed_name(RequestId(row.summary.id)), &sealed);
            opened.and_then(|json| String::from_utf8(json).ok()).unwrap_or_default()
        });
        let sealed = holes.json("sealed", opened.as_deref()).unwrap_or_default();
        StoredRequest {
            summary: RequestSummary::new(row.summary, holes),
            query,
            headers,
            sealed,
            body: row.body,
            remote_address: row.remote_address,
            script_version: row.script_version,
            result,
        }
    }
}

/// The context the encrypted part of a request is bound to.
pub(crate) fn sealed_name(request: RequestId) -> String {
    format!("request {request}")
}

macro_rules! list {
    ($filter:literal) => {
        concat!(
            "select id, module_id, received_at, method, path, status, processed_at, response_status, error, erased, calls, ",
            "steps, delivery from requests where module_id = $1 and id < $2 ",
            $filter,
            " order by id desc limit $3"
        )
    };
}

impl Store {
    pub async fn request(&self, id: RequestId) -> Result<Option<StoredRequest>, StoreError> {
        let sql = "select * from requests where id = $1";
        let row: Option<Row> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?;
        Ok(row.map(|row| row.open(&self.inner.key)))
    }

    /// Lists requests, newest first, starting before the request `before`.
    pub async fn requests(
        &self,
        filter: &RequestFilter,
        before: Option<RequestId>,
        limit: u32,
    ) -> Result<Vec<RequestSummary>, StoreError> {
        let sql = match filter.status {
            None => list!(""),
            Some(RequestStatus::New) => list!("and status = 'new'"),
            Some(RequestStatus::Processed) => list!("and status = 'processed'"),
            // Written out, not bound: the index of failed requests matches only this text.
            Some(RequestStatus::Failed) => list!("and status = 'failed'"),
        };
        let before = before.map_or(Uuid::max(), |request| request.0);
        let rows: Vec<Readable<SummaryRow>> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(filter.module_id.0)
                .bind(before)
                .bind(i64::from(limit.min(MAX_PAGE)))
                .fetch_all(db)
                .await
        })?;
        let summaries = rows.into_iter().filter_map(|row| match row.0 {
            Ok(row) => Some(RequestSummary::new(row, Holes::default())),
            Err(Unreadable { id, why }) => Some(RequestSummary::lost(RequestId(id?), filter.module_id, &why)),
        });
        Ok(summaries.collect())
    }

    /// Requests that were accepted but not processed, oldest first: those between `after` and `before`, so that a start
    /// can go through what an earlier process left without meeting newer ones. For one that cannot be read, its id and
    /// the error.
    pub async fn unprocessed_requests(
        &self,
        after: Option<RequestId>,
        before: RequestId,
        limit: u32,
    ) -> Result<Vec<Result<StoredRequest, (RequestId, RequestError)>>, StoreError> {
        let sql = "select * from requests where status = 'new' and id > $1 and id < $2 order by id limit $3";
        let rows: Vec<Readable<Row>> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(after.map_or(Uuid::nil(), |request| request.0))
                .bind(before.0)
                .bind(i64::from(limit.min(MAX_PAGE)))
                .fetch_all(db)
                .await
        })?;
        let stored = rows.into_iter().filter_map(|row| match row.0 {
            Ok(row) => {
                let stored = row.open(&self.inner.key);
                let unreadable = stored.summary.error.clone().filter(|_| stored.summary.is_unreadable());
                let id = stored.summary.id;
                Some(unreadable.map_or(Ok(stored), |error| Err((id, error))))
            }
            Err(Unreadable { id, why }) => {
                Some(Err((RequestId(id?), RequestError::unreadable(&why.to_string()))))
            }
        });
        Ok(stored.collect())
    }

    /// Marks a request as failed, whatever else its row contains.
    pub async fn fail_request(
        &self,
        id: RequestId,
        error: &RequestError,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = "update requests set status = 'failed', error = $2, processed_at = $3 where id = $1";
        let error = to_json(error)?;
        on_writer!(self, |db| {
            sqlx::query(sql).bind(id.0).bind(error).bind(time(now)).execute(db).await.map(drop)
        })?;
        Ok(())
    }

    /// Deletes up to `limit` processed or failed requests that arrived before the given time (according to their ids);
    /// returns the number. Call it again while it returns `limit`.
    pub async fn purge_requests(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let sql = "delete from requests where id in \
                   (select id from requests where id < $1 and status <> 'new' order by id limit $2)";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(RequestId::new(before, [0; 10]).0)
                .bind(i64::from(limit))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?)
    }
}
