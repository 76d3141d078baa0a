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

/// A module's calls in one direction that began in an hour, or in a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Slot {
    at: DateTime<Utc>,
    module: ModuleId,
    direction: Direction,
}

/// A day or an hour, as the database says it.
type Span = (&'static str, Slot);

/// Figures of calls: calls, answered, of how many it is known when, seconds until that, answered soon, seconds of talk,
/// missed, reached later, seconds until that.
type CallFigures = [i64; 9];
/// Figures of an operator: calls, answered, missed, seconds of talk.
type OperatorFigures = [i64; 4];

/// What is added to the figures.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    calls: BTreeMap<Slot, CallFigures>,
    operators: BTreeMap<(Span, UserId), OperatorFigures>,
    dispositions: BTreeMap<(Span, Disposition), [i64; 1]>,
    outcomes: BTreeMap<(Span, OutcomeId), [i64; 1]>,
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
        let at = start(call.started_at, TimeDelta::hours(1));
        let hour = Slot { at, module: call.module_id, direction: Direction::In };
        add_times(
            figures.calls.entry(hour).or_default(),
            1,
            [0, 0, 0, 0, 0, 0, 0, 1, i64::from(call.seconds)],
        );
    }
    figures
}

/// When the hour or day began that a time is in.
fn start(at: DateTime<Utc>, span: TimeDelta) -> DateTime<Utc> {
    // Only a time that nanoseconds cannot count has none: the year 1 or 9999.
    at.duration_trunc(span).unwrap_or(at)
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
        let slot = |span| Slot { at: start(view.started_at, span), module, direction };
        let (hour, day) = (slot(TimeDelta::hours(1)), slot(TimeDelta::days(1)));
        let answered = view.disposition == Disposition::Answered;
        let answer = view.answered_at.map(|at| (at - view.started_at).num_seconds().max(0));
        let reached = reached.filter(|_| view.missed);
        let call = [
            1,
            i64::from(answered),
            i64::from(answer.is_some()),
            answer.unwrap_or_default(),
            i64::from(answer.is_some_and(|seconds| seconds <= SOON)),
            view.talk_seconds.filter(|_| answered).map_or(0, i64::from),
            i64::from(view.missed),
            i64::from(reached.is_some()),
            reached.map_or(0, i64::from),
        ];
        add_times(self.calls.entry(hour).or_default(), times, call);
        for span in [("day", day), ("hour", hour)] {
            for (user, figures) in operators(view) {
                add_times(self.operators.entry((span, user)).or_default(), times, figures);
            }
            add_times(self.dispositions.entry((span, view.disposition)).or_default(), times, [1]);
            if let Some(outcome) = outcome {
                add_times(self.outcomes.entry((span, outcome)).or_default(), times, [1]);
            }
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
    "insert into call_hours (hour, module_id, direction, calls, answered, answers_timed, answer_seconds, answered_soon, \
     talk_seconds, missed, reached, reached_seconds) select * from (values ",
    12,
    ") as v where v.column1 is not null on conflict (hour, module_id, direction) do update set \
     calls = call_hours.calls + excluded.calls, answered = call_hours.answered + excluded.answered, \
     answers_timed = call_hours.answers_timed + excluded.answers_timed, \
     answer_seconds = call_hours.answer_seconds + excluded.answer_seconds, \
     answered_soon = call_hours.answered_soon + excluded.answered_soon, \
     talk_seconds = call_hours.talk_seconds + excluded.talk_seconds, missed = call_hours.missed + excluded.missed, \
     reached = call_hours.reached + excluded.reached, \
     reached_seconds = call_hours.reached_seconds + excluded.reached_seconds",
);
static OPERATORS: Rows = Rows::new(
    "insert into operator_figures (span, at, module_id, direction, user_id, calls, answered, missed, talk_seconds) \
     select * from (values ",
    9,
    ") as v where v.column1 is not null on conflict (span, at, module_id, direction, user_id) do update set \
     calls = operator_figures.calls + excluded.calls, answered = operator_figures.answered + excluded.answered, \
     missed = operator_figures.missed + excluded.missed, \
     talk_seconds = operator_figures.talk_seconds + excluded.talk_seconds",
);
static DISPOSITIONS: Rows = Rows::new(
    "insert into disposition_figures (span, at, module_id, direction, disposition, calls) select * from (values ",
    6,
    ") as v where v.column1 is not null on conflict (span, at, module_id, direction, disposition) do update set \
     calls = disposition_figures.calls + excluded.calls",
);
static OUTCOMES: Rows = Rows::new(
    "insert into outcome_figures (span, at, module_id, direction, outcome_id, calls) select * from (values ",
    6,
    ") as v where v.column1 is not null on conflict (span, at, module_id, direction, outcome_id) do update set \
     calls = outcome_figures.calls + excluded.calls",
);

macro_rules! bind_slot {
    ($query:expr, $slot:expr) => {
        $query
            .bind($slot.map(|slot| time(slot.at)))
            .bind($slot.map(|slot| slot.module.0))
            .bind($slot.map(|slot| slot.direction.as_str()))
    };
}

macro_rules! bind_span {
    ($query:expr, $key:expr) => {
        bind_slot!($query.bind($key.map(|((span, _), _)| *span)), $key.map(|((_, slot), _)| slot))
    };
}

/// Adds what is not zero of one kind of figures; `bind` binds the key of a row, which is none where it stays empty.
macro_rules! add_rows {
    ($tx:expr, $statement:expr, $figures:expr, |$query:ident, $key:ident| $bind:expr) => {
        let rows: Vec<_> =
            $figures.iter().filter(|(_, figures)| figures.iter().any(|figure| *figure != 0)).collect();
        for chunk in chunks(&rows) {
            let conn = $tx.conn();
            let (sql, filled) = $statement.fill(&conn, chunk);
            on!(conn, |db| {
                let mut $query = sqlx::query(sql);
                for row in filled {
                    let $key = row.map(|(key, _)| *key);
                    $query = $bind;
                    for figure in 0..width(&$figures) {
                        $query = $query.bind(row.map(|(_, figures)| figures[figure]));
                    }
                }
                $query.execute(db).await.map(drop)
            })?;
        }
    };
}

const fn width<K, const N: usize>(_: &BTreeMap<K, [i64; N]>) -> usize {
    N
}

/// Writes what is added. In the order of the keys, so that two nodes cannot wait for each other.
pub(crate) async fn add(tx: &mut Tx, figures: &Figures) -> Result<(), BatchError> {
    add_rows!(tx, CALLS, figures.calls, |query, key| bind_slot!(query, key));
    add_rows!(tx, OPERATORS, figures.operators, |query, key| bind_span!(query, key)
        .bind(key.map(|(_, user)| user.0)));
    add_rows!(tx, DISPOSITIONS, figures.dispositions, |query, key| bind_span!(query, key)
        .bind(key.map(|(_, disposition)| disposition.as_str())));
    add_rows!(tx, OUTCOMES, figures.outcomes, |query, key| bind_span!(query, key)
        .bind(key.map(|(_, outcome)| outcome.0)));
    Ok(())
}
