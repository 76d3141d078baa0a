//! Queries of calls for lists and pages.

use chrono::{DateTime, Utc};
use hookswitch_model::batch::call_version;
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::{Call, CallAnnotations, CallId, CallState, ClientId, ModuleId, OutcomeId, UserId};
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type};
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::call_annotations::AnnotationsRow;
use crate::db::{from_json, on, text, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::readable::{Readable, readable};

/// A call and its annotations.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredCall {
    /// Grows with each change of the call: at least the version of every change already included.
    pub version: i64,
    pub call: Call,
    /// What people, or rules on their behalf, added to it.
    pub added: CallAnnotations,
}

/// Which calls to list; `None` matches everything. Calls with an unknown direction (a record waiting for its call) are
/// never listed.
#[derive(Debug, Clone, Default)]
pub struct CallFilter {
    pub state: Option<CallState>,
    /// Whether the call is over.
    pub ended: Option<bool>,
    pub direction: Option<Direction>,
    pub disposition: Option<Disposition>,
    /// An operator it rang at or who had it.
    pub operator: Option<UserId>,
    /// The client it is logged on.
    pub client_id: Option<ClientId>,
    pub outcome_id: Option<OutcomeId>,
    /// The module it came through.
    pub module_id: Option<ModuleId>,
    /// Started at or after this time.
    pub from: Option<DateTime<Utc>>,
    /// Started before this time.
    pub to: Option<DateTime<Utc>>,
    /// The client's number: one of these, in E.164 or exactly as received from the provider.
    pub phones: Option<Vec<String>>,
    /// Whether it was missed.
    pub missed: Option<bool>,
}

/// Where the next page of calls starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCursor {
    /// The start of the page's last call.
    pub started_at: DateTime<Utc>,
    /// The page's last call.
    pub id: CallId,
}

/// A page of calls, latest start first.
#[derive(Debug, Clone, PartialEq)]
pub struct CallPage {
    pub items: Vec<StoredCall>,
    /// Unreadable calls left out of the page; the log names them.
    pub unreadable: u32,
    /// The next page; `None` on the last.
    pub next: Option<CallCursor>,
}

/// How long calls must have been silent to count as over: the time of the last event.
#[derive(Debug, Clone, Copy)]
pub struct SilentSince {
    /// For a ringing call.
    pub ringing: DateTime<Utc>,
    /// For a call that somebody has.
    pub talking: DateTime<Utc>,
    /// For a call whose record says that it is over.
    pub recorded: DateTime<Utc>,
}

/// Calls that have been silent for too long, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct SilentCalls {
    /// The readable calls.
    pub items: Vec<StoredCall>,
    /// The last call of this page, after which the next one starts; `None` on the last page.
    pub next: Option<CallId>,
}

#[derive(FromRow)]
pub(crate) struct Row {
    pub(crate) id: Uuid,
    module_id: Uuid,
    call_id: Option<String>,
    version: i32,
    facts: String,
    started_at: DateTime<Utc>,
    #[sqlx(flatten)]
    added: AnnotationsRow,
}

impl TryFrom<Row> for StoredCall {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            version: call_version(row.version, u16::MAX),
            call: Call {
                id: CallId(row.id),
                module_id: ModuleId(row.module_id),
                call_id: row.call_id,
                facts: from_json(&row.facts)?,
            },
            added: row.added.try_into()?,
        })
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select id, module_id, call_id, version, facts, started_at, comment, client_id, client_chosen, outcome_id, ",
            "resolved_at, resolved_by, resolved_how, resolved_reason, resolved_call, reached_seconds from calls ",
            $rest
        )
    };
}
pub(crate) use select;

/// More calls than any screen shows at once, or than time out at once.
const MAX_ACTIVE: i64 = 10_000;

impl Store {
    /// The call with this id, even if its direction is unknown.
    pub async fn call(&self, id: CallId) -> Result<Option<StoredCall>, StoreError> {
        let sql = select!("where id = $1");
        let row: Option<Row> =
            on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?;
        row.map(TryInto::try_into).transpose()
    }

    /// Lists calls, latest start first.
    pub async fn calls(
        &self,
        filter: &CallFilter,
        after: Option<CallCursor>,
        limit: u32,
    ) -> Result<CallPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let rows: Vec<Readable<Row>> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(select!("where direction is not null"));
            filters(&mut query, filter, after);
            query.push(" order by started_at desc, id desc limit ").push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(db).await
        })?;
        Ok(page(rows, limit))
    }

    /// The calls that have not ended, of one operator (still ringing there or not) or of all, oldest first.
    pub async fn active_calls(&self, operator: Option<UserId>) -> Result<Vec<StoredCall>, StoreError> {
        let sql = select!(
            "where state <> 'ended' and direction is not null and ($1 is null or exists \
             (select 1 from call_operators where user_id = $1 and call_operators.call_id = calls.id)) \
             order by id limit $2"
        );
        let rows: Vec<Readable<Row>> = on!(self.read(), |db| {
            sqlx::query_as(sql).bind(operator.map(|user| user.0)).bind(MAX_ACTIVE).fetch_all(db).await
        })?;
        Ok(stored(rows).0)
    }

    /// The calls that have not ended and have been silent since the given times.
    pub async fn silent_calls(
        &self,
        since: &SilentSince,
        after: Option<CallId>,
        limit: u32,
    ) -> Result<SilentCalls, StoreError> {
        let limit = limit.min(MAX_PAGE);
        let sql = select!(
            "where state <> 'ended' and heard_at < case when recorded then $3 when state = 'ringing' then $1 \
             else $2 end and ($5 is null or id > $5) order by id limit $4"
        );
        let rows: Vec<Readable<Row>> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(time(since.ringing))
                .bind(time(since.talking))
                .bind(time(since.recorded))
                .bind(i64::from(limit))
                .bind(after.map(|after| after.0))
                .fetch_all(db)
                .await
        })?;
        let last = rows.last().filter(|_| rows.len() == limit as usize);
        let next = last.and_then(Readable::id_of_call).map(CallId);
        Ok(SilentCalls { items: stored(rows).0, next })
    }
}

impl Readable<Row> {
    fn id_of_call(&self) -> Option<Uuid> {
        self.0.as_ref().map_or_else(|unreadable| unreadable.id, |row| Some(row.id))
    }
}

/// The readable calls, and the number of unreadable ones.
fn stored(rows: Vec<Readable<Row>>) -> (Vec<StoredCall>, u32) {
    readable("call", rows.into_iter().map(|row| row.turn(|row: &Row| row.id)))
}

fn page(mut rows: Vec<Readable<Row>>, limit: u32) -> CallPage {
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    // A page cannot continue after a row with an unreadable time.
    let last = rows.iter().rev().find_map(|row| row.0.as_ref().ok()).filter(|_| more);
    let next = last.map(|row| CallCursor { started_at: row.started_at, id: CallId(row.id) });
    let (items, unreadable) = stored(rows);
    CallPage { items, unreadable, next }
}

fn filters<DB>(query: &mut QueryBuilder<DB>, filter: &CallFilter, after: Option<CallCursor>)
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> &'static str: Encode<'q, DB> + Type<DB>,
    for<'q> DateTime<Utc>: Encode<'q, DB> + Type<DB>,
{
    // Written out, not bound: the index of active calls matches only this text.
    match filter.ended.or(filter.state.map(|state| state == CallState::Ended)) {
        Some(true) => query.push(" and state = 'ended'"),
        Some(false) => query.push(" and state <> 'ended'"),
        None => query,
    };
    if let Some(state) = filter.state {
        query.push(" and state = ").push_bind(state.as_str());
    }
    if let Some(direction) = filter.direction {
        query.push(" and direction = ").push_bind(direction.as_str());
    }
    if let Some(disposition) = filter.disposition {
        query.push(" and disposition = ").push_bind(disposition.as_str());
    }
    if let Some(operator) = filter.operator {
        query.push(" and exists (select 1 from call_operators where call_operators.call_id = calls.id and user_id = ");
        query.push_bind(operator.0).push(")");
    }
    if let Some(client) = filter.client_id {
        query.push(" and client_id = ").push_bind(client.0);
    }
    if let Some(outcome) = filter.outcome_id {
        query.push(" and outcome_id = ").push_bind(outcome.0);
    }
    if let Some(module) = filter.module_id {
        query.push(" and module_id = ").push_bind(module.0);
    }
    if let Some(from) = filter.from {
        query.push(" and started_at >= ").push_bind(time(from));
    }
    if let Some(to) = filter.to {
        query.push(" and started_at < ").push_bind(time(to));
    }
    if let Some(phones) = &filter.phones {
        any_of(query.push(" and (client_e164 in ("), phones);
        any_of(query.push(") or client_raw in ("), phones);
        query.push("))");
    }
    match filter.missed {
        Some(true) => query.push(" and missed"),
        Some(false) => query.push(" and not missed"),
        None => query,
    };
    beyond(query, after);
}

fn any_of<DB>(query: &mut QueryBuilder<DB>, texts: &[String])
where
    DB: Database,
    for<'q> String: Encode<'q, DB> + Type<DB>,
{
    let mut list = query.separated(", ");
    for each in texts {
        list.push_bind(text(each));
    }
}

fn beyond<DB>(query: &mut QueryBuilder<DB>, after: Option<CallCursor>)
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> DateTime<Utc>: Encode<'q, DB> + Type<DB>,
{
    if let Some(after) = after {
        query.push(" and (started_at, id) < (").push_bind(time(after.started_at));
        query.push(", ").push_bind(after.id.0).push(")");
    }
}
