//! Missed calls, until somebody has dealt with them.

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, UserId};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::calls::{CallCursor, CallPage, Row, beyond, page, select};
use crate::db::{on, time};
use crate::error::StoreError;
use crate::open::Store;

impl Store {
    /// Missed calls not dealt with yet: all, or those an operator has to see, which are the ones that rang at that
    /// operator and the ones that rang at no user at all.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn missed_calls(
        &self,
        operator: Option<UserId>,
        after: Option<CallCursor>,
        limit: u32,
    ) -> Result<CallPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let rows: Vec<Row> = on!(self.read(), |db| {
            let mut query = QueryBuilder::new(select!("where missed and resolved_at is null"));
            missed_of(&mut query, operator);
            beyond(&mut query, after);
            query.push(" order by started_at desc, id desc limit ").push_bind(i64::from(limit) + 1);
            query.build_query_as().fetch_all(db).await
        })?;
        page(rows, limit)
    }

    /// How many [`Store::missed_calls`] there are.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn missed_count(&self, operator: Option<UserId>) -> Result<u64, StoreError> {
        let count: i64 = on!(self.read(), |db| {
            let mut query =
                QueryBuilder::new("select count(*) from calls where missed and resolved_at is null");
            missed_of(&mut query, operator);
            query.build_query_scalar().fetch_one(db).await
        })?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Notes that a missed call was dealt with; says whether it is one that was not yet.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn resolve_missed(
        &self,
        id: CallId,
        by: UserId,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "update calls set resolved_at = $2, resolved_by = $3 \
                   where id = $1 and missed and resolved_at is null";
        let done = on!(self.write(), |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(time(now))
                .bind(by.0)
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    /// Takes [`Store::resolve_missed`] back; says whether it had been dealt with.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn unresolve_missed(&self, id: CallId) -> Result<bool, StoreError> {
        let sql = "update calls set resolved_at = null, resolved_by = null \
                   where id = $1 and resolved_at is not null";
        let done = on!(self.write(), |db| sqlx::query(sql)
            .bind(id.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        Ok(done > 0)
    }
}

fn missed_of<DB>(query: &mut QueryBuilder<DB>, operator: Option<UserId>)
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
{
    if let Some(operator) = operator {
        query.push(" and (rang_at_nobody or exists (select 1 from call_operators ");
        query.push("where call_operators.call_id = calls.id and user_id = ").push_bind(operator.0).push("))");
    }
}
