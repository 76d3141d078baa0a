//! A report's tables as CSV.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use hookswitch_model::ModuleId;
use hookswitch_model::contract::Direction;
use hookswitch_store::AuditAction;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reports::{GetReport, Report, report, span};
use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::Query;
use hookswitch_core::reports::{By, Period, Span};
use hookswitch_core::spreadsheet::plain;

/// A table of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum Part {
    /// Figures by time.
    Periods,
    /// Figures by operator.
    Operators,
    /// Calls by disposition.
    Dispositions,
    /// Calls by outcome.
    Outcomes,
}

/// The table to export, and the report's parameters.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ExportReport {
    /// The table to export.
    #[param(inline)]
    part: Part,
    /// As in `GET /api/v1/reports`.
    from: Option<DateTime<Utc>>,
    /// As in `GET /api/v1/reports`.
    to: Option<DateTime<Utc>>,
    /// As in `GET /api/v1/reports`.
    module_id: Option<ModuleId>,
    /// As in `GET /api/v1/reports`.
    #[param(inline)]
    direction: Option<Direction>,
    /// As in `GET /api/v1/reports`.
    #[serde(default)]
    #[param(inline)]
    by: By,
    /// As in `GET /api/v1/reports`.
    time_zone: Option<String>,
}

/// Exports a table of `GET /api/v1/reports` as CSV.
#[utoipa::path(
    get,
    path = "/api/v1/reports.csv",
    tag = "reports",
    params(ExportReport),
    responses((status = 200, description = "A header line, then one line per row", content_type = "text/csv", body = String)),
)]
pub async fn export_report(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Query(asked): Query<ExportReport>,
) -> ApiResult<Response> {
    let ExportReport { part, from, to, module_id, direction, by, time_zone } = asked;
    let asked = GetReport { from, to, module_id, direction, by, time_zone };
    let span = span(&asked, app.clock.now())?;
    let report = report(&app, &asked, &span).await?;
    let csv = table(part, by, &span, report).map_err(Error::internal)?;
    let name = serde_json::to_value(part).map_err(Error::internal)?;
    let name = name.as_str().unwrap_or_default();
    app.audit.record_of(user.id, AuditAction::Exported, format!("report: {name}"), Vec::new()).await;
    let disposition = format!("attachment; filename=\"{name}-{}.csv\"", app.clock.now().format("%F"));
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, csv).into_response())
}

fn table(part: Part, by: By, span: &Span, report: Report) -> Result<Vec<u8>, csv::Error> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    match part {
        Part::Periods => {
            csv.write_record(PERIOD_COLUMNS)?;
            for period in &report.periods {
                csv.write_record(period_line(period, by, span))?;
            }
        }
        Part::Operators => {
            csv.write_record(["Operator", "Calls", "Answered", "Missed", "Talk seconds"])?;
            for operator in report.operators {
                let figures = [operator.calls, operator.answered, operator.missed, operator.talk_seconds];
                let name = [plain(operator.user.name)];
                csv.write_record(name.into_iter().chain(figures.map(|figure| figure.to_string())))?;
            }
        }
        Part::Dispositions => {
            csv.write_record(["Outcome", "Calls"])?;
            for row in report.dispositions {
                csv.write_record([row.disposition.as_str(), &row.calls.to_string()])?;
            }
        }
        Part::Outcomes => {
            csv.write_record(["Result", "Calls"])?;
            for row in report.outcomes {
                csv.write_record([plain(row.outcome.label), row.calls.to_string()])?;
            }
        }
    }
    csv.into_inner().map_err(|error| error.into_error().into())
}

const PERIOD_COLUMNS: [&str; 11] = [
    "Period",
    "Calls",
    "Answered",
    "Answered share",
    "Average seconds to answer",
    "Answered within 20 s",
    "Talk seconds",
    "Average talk seconds",
    "Missed",
    "Reached later",
    "Average seconds until reached",
];

const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn period_line(period: &Period, by: By, span: &Span) -> [String; PERIOD_COLUMNS.len()] {
    let local = period.at.map(|at| at.with_timezone(&span.zone));
    let slot = period.slot.unwrap_or_default();
    let name = match by {
        By::Hour => local.map(|at| at.format("%F %R").to_string()).unwrap_or_default(),
        By::Day => local.map(|at| at.format("%F").to_string()).unwrap_or_default(),
        By::Weekday => {
            WEEKDAYS.iter().zip(1..).find(|(_, n)| *n == slot).map_or("", |(day, _)| day).to_owned()
        }
        By::HourOfDay => format!("{slot:02}:00"),
    };
    let figures = &period.figures;
    let seconds = |average: Option<f64>| average.map(|seconds| format!("{seconds:.1}")).unwrap_or_default();
    [
        name,
        figures.calls.to_string(),
        figures.answered.to_string(),
        figures.answered_share.map(|share| format!("{share:.3}")).unwrap_or_default(),
        seconds(figures.average_answer_seconds),
        figures.answered_soon.to_string(),
        figures.talk_seconds.to_string(),
        seconds(figures.average_talk_seconds),
        figures.missed.to_string(),
        figures.reached.to_string(),
        seconds(figures.average_reached_seconds),
    ]
}
