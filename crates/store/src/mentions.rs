//! Mentions of users in comments.

use chrono::{DateTime, Utc};
use hookswitch_model::{CommentId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::comments::{Comment, Row as CommentRow};
use crate::db::{on, on_writer, time};
use crate::error::StoreError;
use crate::open::Store;

/// A comment that mentions a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub comment: Comment,
    /// When the user saw the mention.
    pub seen_at: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct Row {
    #[sqlx(flatten)]
    comment: CommentRow,
    seen_at: Option<DateTime<Utc>>,
}

/// Mentions of the user $1; if $2, only on clients that are theirs or unassigned.
macro_rules! of_user {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " from mentions join comments on comments.id = comment_id join clients on clients.id = comments.client_id \
             where user_id = $1 and (not $2 or responsible_id is null or responsible_id = $1) ",
            $after
        )
    };
}

impl Store {
    /// Lists the comments that mention a user, latest first, starting before the comment `before`. `own`: only those on
    /// clients that are the user's or unassigned.
    pub async fn mentions(
        &self,
        user: UserId,
        own: bool,
        before: Option<CommentId>,
        limit: u32,
    ) -> Result<Vec<Mention>, StoreError> {
        let sql = of_user!(
            "select comments.id, comments.client_id, comments.call_id, author_id, text, comments.created_at, edited_at, \
             seen_at",
            "and comment_id < $3 order by comment_id desc limit $4"
        );
        let rows: Vec<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(user.0)
                .bind(own)
                .bind(before.map_or(Uuid::max(), |before| before.0))
                .bind(i64::from(limit.min(MAX_PAGE)))
                .fetch_all(db)
                .await
        })?;
        let (comments, seen): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|row| (row.comment, row.seen_at)).unzip();
        let comments = self.with_mentions(comments).await?;
        Ok(comments.into_iter().zip(seen).map(|(comment, seen_at)| Mention { comment, seen_at }).collect())
    }

    /// The number of a user's unseen [`Store::mentions`].
    pub async fn mention_count(&self, user: UserId, own: bool) -> Result<u64, StoreError> {
        let sql = of_user!("select count(*)", "and seen_at is null");
        let count: i64 =
            on!(self.read(), |db| sqlx::query_scalar(sql).bind(user.0).bind(own).fetch_one(db).await)?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// Marks a user's mentions as seen.
    pub async fn see_mentions(&self, user: UserId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "update mentions set seen_at = $2 where user_id = $1 and seen_at is null";
        on_writer!(self, |db| sqlx::query(sql).bind(user.0).bind(time(now)).execute(db).await.map(drop))?;
        Ok(())
    }
}
