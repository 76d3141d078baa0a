//! Reports.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Datelike, Days, TimeDelta, Utc};
use chrono_tz::Tz;
use hookswitch_model::ModuleId;
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::report_counters::CallCounters;
use hookswitch_store::{OutcomeCode, ReportFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiResult;
use crate::extract::Query;
use hookswitch_core::catalog::NamedUser;
use hookswitch_core::reports::{By, Figures, Period, Span, periods, start_of_day};

/// Days in a report without `from`, including today.
const DEFAULT_DAYS: u64 = 30;
/// Longest report, in days: five years.
const MAX_DAYS: i64 = 1830;
/// Longest report by hour, in days.
const MAX_DAYS_BY_HOUR: i64 = 62;

/// Filters and grouping for a report. Calls count once they have ended, in the UTC hour in which they started.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct GetReport {
    /// Calls that started in an hour that begins at or after this time; defaults to 30 days including today.
    pub from: Option<DateTime<Utc>>,
    /// Calls that started in an hour that begins before this time; defaults to now.
    pub to: Option<DateTime<Utc>>,
    /// The module that handled the calls.
    pub module_id: Option<ModuleId>,
    /// Inbound, outbound or internal.
    #[param(inline)]
    pub direction: Option<Direction>,
    /// How to group calls by time. A report spans at most five years, or 62 days by hour.
    #[serde(default)]
    #[param(inline)]
    pub by: By,
    /// IANA time zone in which days are counted; defaults to UTC.
    #[param(pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$", example = "Europe/London")]
    pub time_zone: Option<String>,
}

/// Figures of a period.
#[derive(Serialize, ToSchema)]
pub struct Report {
    /// Figures for all calls.
    pub totals: Figures,
    /// Figures by time, including empty periods.
    pub periods: Vec<Period>,
    /// Figures by operator, most calls first.
    pub operators: Vec<OperatorReport>,
    /// Calls by disposition, most frequent first.
    pub dispositions: Vec<DispositionReport>,
    /// Calls by outcome, most frequent first.
    pub outcomes: Vec<OutcomeReport>,
}

/// An operator's calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperatorReport {
    /// The operator.
    pub user: NamedUser,
    /// Calls that rang them, or that they answered or made.
    pub calls: i64,
    /// Calls in which they spoke.
    pub answered: i64,
    /// Calls they missed.
    pub missed: i64,
    /// Total talk time, in seconds.
    pub talk_seconds: i64,
}

/// Calls with one disposition.
#[derive(Serialize, ToSchema)]
pub struct DispositionReport {
    /// How the calls ended.
    pub disposition: Disposition,
    /// Number of calls.
    pub calls: i64,
}

/// Calls with one outcome.
#[derive(Serialize, ToSchema)]
pub struct OutcomeReport {
    /// What operators noted.
    pub outcome: OutcomeCode,
    /// Number of calls.
    pub calls: i64,
}

/// Returns call statistics.
#[utoipa::path(
    get,
    path = "/api/v1/reports",
    tag = "reports",
    params(GetReport),
    responses((status = 200, body = Report)),
)]
pub async fn get_report(
    State(app): State<Arc<App>>,
    _: Admin,
    Query(asked): Query<GetReport>,
) -> ApiResult<axum::Json<Report>> {
    let span = span(&asked, app.clock.now())?;
    Ok(axum::Json(report(&app, &asked, &span).await?))
}

/// Makes the requested report.
///
/// # Errors
/// Fails if the database does.
pub async fn report(app: &App, asked: &GetReport, span: &Span) -> ApiResult<Report> {
    let filter =
        ReportFilter { from: span.from, to: span.to, module_id: asked.module_id, direction: asked.direction };
    let (hours, dispositions, operators, outcomes) = tokio::try_join!(
        app.store.report_hours(&filter),
        app.store.report_dispositions(&filter),
        app.store.report_operators(&filter),
        app.store.report_outcomes(&filter),
    )?;
    let mut totals = CallCounters::default();
    hours.iter().for_each(|(_, figures)| totals += *figures);
    let operators = operators.into_iter().map(|figures| OperatorReport {
        user: app.catalog.directory.named(figures.user_id),
        calls: figures.calls,
        answered: figures.answered,
        missed: figures.missed,
        talk_seconds: figures.talk_seconds,
    });
    let outcome = |(id, calls)| {
        Some(OutcomeReport { outcome: OutcomeCode { id, label: app.catalog.outcomes.label(id)? }, calls })
    };
    Ok(Report {
        totals: totals.into(),
        periods: periods(asked.by, span, &hours),
        operators: operators.collect(),
        dispositions: dispositions
            .into_iter()
            .map(|(disposition, calls)| DispositionReport { disposition, calls })
            .collect(),
        outcomes: outcomes.into_iter().filter_map(outcome).collect(),
    })
}

/// Returns the requested span of time.
///
/// # Errors
/// Returns 422 if the span is too long or not valid.
pub fn span(asked: &GetReport, now: DateTime<Utc>) -> ApiResult<Span> {
    let zone: Tz = asked
        .time_zone
        .as_deref()
        .unwrap_or("UTC")
        .parse()
        .map_err(|_| Error::invalid("timeZone", "Enter an IANA time zone, e.g. Europe/London."))?;
    let to = asked.to.unwrap_or(now);
    if !(1970..=9000).contains(&to.year()) {
        return Err(Error::invalid("to", "Enter a time between the years 1970 and 9000.").into());
    }
    let from = asked.from.unwrap_or_else(|| {
        let last = (to - TimeDelta::nanoseconds(1)).with_timezone(&zone).date_naive();
        start_of_day(zone, last.checked_sub_days(Days::new(DEFAULT_DAYS - 1)).unwrap_or(last))
    });
    if from >= to {
        return Err(Error::invalid("from", "Enter a time before `to`.").into());
    }
    let most = if asked.by == By::Hour { MAX_DAYS_BY_HOUR } else { MAX_DAYS };
    if to.signed_duration_since(from) > TimeDelta::days(most) {
        return Err(Error::invalid("from", format!("Enter a time at most {most} days before `to`.")).into());
    }
    Ok(Span { from, to, zone })
}
