//! Missed calls, until somebody has reached the caller. Entries are callers, not single calls.
//!
//! `model::missed` defines who should call back; lists, counts and permissions all use [`assigned`] here.

mod close;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hookswitch_model::missed::{Assigned, Assignment};
use hookswitch_model::{CallId, ClientId, UserId, phone};
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::calls::{Row, StoredCall};
use crate::clients::ClientScope;
use crate::db::{from_word, on, text, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::readable::{Readable, readable};

/// Calls shown per caller.
const SHOWN_CALLS: i64 = 10;

/// A caller who has not been reached yet.
#[derive(Debug, Clone, PartialEq)]
pub struct MissedCaller {
    /// Their open calls, latest first, at most ten.
    pub calls: Vec<StoredCall>,
    /// The number of open calls.
    pub count: u64,
    /// The start of the first one.
    pub first_at: DateTime<Utc>,
    /// The start of the latest one.
    pub last_at: DateTime<Utc>,
    /// Who should call back.
    pub assigned: Assignment,
}

/// Where the next page of missed callers starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedCursor {
    /// The latest call of the page's last caller.
    pub last_at: DateTime<Utc>,
    /// The key of that caller.
    pub key: String,
}

/// A page of missed callers, latest call first.
#[derive(Debug, Clone, PartialEq)]
pub struct MissedPage {
    pub items: Vec<MissedCaller>,
    /// Unreadable calls left out; the log names them.
    pub unreadable: u32,
    /// The next page; `None` on the last.
    pub next: Option<MissedCursor>,
}

/// The numbers of missed callers to call back.
#[derive(Debug, Default)]
pub struct MissedCounts {
    /// By user, for those with callers of their own.
    pub by_user: HashMap<UserId, u64>,
    /// For every other user.
    pub everybody: u64,
    /// In total.
    pub all: u64,
}

/// Missed calls with the user each waits for, from [`assignee`] and [`reason`]. A call that rang at several users
/// occurs once for each. Users who may not sign in are skipped.
macro_rules! assigned {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " from calls left join clients c on c.id = calls.client_id \
             left join users r on r.id = c.responsible_id and r.active \
             left join call_operators o on o.call_id = calls.id and r.id is null \
             and exists (select 1 from users u where u.id = o.user_id and u.active) \
             left join modules m on m.id = calls.module_id \
             left join users d on d.id = m.missed_responsible_id and d.active ",
            $after
        )
    };
}
pub(crate) use assigned;

/// The user a call of [`assigned`] waits for; null for everybody.
macro_rules! assignee {
    () => {
        "coalesce(r.id, o.user_id, d.id)"
    };
}
pub(crate) use assignee;

/// Whether a call of [`assigned`] waits for a user, given as a parameter; null for anybody. This is the only place in
/// SQL that decides who may call back, close or reopen; `model::missed` describes the rule.
macro_rules! waits_for {
    ($user:literal) => {
        concat!("(", $user, " is null or ", assignee!(), " is null or ", assignee!(), " = ", $user, ")")
    };
}
pub(crate) use waits_for;

/// Why a call of [`assigned`] waits for its user.
macro_rules! reason {
    () => {
        "case when r.id is not null then 'responsible' when o.user_id is not null then 'rung' \
         when d.id is not null then 'module' else 'everybody' end"
    };
}

#[derive(FromRow)]
struct Group {
    missed_key: String,
    calls: i64,
    first_at: DateTime<Utc>,
    last_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct MissedRow {
    missed_key: String,
    #[sqlx(flatten)]
    row: Row,
}

/// A call and its caller's key.
struct OfCaller {
    key: String,
    call: StoredCall,
}

impl TryFrom<MissedRow> for OfCaller {
    type Error = StoreError;

    fn try_from(keyed: MissedRow) -> Result<Self, StoreError> {
        Ok(Self { key: keyed.missed_key, call: keyed.row.try_into()? })
    }
}

impl Store {
    /// Lists callers not reached yet, all of them or an operator's, latest call first.
    pub async fn missed_callers(
        &self,
        operator: Option<UserId>,
        after: Option<&MissedCursor>,
        limit: u32,
    ) -> Result<MissedPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let sql = concat!(
            assigned!(
                "select missed_key, count(distinct calls.id) as calls, min(started_at) as first_at, max(started_at) as last_at",
                "where missed and resolved_at is null and missed_key is not null group by missed_key having "
            ),
            "max(case when ",
            waits_for!("$1"),
            " then 1 else 0 end) = 1 \
             and ($2 is null or max(started_at) < $2 or (max(started_at) = $2 and missed_key < $3)) \
             order by max(started_at) desc, missed_key desc limit $4"
        );
        let mut groups: Vec<Group> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(operator.map(|user| user.0))
                .bind(after.map(|after| time(after.last_at)))
                .bind(after.map(|after| after.key.clone()))
                .bind(i64::from(limit) + 1)
                .fetch_all(db)
                .await
        })?;
        let more = groups.len() > limit as usize;
        groups.truncate(limit as usize);
        let next = groups.last().filter(|_| more);
        let next = next.map(|last| MissedCursor { last_at: last.last_at, key: last.missed_key.clone() });
        let (mut calls, unreadable) = self.open_calls_of(&groups).await?;
        let mut assigned = self.assigned_of(&groups).await?;
        let items = groups.into_iter().map(|group| MissedCaller {
            calls: calls.remove(&group.missed_key).unwrap_or_default(),
            assigned: Assignment::of_caller(assigned.remove(&group.missed_key).unwrap_or_default()),
            count: u64::try_from(group.calls).unwrap_or_default(),
            first_at: group.first_at,
            last_at: group.last_at,
        });
        // A caller reached between the two queries has no open calls any more.
        Ok(MissedPage { items: items.filter(|caller| !caller.calls.is_empty()).collect(), unreadable, next })
    }

    /// The number of open missed calls of a caller, by number or by client, and the start of the latest. Calls of
    /// clients outside `scope` are left out.
    pub async fn open_missed_of(
        &self,
        number: Option<&str>,
        client: Option<ClientId>,
        scope: ClientScope,
    ) -> Result<Option<(u64, DateTime<Utc>)>, StoreError> {
        let sql = "select count(*), max(started_at) from calls left join clients c on c.id = calls.client_id \
                   where missed and resolved_at is null and (missed_key = $1 or client_id = $2) \
                   and ($3 is null or c.responsible_id is null or c.responsible_id = $3)";
        let (count, last): (i64, Option<DateTime<Utc>>) = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(number.map(|number| text(&phone::caller(number))))
                .bind(client.map(|client| client.0))
                .bind(scope.only_of().map(|user| user.0))
                .fetch_one(db)
                .await
        })?;
        Ok(last.map(|last| (u64::try_from(count).unwrap_or_default(), last)))
    }

    /// The caller's key, if the call is missed.
    pub async fn missed_key(&self, id: CallId) -> Result<Option<String>, StoreError> {
        let sql = "select missed_key from calls where id = $1 and missed_key is not null";
        Ok(on!(self.read(), |db| sqlx::query_scalar(sql).bind(id.0).fetch_optional(db).await)?)
    }

    async fn open_calls_of(
        &self,
        groups: &[Group],
    ) -> Result<(HashMap<String, Vec<StoredCall>>, u32), StoreError> {
        if groups.is_empty() {
            return Ok((HashMap::new(), 0));
        }
        let rows: Vec<Readable<MissedRow>> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(
                "select * from (select *, row_number() over (partition by missed_key order by started_at desc, id desc) as place \
                 from calls where missed and resolved_at is null and missed_key in (",
            );
            let mut keys = query.separated(", ");
            for group in groups {
                keys.push_bind(group.missed_key.clone());
            }
            query.push(")) as open where place <= ").push_bind(SHOWN_CALLS);
            query.push(" order by started_at desc, id desc");
            query.build_query_as().fetch_all(db).await
        })?;
        let mut calls: HashMap<String, Vec<StoredCall>> = HashMap::new();
        let rows = rows.into_iter().map(|row| row.turn(|keyed: &MissedRow| keyed.row.id));
        let (of_callers, unreadable) = readable::<OfCaller>("missed call", rows);
        for OfCaller { key, call } in of_callers {
            calls.entry(key).or_default().push(call);
        }
        Ok((calls, unreadable))
    }

    async fn assigned_of(
        &self,
        groups: &[Group],
    ) -> Result<HashMap<String, Vec<(Assigned, Option<UserId>)>>, StoreError> {
        if groups.is_empty() {
            return Ok(HashMap::new());
        }
        let rows: Vec<(String, String, Option<Uuid>)> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(concat!(
                "select distinct missed_key, ",
                reason!(),
                ", ",
                assignee!(),
                assigned!("", "where missed and resolved_at is null and missed_key in (")
            ));
            let mut keys = query.separated(", ");
            for group in groups {
                keys.push_bind(group.missed_key.clone());
            }
            query.push(")").build_query_as().fetch_all(db).await
        })?;
        let mut assigned: HashMap<String, Vec<(Assigned, Option<UserId>)>> = HashMap::new();
        for (key, reason, user) in rows {
            assigned.entry(key).or_default().push((from_word(reason)?, user.map(UserId)));
        }
        Ok(assigned)
    }

    /// Whether a missed call exists whose caller `operator` should call back, or should have when the call was closed.
    /// Without an operator, whether the missed call exists.
    pub async fn calls_back(&self, id: CallId, operator: Option<UserId>) -> Result<bool, StoreError> {
        // The call, and those of the same caller that are still open or were closed with it.
        let sql = concat!(
            assigned!(
                "select count(*)",
                "where calls.id in (select id from calls where id = $1 and missed \
                 union all select other.id from calls it join calls other on other.missed_key = it.missed_key \
                 where it.id = $1 and it.missed and it.resolved_at is null and other.missed and other.resolved_at is null \
                 union all select other.id from calls it join calls other on other.missed_key = it.missed_key \
                 and other.resolved_at = it.resolved_at \
                 where it.id = $1 and it.missed and other.missed and other.resolved_at is not null) and "
            ),
            waits_for!("$2")
        );
        let count: i64 = on!(self.read(), |db| {
            sqlx::query_scalar(sql).bind(id.0).bind(operator.map(|user| user.0)).fetch_one(db).await
        })?;
        Ok(count > 0)
    }

    /// The number of missed callers a user has to call back; without a user, of all missed callers.
    pub async fn missed_count(&self, operator: Option<UserId>) -> Result<u64, StoreError> {
        let sql = concat!(
            assigned!("select count(distinct missed_key)", "where missed and resolved_at is null and "),
            waits_for!("$1")
        );
        let count: i64 = on!(self.read(), |db| {
            sqlx::query_scalar(sql).bind(operator.map(|user| user.0)).fetch_one(db).await
        })?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The numbers of missed callers to call back, for all users.
    pub async fn missed_counts(&self) -> Result<MissedCounts, StoreError> {
        let sql = concat!(
            "select distinct missed_key, ",
            assignee!(),
            assigned!("", "where missed and resolved_at is null and missed_key is not null")
        );
        let rows: Vec<(String, Option<Uuid>)> =
            on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?;
        let mut of: HashMap<Option<UserId>, BTreeSet<&str>> = HashMap::new();
        for (key, user) in &rows {
            of.entry(user.map(UserId)).or_default().insert(key);
        }
        let count = |keys: &BTreeSet<&str>| keys.len() as u64;
        let everybodys = of.remove(&None).unwrap_or_default();
        let by_user =
            of.iter().filter_map(|(user, own)| Some(((*user)?, own.union(&everybodys).count() as u64)));
        Ok(MissedCounts {
            by_user: by_user.collect(),
            everybody: count(&everybodys),
            all: count(&rows.iter().map(|(key, _)| key.as_str()).collect()),
        })
    }
}
