//! A module's log: what its script writes to the console, and its functions' failures.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_store::{LogEntry, LogFilter, LogLevel};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::modules::active;
use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiResult;
use crate::extract::{ListQuery, Path};
use crate::page::{Page, PageQuery};

/// A line of a module's log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// Increases with every line.
    id: i64,
    /// When the line was written.
    at: DateTime<Utc>,
    /// Severity.
    level: Level,
    /// Text of the line.
    message: String,
    /// Line in the TypeScript source, counted from 1.
    line: Option<u32>,
    /// The function that was running.
    function: Option<String>,
    /// The webhook request that it was running for.
    request_id: Option<RequestId>,
}

/// Severity of a line.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Level {
    /// Detail for the module's author.
    #[default]
    Debug,
    /// Normal operation.
    Info,
    /// Something unexpected.
    Warn,
    /// A failure.
    Error,
}

impl From<LogLevel> for Level {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Debug => Self::Debug,
            LogLevel::Info => Self::Info,
            LogLevel::Warn => Self::Warn,
            LogLevel::Error => Self::Error,
        }
    }
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => Self::Debug,
            Level::Info => Self::Info,
            Level::Warn => Self::Warn,
            Level::Error => Self::Error,
        }
    }
}

impl From<LogEntry> for LogLine {
    fn from(entry: LogEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            level: entry.level.into(),
            message: entry.message,
            line: entry.line,
            function: entry.function,
            request_id: entry.request_id,
        }
    }
}

/// Filters for log lines.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListLog {
    /// Only lines of at least this severity.
    #[serde(default)]
    #[param(inline)]
    level: Level,
    /// Only lines about this request.
    request_id: Option<RequestId>,
}

/// Lists a module's log lines, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/log",
    tag = "modules",
    params(("id" = ModuleId, Path), ListLog, PageQuery),
    responses((status = 200, body = Page<LogLine>)),
)]
pub async fn list_module_log(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
    ListQuery { filters: ListLog { level, request_id }, page }: ListQuery<ListLog>,
) -> ApiResult<axum::Json<Page<LogLine>>> {
    active(&app, id)?;
    let (limit, before) = (page.limit()?, page.after::<i64>()?);
    let filter = LogFilter { module_id: id, min_level: level.into(), request_id };
    let entries = app.store.log_entries(&filter, before, limit + 1).await?;
    let items = entries.into_iter().map(Into::into).collect();
    Ok(axum::Json(Page::of(items, limit, |line: &LogLine| line.id)?))
}
