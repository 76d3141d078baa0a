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

/// Days of a report when `from` is not given, today with them.
const DEFAULT_DAYS: u64 = 30;
/// Longest report: five years.
const MAX_DAYS: i64 = 1830;
/// Longest report by the hour.
const MAX_DAYS_BY_HOUR: i64 = 62;

/// Which calls, and how they are put together. Calls count once they are over, in the hour of UTC in which they began.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct GetReport {
    /// Began in an hour that begins then or later; 30 days with today when not given.
    pub from: Option<DateTime<Utc>>,
    /// Began in an hour that begins before then; until now when not given.
    pub to: Option<DateTime<Utc>>,
    /// The module they came through.
    pub module_id: Option<ModuleId>,
    /// Which way they went.
    #[param(inline)]
    pub direction: Option<Direction>,
    /// What they are put together by: at most five years, by the hour at most 62 days.
    #[serde(default)]
    #[param(inline)]
    pub by: By,
    /// Where days are counted: a name of the IANA's time zone database, UTC when not given.
    #[param(pattern = r"^[A-Za-z][A-Za-z0-9_+/-]*$", example = "Europe/London")]
    pub time_zone: Option<String>,
}

/// A report.
#[derive(Serialize, ToSchema)]
pub struct Report {
    /// All the calls.
    pub totals: Figures,
    /// By time, every period there is.
    pub periods: Vec<Period>,
    /// By operator, those with the most calls first.
    pub operators: Vec<OperatorReport>,
    /// By how they came out, the most frequent first.
    pub dispositions: Vec<DispositionReport>,
    /// By what they came to, the most frequent first.
    pub outcomes: Vec<OutcomeReport>,
}

/// An operator's calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperatorReport {
    /// Who.
    pub user: NamedUser,
    /// Calls that rang at them or that they had or made.
    pub calls: i64,
    /// Those they talked in.
    pub answered: i64,
    /// Those they missed.
    pub missed: i64,
    /// Seconds of talk.
    pub talk_seconds: i64,
}

/// Calls that came out in one way.
#[derive(Serialize, ToSchema)]
pub struct DispositionReport {
    /// How.
    pub disposition: Disposition,
    /// How many.
    pub calls: i64,
}

/// Calls that came to one thing.
#[derive(Serialize, ToSchema)]
pub struct OutcomeReport {
    /// What.
    pub outcome: OutcomeCode,
    /// How many.
    pub calls: i64,
}

/// Figures of calls.
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

/// The report that is asked for.
///
/// # Errors
/// When the database fails.
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

/// The hours that are asked for.
///
/// # Errors
/// 422 where they are too many or not to be had.
pub fn span(asked: &GetReport, now: DateTime<Utc>) -> ApiResult<Span> {
    let zone: Tz = asked.time_zone.as_deref().unwrap_or("UTC").parse().map_err(|_| {
        Error::invalid("timeZone", "Give a name of the IANA's time zone database, such as Europe/London.")
    })?;
    let to = asked.to.unwrap_or(now);
    if !(1970..=9000).contains(&to.year()) {
        return Err(Error::invalid("to", "Give a time between the years 1970 and 9000.").into());
    }
    let from = asked.from.unwrap_or_else(|| {
        let last = (to - TimeDelta::nanoseconds(1)).with_timezone(&zone).date_naive();
        start_of_day(zone, last.checked_sub_days(Days::new(DEFAULT_DAYS - 1)).unwrap_or(last))
    });
    if from >= to {
        return Err(Error::invalid("from", "Give a time before `to`.").into());
    }
    let most = if asked.by == By::Hour { MAX_DAYS_BY_HOUR } else { MAX_DAYS };
    if to.signed_duration_since(from) > TimeDelta::days(most) {
        return Err(Error::invalid("from", format!("Give a time at most {most} days before `to`.")).into());
    }
    Ok(Span { from, to, zone })
}
