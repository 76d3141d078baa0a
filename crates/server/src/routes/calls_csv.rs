//! The list of calls as CSV.

use std::collections::HashMap;
use std::sync::Arc;

use axum::BoxError;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use futures::stream;
use hookswitch_model::{ModuleId, UserId};
use hookswitch_store::{AuditAction, CallCursor, CallFilter, CallPage, MAX_PAGE};

use super::calls::ListCalls;
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::Query;
use hookswitch_core::calls::show::show_all;
use hookswitch_core::spreadsheet::plain;
use hookswitch_core::views::call::{ApiCall, ApiOperator};

const COLUMNS: [&str; 16] = [
    "Started",
    "Direction",
    "Outcome",
    "Number",
    "Client",
    "Caller name",
    "Line",
    "Operators",
    "Answered",
    "Ended",
    "Talk seconds",
    "Missed",
    "Result",
    "Comment",
    "Module",
    "Call id",
];

/// Exports all calls that `GET /api/v1/calls` would list, as CSV.
#[utoipa::path(
    get,
    path = "/api/v1/calls.csv",
    tag = "calls",
    params(ListCalls),
    responses((status = 200, description = "A header line, then one line per call, most recently started first", content_type = "text/csv", body = String)),
)]
pub async fn export_calls(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Query(filters): Query<ListCalls>,
) -> ApiResult<Response> {
    app.audit.record_of(user.id, AuditAction::Exported, "calls", Vec::new()).await;
    let disposition = format!("attachment; filename=\"calls-{}.csv\"", app.clock.now().format("%F"));
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    let export = Export {
        filter: filters.for_user(&app, &user).await?,
        modules: app.store.module_names().await?.into_iter().collect(),
        app,
        user: user.id,
    };
    // One page at a time, as fast as the client reads; when the client disconnects, the stream is dropped.
    let pages = stream::try_unfold((export, Some(None)), async |(export, next)| {
        let Some(after) = next else { return Ok(None) };
        let (text, next) = export.page(after).await.inspect_err(|error| {
            tracing::error!(%error, "could not complete an export of calls");
        })?;
        Ok::<_, BoxError>(Some((text, (export, next.map(Some)))))
    });
    Ok((headers, Body::from_stream(pages)).into_response())
}

struct Export {
    app: Arc<App>,
    user: UserId,
    /// `None` if the user asked for another operator's calls.
    filter: Option<CallFilter>,
    modules: HashMap<ModuleId, String>,
}

impl Export {
    /// Returns a page's lines and the cursor of the next page.
    async fn page(&self, after: Option<CallCursor>) -> Result<(Vec<u8>, Option<CallCursor>), BoxError> {
        let page = match &self.filter {
            Some(filter) => self.app.store.calls(filter, after, MAX_PAGE).await?,
            None => CallPage { items: Vec::new(), unreadable: 0, next: None },
        };
        let mut csv = csv::Writer::from_writer(Vec::new());
        if after.is_none() {
            csv.write_record(COLUMNS)?;
        }
        for call in show_all(&self.app.calls, self.user, page.items.iter()).await? {
            csv.write_record(self.line(call))?;
        }
        for _ in 0..page.unreadable {
            csv.write_record(unreadable())?;
        }
        Ok((csv.into_inner().map_err(csv::IntoInnerError::into_error)?, page.next))
    }

    fn line(&self, call: ApiCall) -> [String; COLUMNS.len()] {
        let number = call.client_number.map(|number| match number.hidden || number.withheld {
            true => number.formatted,
            false => number.e164.unwrap_or(number.raw),
        });
        let operators: Vec<String> = call.operators.iter().map(operator).collect();
        [
            time(call.started_at),
            call.direction.map(|direction| direction.as_str().to_owned()).unwrap_or_default(),
            call.disposition.as_str().to_owned(),
            plain(number.unwrap_or_default()),
            plain(call.client.map(|client| client.name).unwrap_or_default()),
            plain(call.caller_name.unwrap_or_default()),
            plain(call.line.unwrap_or_default()),
            plain(operators.join("; ")),
            call.answered_at.map(time).unwrap_or_default(),
            call.ended_at.map(time).unwrap_or_default(),
            call.talk_seconds.map(|seconds| seconds.to_string()).unwrap_or_default(),
            call.missed.to_string(),
            plain(call.outcome.map(|outcome| outcome.label).unwrap_or_default()),
            plain(call.comment.unwrap_or_default()),
            plain(self.modules.get(&call.module_id).cloned().unwrap_or_default()),
            call.id.to_string(),
        ]
    }
}

/// The line that stands for a call damaged in the database; the server's log names it.
fn unreadable() -> [&'static str; COLUMNS.len()] {
    let mut line = [""; COLUMNS.len()];
    line[2] = "unreadable";
    line
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

fn operator(operator: &ApiOperator) -> String {
    match &operator.name {
        Some(name) => format!("{name} ({})", operator.extension),
        None => operator.extension.clone(),
    }
}
