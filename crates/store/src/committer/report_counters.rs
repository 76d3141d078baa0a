//! Writes additions to the report counters, as defined by `model::report_counters`.

use std::collections::BTreeMap;

use hookswitch_model::contract::Disposition;
use hookswitch_model::report_counters::{
    CallCounters, KindCounter, OperatorCounters, ReportCounters, Slot, Span,
};
use hookswitch_model::{OutcomeId, UserId};

use super::batch::BatchError;
use crate::db::{Db, time};
use crate::rows::{Rows, columns};

columns! {
    /// The hour of the calls.
    Hour of slot: Slot {
        hour: time(slot.at),
        module_id: slot.module.0,
        direction: slot.direction.as_str(),
    }
}
columns! {
    OfOperator of key: (Span, Slot, UserId) {
        span: key.0.as_str(),
        at: time(key.1.at),
        module_id: key.1.module.0,
        direction: key.1.direction.as_str(),
        user_id: key.2.0,
    }
}
columns! {
    OfDisposition of key: (Span, Slot, Disposition) {
        span: key.0.as_str(),
        at: time(key.1.at),
        module_id: key.1.module.0,
        direction: key.1.direction.as_str(),
        disposition: key.2.as_str(),
    }
}
columns! {
    OfOutcome of key: (Span, Slot, OutcomeId) {
        span: key.0.as_str(),
        at: time(key.1.at),
        module_id: key.1.module.0,
        direction: key.1.direction.as_str(),
        outcome_id: key.2.0,
    }
}

static CALLS: Rows = Rows::named(
    &[Hour::NAMES, CallCounters::NAMES],
    "insert into call_hours as t ({columns}) select * from v where module_id is not null \
     on conflict (hour, module_id, direction) do update set {add}",
);
static OPERATORS: Rows = Rows::named(
    &[OfOperator::NAMES, OperatorCounters::NAMES],
    "insert into operator_figures as t ({columns}) select * from v where module_id is not null \
     on conflict (span, at, module_id, direction, user_id) do update set {add}",
);
static DISPOSITIONS: Rows = Rows::named(
    &[OfDisposition::NAMES, KindCounter::NAMES],
    "insert into disposition_figures as t ({columns}) select * from v where module_id is not null \
     on conflict (span, at, module_id, direction, disposition) do update set {add}",
);
static OUTCOMES: Rows = Rows::named(
    &[OfOutcome::NAMES, KindCounter::NAMES],
    "insert into outcome_figures as t ({columns}) select * from v where module_id is not null \
     on conflict (span, at, module_id, direction, outcome_id) do update set {add}",
);

/// Writes the additions in key order, so that two nodes cannot deadlock.
pub(crate) async fn add(db: &mut impl Db, counters: &ReportCounters) -> Result<(), BatchError> {
    /// Adds what is not zero of one kind of counters.
    macro_rules! add {
        ($statement:expr, $key:ident, $counters:expr, $kind:ident) => {
            let rows: Vec<_> = changed(&$counters, $kind::values);
            let written = $statement.execute(db, &rows, |values, row| {
                $key::add(values, row.map(|(key, _)| *key));
                for counter in 0..$kind::NAMES.len() {
                    values.add(row.map(|(_, counters)| counters[counter]));
                }
            });
            written.await?;
        };
    }
    add!(CALLS, Hour, counters.calls, CallCounters);
    add!(OPERATORS, OfOperator, counters.operators, OperatorCounters);
    add!(DISPOSITIONS, OfDisposition, counters.dispositions, KindCounter);
    add!(OUTCOMES, OfOutcome, counters.outcomes, KindCounter);
    Ok(())
}

fn changed<K, C>(counters: &BTreeMap<K, C>, values: fn(&C) -> Vec<i64>) -> Vec<(&K, Vec<i64>)> {
    let rows = counters.iter().map(|(key, counters)| (key, values(counters)));
    rows.filter(|(_, values)| values.iter().any(|value| *value != 0)).collect()
}
