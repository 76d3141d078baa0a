//! Statistics of calls by hour and day in a time zone.
//!
//! The store keeps counters by the hour in UTC. An hour belongs to the day, and to the hour of the day, in which it
//! begins: if the time zone's offset is not a whole number of hours, half an hour may count for the previous day.

use std::cmp::max;

use chrono::{DateTime, Datelike, DurationRound, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use hookswitch_model::report_counters::CallCounters;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a report groups its calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum By {
    /// Each hour.
    Hour,
    /// Each day.
    #[default]
    Day,
    /// The days of the week, Monday to Sunday.
    Weekday,
    /// The hours of the day, 0 to 23.
    HourOfDay,
}

/// The hours of a report, and the time zone in which to count them.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// The first hour begins at or after this time.
    pub from: DateTime<Utc>,
    /// The last hour begins before this time.
    pub to: DateTime<Utc>,
    pub zone: Tz,
}

/// Statistics of calls.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// The number of calls.
    pub calls: i64,
    /// Calls that somebody answered.
    pub answered: i64,
    /// The share of answered calls, 0 to 1.
    pub answered_share: Option<f64>,
    /// Average seconds until the answer, over the calls for which that is known.
    pub average_answer_seconds: Option<f64>,
    /// Calls answered within 20 seconds.
    pub answered_soon: i64,
    pub talk_seconds: i64,
    /// Average seconds of talk of an answered call.
    pub average_talk_seconds: Option<f64>,
    /// Missed calls.
    pub missed: i64,
    /// Missed calls whose caller was reached later.
    pub reached: i64,
    /// Average seconds until then.
    pub average_reached_seconds: Option<f64>,
}

impl From<CallCounters> for Figures {
    fn from(figures: CallCounters) -> Self {
        Self {
            calls: figures.calls,
            answered: figures.answered,
            answered_share: ratio(figures.answered, figures.calls),
            average_answer_seconds: ratio(figures.answer_seconds, figures.answers_timed),
            answered_soon: figures.answered_soon,
            talk_seconds: figures.talk_seconds,
            average_talk_seconds: ratio(figures.talk_seconds, figures.answered),
            missed: figures.missed,
            reached: figures.reached,
            average_reached_seconds: ratio(figures.reached_seconds, figures.reached),
        }
    }
}

/// `None` if the divisor is zero.
fn ratio(of: i64, by: i64) -> Option<f64> {
    (by > 0).then(|| of as f64 / by as f64)
}

/// The statistics of one period.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Period {
    /// The start of an hour or a day.
    pub at: Option<DateTime<Utc>>,
    /// The day of the week (1 is Monday) or the hour of the day.
    pub slot: Option<u32>,
    /// The statistics.
    #[serde(flatten)]
    pub figures: Figures,
}

impl Span {
    /// The first hour.
    fn first(&self) -> DateTime<Utc> {
        let hour = self.from.duration_trunc(TimeDelta::hours(1)).unwrap_or(self.from);
        if hour < self.from { hour + TimeDelta::hours(1) } else { hour }
    }

    /// Every hour.
    fn hours(&self) -> impl Iterator<Item = DateTime<Utc>> {
        let (first, to) = (self.first(), self.to);
        (0..).map(move |n| first + TimeDelta::hours(n)).take_while(move |hour| *hour < to)
    }

    /// Every day in which an hour begins.
    fn days(&self) -> impl Iterator<Item = NaiveDate> {
        let (first, last) = (self.first(), max(self.first(), self.to - TimeDelta::nanoseconds(1)));
        let last = self.zone.from_utc_datetime(&last.naive_utc()).date_naive();
        self.date_of(first).iter_days().take_while(move |date| *date <= last)
    }

    fn date_of(&self, hour: DateTime<Utc>) -> NaiveDate {
        hour.with_timezone(&self.zone).date_naive()
    }

    /// The start of a day: midnight, or the first moment after it if clocks skip midnight.
    fn start_of(&self, date: NaiveDate) -> DateTime<Utc> {
        start_of_day(self.zone, date)
    }
}

/// The start of a day in a time zone: midnight, or the first moment after it if clocks skip midnight.
#[must_use]
pub fn start_of_day(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    let midnight = date.and_time(NaiveTime::MIN);
    let hours = (0..=24)
        .filter_map(|hours| zone.from_local_datetime(&(midnight + TimeDelta::hours(hours))).earliest());
    hours.map(|local| local.with_timezone(&Utc)).next().unwrap_or_else(|| midnight.and_utc())
}

/// The statistics of all periods, including those without calls.
#[must_use]
pub fn periods(by: By, span: &Span, hours: &[(DateTime<Utc>, CallCounters)]) -> Vec<Period> {
    let at = |at| (Some(at), None);
    let slot = |slot| (None, Some(slot));
    let empty: Vec<(Option<DateTime<Utc>>, Option<u32>)> = match by {
        By::Hour => span.hours().map(at).collect(),
        By::Day => span.days().map(|date| at(span.start_of(date))).collect(),
        By::Weekday => (1..=7).map(slot).collect(),
        By::HourOfDay => (0..24).map(slot).collect(),
    };
    let place = |hour: DateTime<Utc>| {
        let local = hour.with_timezone(&span.zone);
        let place = match by {
            By::Hour => (hour - span.first()).num_hours(),
            By::Day => (local.date_naive() - span.date_of(span.first())).num_days(),
            By::Weekday => i64::from(local.weekday().num_days_from_monday()),
            By::HourOfDay => i64::from(local.hour()),
        };
        usize::try_from(place).ok()
    };
    let mut sums = vec![CallCounters::default(); empty.len()];
    for (hour, figures) in hours {
        if let Some(sum) = place(*hour).and_then(|place| sums.get_mut(place)) {
            *sum += *figures;
        }
    }
    let period = |((at, slot), sum): (_, CallCounters)| Period { at, slot, figures: sum.into() };
    empty.into_iter().zip(sums).map(period).collect()
}

#[cfg(test)]
mod tests;
