//! Loads the missed calls and talks that may be related to a batch's calls, and closes missed calls.
//!
//! The rule in `model::batch` for who reaches whom decides; these statements leave out only what cannot matter to it.

use chrono::{DateTime, Utc};
use hookswitch_model::batch::{
    Encounters, EncountersAsked, LONGEST_RING, MissedCall, Question, Reached, Talk, missed_caller,
};
use hookswitch_model::{CallId, ClientId, ModuleId, ResolvedHow, phone};
use uuid::Uuid;

use super::batch::BatchError;
use super::save;
use crate::db::{Db, far_past, time};
use crate::rows::{Rows, Values, columns, found};

found! {
    struct MissedRow {
        id: Uuid,
        module_id: Uuid,
        started_at: DateTime<Utc>,
        missed_key: Option<String>,
        client_id: Option<Uuid>,
    }
}

impl From<MissedRow> for MissedCall {
    fn from(row: MissedRow) -> Self {
        Self {
            id: CallId(row.id),
            module_id: ModuleId(row.module_id),
            started_at: row.started_at,
            caller: row.missed_key,
            client: row.client_id.map(ClientId),
        }
    }
}

found! {
    struct TalkRow {
        id: Uuid,
        client_e164: Option<String>,
        client_raw: Option<String>,
        client_id: Option<Uuid>,
        answered_at: DateTime<Utc>,
    }
}

impl From<TalkRow> for Talk {
    fn from(row: TalkRow) -> Self {
        Self {
            id: CallId(row.id),
            caller: missed_caller(row.client_e164.as_deref(), row.client_raw.as_deref()),
            client: row.client_id.map(ClientId),
            answered_at: row.answered_at,
        }
    }
}

columns! {
    Asked of question: Question {
        caller: question.caller.clone(),
        client: question.client.map(|client| client.0),
        at: question.at,
        since: question.at.checked_sub_signed(LONGEST_RING).map_or_else(far_past, time),
    }
}

macro_rules! missed_of {
    ($caller:literal) => {
        concat!(
            "select calls.id, module_id, started_at, missed_key, client_id from v cross join calls \
             where missed and resolved_at is null and ",
            $caller,
            " and started_at <= v.at"
        )
    };
}

/// Each of the two ways of matching a caller uses its own index.
static MISSED: Rows = Rows::named(
    &[Asked::NAMES],
    concat!(
        missed_of!("missed_key = v.caller"),
        " union all ",
        missed_of!("client_id is not null and client_id = v.client")
    ),
);

macro_rules! talks_of {
    ($caller:literal) => {
        concat!(
            "select id, client_e164, client_raw, client_id, answered_at from v cross join calls where ",
            $caller,
            " and started_at >= v.since and answered_at >= v.at and direction <> 'internal'"
        )
    };
}

static TALKS: Rows = Rows::named(
    &[Asked::NAMES],
    concat!(
        talks_of!("(client_e164 = v.caller or client_raw = v.caller)"),
        " union all ",
        talks_of!("client_id = v.client")
    ),
);

/// Loads what a batch asks for.
pub(super) async fn load(db: &mut impl Db, asked: EncountersAsked) -> Result<Encounters, BatchError> {
    let missed: Vec<MissedRow> = MISSED.fetch(db, &asked.missed, Asked::add).await?;
    // A talk is stored with the spelling of the number in which it arrived.
    let twin = |question: &Question| {
        let caller = question.caller.as_deref().and_then(phone::twin)?;
        Some(Question { caller: Some(caller), client: None, at: question.at })
    };
    let twins: Vec<Question> = asked.talks.iter().filter_map(twin).collect();
    let questions = [asked.talks, twins].concat();
    let talks: Vec<TalkRow> = TALKS.fetch(db, &questions, Asked::add).await?;
    Ok(Encounters {
        missed: missed.into_iter().map(MissedCall::from).collect(),
        talks: talks.into_iter().map(Talk::from).collect(),
    })
}

columns! {
    Reaching of closed: (&Reached, DateTime<Utc>) {
        id: closed.0.missed.0,
    }
}
columns! {
    Closing of closed: (&Reached, DateTime<Utc>) {
        resolved_at: time(closed.1),
        resolved_how: ResolvedHow::Talk.as_str(),
        resolved_call: closed.0.talk.0,
        reached_seconds: closed.0.seconds,
    }
}

static CLOSE: Rows = Rows::named(
    &[Reaching::NAMES, Closing::NAMES],
    "update calls set version = version + 1, {set} from v where calls.id = v.id and calls.resolved_at is null",
);

/// Closes missed calls whose caller was reached; fails with [`BatchError::Conflict`] if one was closed meanwhile.
pub(super) async fn close(
    db: &mut impl Db,
    reached: &[Reached],
    now: DateTime<Utc>,
) -> Result<(), BatchError> {
    let closed: Vec<_> = reached.iter().map(|reached| (reached, now)).collect();
    let add = |values: &mut Values, row: Option<&(&Reached, DateTime<Utc>)>| {
        Reaching::add(values, row);
        Closing::add(values, row);
    };
    save::all(CLOSE.execute(db, &closed, add).await?, closed.len())
}
