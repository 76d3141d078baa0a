//! The modules' logs: console output of their scripts, and errors of the engine.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, RequestId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::db::{is_missing_reference, on, on_writer, text, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, columns};

/// Lines kept per module; older ones are deleted.
const MAX_LINES: i64 = 5000;

/// The severity of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// For the module's author.
    Debug,
    Info,
    Warn,
    Error,
}

impl TryFrom<i32> for LogLevel {
    type Error = StoreError;

    fn try_from(level: i32) -> Result<Self, StoreError> {
        match level {
            0 => Ok(Self::Debug),
            1 => Ok(Self::Info),
            2 => Ok(Self::Warn),
            3 => Ok(Self::Error),
            _ => Err(StoreError::Corrupt(format!("log level {level}"))),
        }
    }
}

/// A line to store.
#[derive(Debug, Clone)]
pub struct NewLogEntry {
    pub module_id: ModuleId,
    pub at: DateTime<Utc>,
    pub level: LogLevel,
    pub message: String,
    /// Line in the TypeScript, from 1.
    pub line: Option<u32>,
    pub function: Option<String>,
    /// The request being processed.
    pub request_id: Option<RequestId>,
}

/// A stored line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Grows with every line; the cursor of lists.
    pub id: i64,
    pub at: DateTime<Utc>,
    pub level: LogLevel,
    pub message: String,
    /// Line in the TypeScript, from 1.
    pub line: Option<u32>,
    pub function: Option<String>,
    /// The request being processed.
    pub request_id: Option<RequestId>,
}

/// Which lines to list.
#[derive(Debug, Clone)]
pub struct LogFilter {
    pub module_id: ModuleId,
    /// The lowest severity to list.
    pub min_level: LogLevel,
    /// Only lines of this request.
    pub request_id: Option<RequestId>,
}

#[derive(FromRow)]
struct Row {
    id: i64,
    at: DateTime<Utc>,
    #[sqlx(try_from = "i32")]
    level: LogLevel,
    message: String,
    line: Option<i32>,
    function: Option<String>,
    request_id: Option<Uuid>,
}

impl From<Row> for LogEntry {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            at: row.at,
            level: row.level,
            message: row.message,
            line: row.line.and_then(|line| u32::try_from(line).ok()),
            function: row.function,
            request_id: row.request_id.map(RequestId),
        }
    }
}

columns! {
    LogColumns of entry: NewLogEntry {
        module_id: entry.module_id.0,
        at: time(entry.at),
        level: entry.level as i32,
        message: text(&entry.message),
        line: entry.line.and_then(|line| i32::try_from(line).ok()),
        function: entry.function.as_deref().map(text),
        request_id: entry.request_id.map(|request| request.0),
    }
}

static INSERT: Rows = Rows::named(
    &[LogColumns::NAMES],
    "insert into module_log ({columns}) select * from v where module_id is not null",
);

fn unknown_module(error: sqlx::Error) -> StoreError {
    if is_missing_reference(&error) { StoreError::UnknownModule } else { error.into() }
}

impl Store {
    /// Appends lines in order, and keeps only the newest few thousand per module.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`]; none of them is stored then.
    pub async fn append_log(&self, entries: &[NewLogEntry]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        INSERT.execute(&mut tx, entries, LogColumns::add).await.map_err(unknown_module)?;
        let modules: BTreeSet<_> = entries.iter().map(|entry| entry.module_id).collect();
        for module in modules {
            let sql = "delete from module_log where module_id = $1 and id <= \
                       (select id from module_log where module_id = $1 order by id desc limit 1 offset $2)";
            on!(tx.conn(), |db| sqlx::query(sql).bind(module.0).bind(MAX_LINES).execute(db).await.map(drop))?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Deletes the lines of a request.
    pub async fn forget_log_of(&self, module: ModuleId, request: RequestId) -> Result<(), StoreError> {
        let sql = "delete from module_log where module_id = $1 and request_id = $2";
        on_writer!(self, |db| sqlx::query(sql).bind(module.0).bind(request.0).execute(db).await.map(drop))?;
        Ok(())
    }

    /// Lists lines, newest first, starting before the line `before`.
    pub async fn log_entries(
        &self,
        filter: &LogFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<LogEntry>, StoreError> {
        let sql = "select id, at, level, message, line, function, request_id from module_log \
                   where module_id = $1 and level >= $2 and ($3 is null or request_id = $3) and id < $4 \
                   order by id desc limit $5";
        let rows: Vec<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(filter.module_id.0)
                .bind(filter.min_level as i32)
                .bind(filter.request_id.map(|request| request.0))
                .bind(before.unwrap_or(i64::MAX))
                .bind(i64::from(limit.min(MAX_PAGE)))
                .fetch_all(db)
                .await
        })?;
        Ok(rows.into_iter().map(Into::into).collect())
    }
}
