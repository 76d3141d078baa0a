//! The reports' figures: what each call adds to its hour, kept current with the calls.

use std::collections::BTreeMap;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::{CallState, CallView, ModuleId, OperatorState, OutcomeId, UserId};

use super::batch::BatchError;
use super::reach::Reached;
use super::working::Changed;
use crate::db::{Tx, on, time};
use crate::rows::{Rows, chunks};

/// An answer within these seconds is a soon one.
pub const SOON: i64 = 20;

/// An hour of a module's calls in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hour {
    pub at: DateTime<Utc>,
    pub module: ModuleId,
    pub direction: Direction,
}

/// Figures of calls: calls, answered, seconds until that, answered soon, seconds of talk, missed, reached later, seconds
/// until that.
type CallFigures = [i64; 8];
/// Figures of an operator: calls, answered, missed, seconds of talk.
type OperatorFigures = [i64; 4];

/// What is added to the figures.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    calls: BTreeMap<(Hour, Disposition), CallFigures>,
    operators: BTreeMap<(Hour, UserId), OperatorFigures>,
    outcomes: BTreeMap<(Hour, OutcomeId), i64>,
}

/// What a batch's changed calls add, and what they added before and no longer do.
pub(super) fn of_batch(changed: &[Changed<'_>], reached: &[Reached]) -> Figures {
    let mut figures = Figures::default();
    for call in changed {
        let module = call.entry.module_id;
        let added = &call.entry.added;
        let seconds = added.resolved.as_ref().and_then(|resolved| resolved.reached_seconds);
        if let Some(view) = &call.before {
            figures.count(-1, module, view, added.outcome_id, seconds);
        }
        if let Some(after) = &call.after {
            figures.count(1, module, &after.view, added.outcome_id, seconds);
        }
    }
    for call in reached {
        let at = hour(call.started_at);
        let hour = Hour { at, module: call.module_id, direction: Direction::In };
        let figures = figures.calls.entry((hour, call.disposition)).or_default();
        figures[6] += 1;
        figures[7] += i64::from(call.seconds);
    }
    figures
}

fn hour(at: DateTime<Utc>) -> DateTime<Utc> {
    // Only a time that nanoseconds cannot count has no hour: the year 1 or 9999.
    at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at)
}

impl Figures {
    /// Adds a call so many times. A call counts once it is over.
    pub(crate) fn count(
        &mut self,
        times: i64,
        module: ModuleId,
        view: &CallView,
        outcome: Option<OutcomeId>,
        reached: Option<i32>,
    ) {
        let Some(direction) = view.direction.filter(|_| view.state == CallState::Ended) else { return };
        let hour = Hour { at: hour(view.started_at), module, direction };
        let answer = view.answered_at.map(|at| (at - view.started_at).num_seconds().max(0));
        let reached = reached.filter(|_| view.missed);
        let call = [
            1,
            i64::from(view.disposition == Disposition::Answered),
            answer.unwrap_or_default(),
            i64::from(answer.is_some_and(|seconds| seconds <= SOON)),
            view.talk_seconds.map_or(0, i64::from),
            i64::from(view.missed),
            i64::from(reached.is_some()),
            reached.map_or(0, i64::from),
        ];
        add_times(self.calls.entry((hour, view.disposition)).or_default(), times, call);
        for (user, figures) in operators(view) {
            add_times(self.operators.entry((hour, user)).or_default(), times, figures);
        }
        if let Some(outcome) = outcome {
            *self.outcomes.entry((hour, outcome)).or_default() += times;
        }
    }
}

fn add_times<const N: usize>(to: &mut [i64; N], times: i64, add: [i64; N]) {
    for (to, add) in to.iter_mut().zip(add) {
        *to += times * add;
    }
}

/// What a call was to each of its operators.
fn operators(view: &CallView) -> BTreeMap<UserId, OperatorFigures> {
    let mut operators: BTreeMap<UserId, OperatorFigures> = BTreeMap::new();
    for leg in &view.operators {
        let Some(user) = leg.user else { continue };
        let figures = operators.entry(user).or_insert([1, 0, 0, 0]);
        figures[2] |= i64::from(leg.state == OperatorState::Missed);
    }
    for segment in &view.segments {
        let Some(figures) = segment.user.and_then(|user| operators.get_mut(&user)) else { continue };
        figures[1] = 1;
        figures[3] += segment.to.map_or(0, |to| (to - segment.from).num_seconds().max(0));
    }
    operators
}

static CALLS: Rows = Rows::new(
    "insert into call_hours (hour, module_id, direction, disposition, calls, answered, answer_seconds, answered_soon, \
     talk_seconds, missed, reached, reached_seconds) select * from (values ",
    12,
    ") as v where v.column1 is not null on conflict (hour, module_id, direction, disposition) do update set \
     calls = call_hours.calls + excluded.calls, answered = call_hours.answered + excluded.answered, \
     answer_seconds = call_hours.answer_seconds + excluded.answer_seconds, \
     answered_soon = call_hours.answered_soon + excluded.answered_soon, \
     talk_seconds = call_hours.talk_seconds + excluded.talk_seconds, missed = call_hours.missed + excluded.missed, \
     reached = call_hours.reached + excluded.reached, \
     reached_seconds = call_hours.reached_seconds + excluded.reached_seconds",
);
static OPERATORS: Rows = Rows::new(
    "insert into operator_hours (hour, module_id, direction, user_id, calls, answered, missed, talk_seconds) \
     select * from (values ",
    8,
    ") as v where v.column1 is not null on conflict (hour, module_id, direction, user_id) do update set \
     calls = operator_hours.calls + excluded.calls, answered = operator_hours.answered + excluded.answered, \
     missed = operator_hours.missed + excluded.missed, \
     talk_seconds = operator_hours.talk_seconds + excluded.talk_seconds",
);
static OUTCOMES: Rows = Rows::new(
    "insert into outcome_hours (hour, module_id, direction, outcome_id, calls) select * from (values ",
    5,
    ") as v where v.column1 is not null on conflict (hour, module_id, direction, outcome_id) do update set \
     calls = outcome_hours.calls + excluded.calls",
);

macro_rules! bind_hour {
    ($query:expr, $hour:expr) => {
        $query
            .bind($hour.map(|hour| time(hour.at)))
            .bind($hour.map(|hour| hour.module.0))
            .bind($hour.map(|hour| hour.direction.as_str()))
    };
}

/// Writes what is added. In the order of the keys, so that two nodes cannot wait for each other.
pub(crate) async fn add(tx: &mut Tx, figures: &Figures) -> Result<(), BatchError> {
    let calls: Vec<_> = figures.calls.iter().filter(|(_, figures)| **figures != [0; 8]).collect();
    for chunk in chunks(&calls) {
        let conn = tx.conn();
        let (sql, filled) = CALLS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = bind_hour!(query, row.map(|((hour, _), _)| *hour));
                query = query.bind(row.map(|((_, disposition), _)| disposition.as_str()));
                for figure in 0..8 {
                    query = query.bind(row.map(|(_, figures)| figures[figure]));
                }
            }
            query.execute(db).await.map(drop)
        })?;
    }
    let operators: Vec<_> = figures.operators.iter().filter(|(_, figures)| **figures != [0; 4]).collect();
    for chunk in chunks(&operators) {
        let conn = tx.conn();
        let (sql, filled) = OPERATORS.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = bind_hour!(query, row.map(|((hour, _), _)| *hour));
                query = query.bind(row.map(|((_, user), _)| user.0));
                for figure in 0..4 {
                    query = query.bind(row.map(|(_, figures)| figures[figure]));
                }
            }
            query.execute(db).await.map(drop)
        })?;
    }
    let outcomes: Vec<_> = figures.outcomes.iter().filter(|(_, calls)| **calls != 0).collect();
    for chunk in chunks(&outcomes) {
        let conn = tx.conn();
        let (sql, filled) = OUTCOMES.fill(&conn, chunk);
        on!(conn, |db| {
            let mut query = sqlx::query(sql);
            for row in filled {
                query = bind_hour!(query, row.map(|((hour, _), _)| *hour));
                query =
                    query.bind(row.map(|((_, outcome), _)| outcome.0)).bind(row.map(|(_, calls)| **calls));
            }
            query.execute(db).await.map(drop)
        })?;
    }
    Ok(())
}
