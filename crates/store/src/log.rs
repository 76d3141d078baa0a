//! The modules' logs: what their scripts wrote to the console, and errors of the engine.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, RequestId};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::db::{is_missing_reference, on, text, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, chunks};

/// Lines kept of a module; older ones go.
const MAX_LINES: i64 = 5000;

/// How serious a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LogLevel {
    /// For whoever writes the module.
    Debug,
    /// Ordinary.
    Info,
    /// Odd.
    Warn,
    /// Wrong.
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

/// A line to be kept.
#[derive(Debug, Clone)]
pub struct NewLogEntry {
    /// Whose.
    pub module_id: ModuleId,
    /// When.
    pub at: DateTime<Utc>,
    /// How serious.
    pub level: LogLevel,
    /// What.
    pub message: String,
    /// TypeScript line, from 1.
    pub line: Option<u32>,
    /// The function that ran.
    pub function: Option<String>,
    /// The request it ran for.
    pub request_id: Option<RequestId>,
}

/// A line that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    /// Grows with every line; the cursor of lists.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// How serious.
    pub level: LogLevel,
    /// What.
    pub message: String,
    /// TypeScript line, from 1.
    pub line: Option<u32>,
    /// The function that ran.
    pub function: Option<String>,
    /// The request it ran for.
    pub request_id: Option<RequestId>,
}

/// Which lines to list.
#[derive(Debug, Clone)]
pub struct LogFilter {
    /// Whose.
    pub module_id: ModuleId,
    /// No less serious than this.
    pub min_level: LogLevel,
    /// Only of this request.
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

static INSERT: Rows = Rows::new(
    "insert into module_log (module_id, at, level, message, line, function, request_id) select * from (values ",
    7,
    ") as v where v.column1 is not null",
);

fn unknown_module(error: sqlx::Error) -> StoreError {
    if is_missing_reference(&error) { StoreError::UnknownModule } else { error.into() }
}

impl Store {
    /// Keeps lines, in their order, and of each module no more than the newest few thousand.
    ///
    /// # Errors
    /// [`StoreError::UnknownModule`]; then none of them is kept.
    pub async fn append_log(&self, entries: &[NewLogEntry]) -> Result<(), StoreError> {
        let mut tx = self.begin().await?;
        for chunk in chunks(entries) {
            let conn = tx.conn();
            let (sql, rows) = INSERT.fill(&conn, chunk);
            let done = on!(conn, |db| {
                let mut query = sqlx::query(sql);
                for entry in rows {
                    query = query
                        .bind(entry.map(|entry| entry.module_id.0))
                        .bind(entry.map(|entry| time(entry.at)))
                        .bind(entry.map(|entry| entry.level as i32))
                        .bind(entry.map(|entry| text(&entry.message)))
                        .bind(entry.and_then(|entry| i32::try_from(entry.line?).ok()))
                        .bind(entry.and_then(|entry| entry.function.as_deref().map(text)))
                        .bind(entry.and_then(|entry| entry.request_id.map(|request| request.0)));
                }
                query.execute(db).await.map(drop)
            });
            done.map_err(unknown_module)?;
        }
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
    ///
    /// # Errors
    /// Only the database's.
    pub async fn forget_log_of(&self, module: ModuleId, request: RequestId) -> Result<(), StoreError> {
        let sql = "delete from module_log where module_id = $1 and request_id = $2";
        on!(self.write(), |db| sqlx::query(sql).bind(module.0).bind(request.0).execute(db).await.map(drop))?;
        Ok(())
    }

    /// Lines, newest first, from before the line `before` on.
    ///
    /// # Errors
    /// Only the database's.
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
