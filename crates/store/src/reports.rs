//! Reports from the counters stored with the calls. An hour is counted as a whole, in the report in which it begins.

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::report_counters::CallCounters;
use hookswitch_model::{ModuleId, OutcomeId, UserId};
use sqlx::{ColumnIndex, Database, Decode, Encode, FromRow, QueryBuilder, Row, Type};
use uuid::Uuid;

use crate::db::{from_word, on, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::readable::{Unreadable, readable};

/// Which calls a report covers: those that are over and began in these hours.
#[derive(Debug, Clone, Copy)]
pub struct ReportFilter {
    /// The first hour begins at or after this time.
    pub from: DateTime<Utc>,
    /// The last hour begins before this time.
    pub to: DateTime<Utc>,
    /// The module they came through; `None` for all.
    pub module_id: Option<ModuleId>,
    /// The direction; `None` for any.
    pub direction: Option<Direction>,
}

/// An operator's counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OperatorFigures {
    pub user_id: UserId,
    /// Calls that rang at the operator, or that they had or made.
    pub calls: i64,
    /// Calls in which the operator talked.
    pub answered: i64,
    /// Calls the operator missed.
    pub missed: i64,
    pub talk_seconds: i64,
}

struct HourRow {
    hour: DateTime<Utc>,
    counters: CallCounters,
}

impl<'r, R: Row> FromRow<'r, R> for HourRow
where
    &'static str: ColumnIndex<R>,
    DateTime<Utc>: Decode<'r, R::Database> + Type<R::Database>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        let counters = CallCounters::from_names(|name| row.try_get(name))?;
        Ok(Self { hour: row.try_get("hour")?, counters })
    }
}

/// A sum in PostgreSQL would otherwise be too wide.
macro_rules! sums {
    ($($column:literal),+) => {
        concat!($(", cast(sum(", $column, ") as bigint) as ", $column),+)
    };
}

impl Store {
    /// The counters of each hour that has any, in order.
    pub async fn report_hours(
        &self,
        filter: &ReportFilter,
    ) -> Result<Vec<(DateTime<Utc>, CallCounters)>, StoreError> {
        let rows: Vec<HourRow> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(concat!(
                "select hour",
                sums!(
                    "calls",
                    "answered",
                    "answers_timed",
                    "answer_seconds",
                    "answered_soon",
                    "talk_seconds",
                    "missed",
                    "reached",
                    "reached_seconds"
                ),
                " from call_hours where hour >= "
            ));
            query.push_bind(time(filter.from)).push(" and hour < ").push_bind(time(filter.to));
            only(&mut query, filter);
            query.push(" group by hour order by hour");
            query.build_query_as().fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(|row| (row.hour, row.counters)).collect())
    }

    /// The numbers of calls by disposition, most frequent first.
    pub async fn report_dispositions(
        &self,
        filter: &ReportFilter,
    ) -> Result<Vec<(Disposition, i64)>, StoreError> {
        let rows: Vec<(String, i64)> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(concat!("select disposition", sums!("calls")));
            added_up(&mut query, filter, "disposition_figures", "disposition");
            query.build_query_as().fetch_all(db).await
        })?;
        let rows = rows.into_iter().map(|(disposition, calls)| {
            let disposition = from_word(disposition).map_err(|why| Unreadable { id: None, why })?;
            Ok((disposition, calls))
        });
        Ok(readable("disposition's figure", rows).0)
    }

    /// Each operator's counters, most calls first.
    pub async fn report_operators(&self, filter: &ReportFilter) -> Result<Vec<OperatorFigures>, StoreError> {
        let rows: Vec<(Uuid, i64, i64, i64, i64)> = on!(self.read(), |db| {
            let columns = concat!("select user_id", sums!("calls", "answered", "missed", "talk_seconds"));
            let mut query = QueryBuilder::new(columns);
            added_up(&mut query, filter, "operator_figures", "user_id");
            query.build_query_as().fetch_all(db).await
        })?;
        let figures = |(user, calls, answered, missed, talk_seconds)| OperatorFigures {
            user_id: UserId(user),
            calls,
            answered,
            missed,
            talk_seconds,
        };
        Ok(rows.into_iter().map(figures).collect())
    }

    /// The numbers of calls by outcome, most frequent first.
    pub async fn report_outcomes(&self, filter: &ReportFilter) -> Result<Vec<(OutcomeId, i64)>, StoreError> {
        let rows: Vec<(Uuid, i64)> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(concat!("select outcome_id", sums!("calls")));
            added_up(&mut query, filter, "outcome_figures", "outcome_id");
            query.build_query_as().fetch_all(db).await
        })?;
        Ok(rows.into_iter().map(|(outcome, calls)| (OutcomeId(outcome), calls)).collect())
    }
}

/// The rest of a statement that sums up a table's counters by `key`, most calls first: whole days as such, and the
/// hours before and after them.
fn added_up<DB>(query: &mut QueryBuilder<DB>, filter: &ReportFilter, table: &str, key: &str)
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> &'static str: Encode<'q, DB> + Type<DB>,
    for<'q> DateTime<Utc>: Encode<'q, DB> + Type<DB>,
{
    query.push(" from (");
    for (place, (span, from, to)) in spans(filter).into_iter().enumerate() {
        query.push(if place == 0 { "select * from " } else { " union all select * from " }).push(table);
        query.push(" where span = ").push_bind(span);
        query.push(" and at >= ").push_bind(time(from)).push(" and at < ").push_bind(time(to));
        only(query, filter);
    }
    query.push(format!(") as parts group by {key} having sum(calls) > 0 order by sum(calls) desc, {key}"));
}

type Part = (&'static str, DateTime<Utc>, DateTime<Utc>);

/// The days and hours that make up the requested period.
fn spans(filter: &ReportFilter) -> [Part; 3] {
    let day = TimeDelta::days(1);
    // Only times beyond the range of nanoseconds are in no day; there are only hours then.
    let day_of = |at: DateTime<Utc>| at.duration_trunc(day).unwrap_or(filter.to);
    let began = day_of(filter.from);
    let first = if began < filter.from { began + day } else { began }.min(filter.to);
    let last = day_of(filter.to).max(first);
    [("hour", filter.from, first), ("day", first, last), ("hour", last, filter.to)]
}

fn only<DB>(query: &mut QueryBuilder<DB>, filter: &ReportFilter)
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> &'static str: Encode<'q, DB> + Type<DB>,
{
    if let Some(module) = filter.module_id {
        query.push(" and module_id = ").push_bind(module.0);
    }
    if let Some(direction) = filter.direction {
        query.push(" and direction = ").push_bind(direction.as_str());
    }
}
