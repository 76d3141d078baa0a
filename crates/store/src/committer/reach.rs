//! Closes missed calls once somebody talks with the caller, through whichever module, on whichever of a client's numbers, and
//! whichever is reported first.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::contract::Direction;
use hookswitch_model::{CallId, CallView, ClientId, ModuleId, phone};
use sqlx::FromRow;
use uuid::Uuid;

use super::batch::BatchError;
use super::link::newly_missed;
use super::types::Apply;
use super::working::Changed;
use crate::db::{Tx, far_past, on, text, time};
use crate::rows::{Rows, chunks};

/// A talk that was under way when the missed call came began no longer before it.
const LONGEST_TALK: TimeDelta = TimeDelta::hours(4);

/// A missed call whose caller somebody talked with.
pub(super) struct Reached {
    pub missed: CallId,
    pub talk: CallId,
    pub module_id: ModuleId,
    pub started_at: DateTime<Utc>,
    pub seconds: i32,
}

/// Who called, of a missed call: the number where there is one; whoever withholds theirs is nobody else.
pub(super) fn missed_key(id: CallId, view: &CallView) -> Option<String> {
    view.missed.then(|| caller(view).unwrap_or_else(|| id.to_string()))
}

fn caller(view: &CallView) -> Option<String> {
    let dialled = |raw: &&str| raw.bytes().any(|byte| byte.is_ascii_digit());
    match view.client_e164.as_deref() {
        Some(number) => Some(text(&phone::caller(number))),
        None => view.client_raw.as_deref().filter(dialled).filter(|_| !view.is_withheld()).map(text),
    }
}

/// Closes what the batch's calls close, and what was missed in it and closed by a talk already.
pub(super) async fn reach(
    tx: &mut Tx,
    changed: &[Changed<'_>],
    applies: &[Apply],
) -> Result<Vec<Reached>, BatchError> {
    let Some(now) = applies.iter().map(|apply| apply.now).max() else { return Ok(Vec::new()) };
    let mut reached: BTreeMap<CallId, Reached> = BTreeMap::new();
    let asked: Vec<Asked> = changed.iter().filter_map(talked).collect();
    search(tx, &OPEN, &asked, &mut reached).await?;
    let asked: Vec<Asked> = changed.iter().filter(|call| newly_missed(call)).flat_map(was_missed).collect();
    search(tx, &TALKS, &asked, &mut reached).await?;
    let mut reached: Vec<Reached> = reached.into_values().collect();
    close(tx, &mut reached, now).await?;
    Ok(reached)
}

/// What is asked about a call: others with the same caller, that began before one time (open ones), or were answered after
/// it and began after another (talks). The caller is a number, a client with whichever number, or both.
struct Asked {
    id: CallId,
    caller: Option<String>,
    client: Option<ClientId>,
    at: DateTime<Utc>,
}

impl Asked {
    fn new(call: &Changed<'_>, view: &CallView, at: DateTime<Utc>) -> Option<Self> {
        let (caller, client) = (caller(view), call.client_id);
        (caller.is_some() || client.is_some()).then_some(Self { id: call.id, caller, client, at })
    }
}

/// A call in which a talk began, or of which it turns out with whom.
fn talked(call: &Changed<'_>) -> Option<Asked> {
    let view = &call.after.as_ref()?.view;
    let was_answered = call.before.as_ref().is_some_and(|view| view.answered_at.is_some());
    let same_client = call.entry.added.client_id == call.client_id;
    if view.direction == Some(Direction::Internal) || (was_answered && same_client) {
        return None;
    }
    Asked::new(call, view, view.answered_at?)
}

/// Once for each spelling under which a talk may have been kept.
fn was_missed(call: &Changed<'_>) -> Vec<Asked> {
    let Some(view) = call.after.as_ref().map(|after| &after.view) else { return Vec::new() };
    let Some(asked) = Asked::new(call, view, view.started_at) else { return Vec::new() };
    let other = asked.caller.as_deref().and_then(phone::twin);
    let other = other.map(|caller| Asked { caller: Some(caller), client: None, ..asked });
    std::iter::once(asked).chain(other).collect()
}

#[derive(FromRow)]
struct Found {
    missed: Uuid,
    talk: Uuid,
    module_id: Uuid,
    started_at: DateTime<Utc>,
    answered_at: DateTime<Utc>,
}

macro_rules! open_of {
    ($caller:literal) => {
        concat!(
            "select calls.id as missed, v.column1 as talk, calls.module_id, calls.started_at, v.column3 as answered_at \
             from v cross join calls where missed and resolved_at is null and ",
            $caller,
            " and calls.started_at <= v.column3 and v.column4 is not null"
        )
    };
}

/// With an index for each of the two ways in which a caller is the same.
static OPEN: Rows = Rows::new(
    "with v as (values ",
    5,
    concat!(
        ") ",
        open_of!("missed_key = v.column2"),
        " union all ",
        open_of!("client_id is not null and client_id = v.column5")
    ),
);

macro_rules! talks_of {
    ($caller:literal) => {
        concat!(
            "select m.id as missed, t.id as talk, m.module_id, m.started_at, t.answered_at \
             from v cross join calls m cross join calls t where m.id = v.column1 and m.missed and m.resolved_at is null \
             and ",
            $caller,
            " and t.started_at >= v.column4 and t.answered_at > v.column3 and t.direction <> 'internal'"
        )
    };
}

static TALKS: Rows = Rows::new(
    "with v as (values ",
    5,
    concat!(
        ") ",
        talks_of!("(t.client_e164 = v.column2 or t.client_raw = v.column2)"),
        " union all ",
        talks_of!("t.client_id = v.column5")
    ),
);

async fn search(
    tx: &mut Tx,
    statement: &Rows,
    asked: &[Asked],
    reached: &mut BTreeMap<CallId, Reached>,
) -> Result<(), BatchError> {
    for chunk in chunks(asked) {
        let conn = tx.conn();
        let (sql, filled) = statement.fill(&conn, chunk);
        let rows: Vec<Found> = on!(conn, |db| {
            let mut query = sqlx::query_as(sql);
            for row in filled {
                query =
                    query
                        .bind(row.map(|row| row.id.0))
                        .bind(row.and_then(|row| row.caller.clone()))
                        .bind(row.map(|row| time(row.at)))
                        .bind(row.map(|row| {
                            time(row.at).checked_sub_signed(LONGEST_TALK).map_or_else(far_past, time)
                        }))
                        .bind(row.and_then(|row| row.client).map(|client| client.0));
            }
            query.fetch_all(db).await
        })?;
        for row in rows {
            let seconds = (row.answered_at - row.started_at).num_seconds().max(0);
            let found = Reached {
                missed: CallId(row.missed),
                talk: CallId(row.talk),
                module_id: ModuleId(row.module_id),
                started_at: row.started_at,
                seconds: i32::try_from(seconds).unwrap_or(i32::MAX),
            };
            // The first talk is the one that reached them.
            if reached.get(&found.missed).is_none_or(|first| found.seconds < first.seconds) {
                reached.insert(found.missed, found);
            }
        }
    }
    Ok(())
}

static CLOSE: Rows = Rows::new(
    "update calls set resolved_at = v.column2, resolved_how = 'talk', resolved_call = v.column3, \
     reached_seconds = v.column4, version = version + 1 from (values ",
    4,
    ") as v where calls.id = v.column1 and resolved_at is null returning calls.id",
);

/// Closes them; leaves out whatever somebody has closed meanwhile.
async fn close(tx: &mut Tx, reached: &mut Vec<Reached>, now: DateTime<Utc>) -> Result<(), BatchError> {
    let mut closed: BTreeSet<CallId> = BTreeSet::new();
    for chunk in chunks(reached) {
        let conn = tx.conn();
        let (sql, filled) = CLOSE.fill(&conn, chunk);
        let ids: Vec<Uuid> = on!(conn, |db| {
            let mut query = sqlx::query_scalar(sql);
            for row in filled {
                query = query
                    .bind(row.map(|row| row.missed.0))
                    .bind(row.map(|_| time(now)))
                    .bind(row.map(|row| row.talk.0))
                    .bind(row.map(|row| row.seconds));
            }
            query.fetch_all(db).await
        })?;
        closed.extend(ids.into_iter().map(CallId));
    }
    reached.retain(|reached| closed.contains(&reached.missed));
    Ok(())
}
