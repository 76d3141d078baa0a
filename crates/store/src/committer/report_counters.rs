//! Writes what is added to the reports' counters; `model::report_counters` says what that is.

use hookswitch_model::report_counters::{CallCounters, KindCounter, OperatorCounters, ReportCounters};

use super::batch::BatchError;
use crate::db::{Tx, on, time};
use crate::rows::{Rows, chunks};

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
        bind_slot!($query.bind($key.map(|(span, ..)| span.as_str())), $key.map(|(_, slot, _)| slot))
    };
}

/// Adds what is not zero of one kind of counters; `bind` binds the key of a row, which is none where it stays empty.
macro_rules! add_rows {
    ($tx:expr, $statement:expr, $counters:expr, $none:expr, |$query:ident, $key:ident| $bind:expr) => {
        let rows: Vec<_> = $counters
            .iter()
            .map(|(key, counters)| (key, counters.values()))
            .filter(|(_, values)| values.iter().any(|value| *value != 0))
            .collect();
        for chunk in chunks(&rows) {
            let conn = $tx.conn();
            let (sql, filled) = $statement.fill(&conn, chunk);
            on!(conn, |db| {
                let mut $query = sqlx::query(sql);
                for row in filled {
                    let $key = row.map(|(key, _)| **key);
                    $query = $bind;
                    for counter in 0..$none.len() {
                        $query = $query.bind(row.map(|(_, values)| values[counter]));
                    }
                }
                $query.execute(db).await.map(drop)
            })?;
        }
    };
}

/// Writes what is added. In the order of the keys, so that two nodes cannot wait for each other.
pub(crate) async fn add(tx: &mut Tx, counters: &ReportCounters) -> Result<(), BatchError> {
    add_rows!(tx, CALLS, counters.calls, CallCounters::NAMES, |query, key| bind_slot!(query, key));
    add_rows!(tx, OPERATORS, counters.operators, OperatorCounters::NAMES, |query, key| bind_span!(
        query, key
    )
    .bind(key.map(|(.., user)| user.0)));
    add_rows!(tx, DISPOSITIONS, counters.dispositions, KindCounter::NAMES, |query, key| bind_span!(
        query, key
    )
    .bind(key.map(|(.., disposition)| disposition.as_str())));
    add_rows!(tx, OUTCOMES, counters.outcomes, KindCounter::NAMES, |query, key| bind_span!(query, key)
        .bind(key.map(|(.., outcome)| outcome.0)));
    Ok(())
}
