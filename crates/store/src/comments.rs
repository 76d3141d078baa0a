//! Comments in clients' activity streams.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, CommentId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::MAX_PAGE;
use crate::db::{Tx, far_future, on, on_writer, text, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::rows::{Rows, chunks};
use crate::sessions::unknown_user;

/// Maximum number of comments per call: a page of a stream shows all comments of its calls.
pub const MAX_COMMENTS_OF_CALL: i64 = 100;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub id: CommentId,
    /// The client with this comment in its stream.
    pub client_id: ClientId,
    /// The call it is about.
    pub call_id: Option<CallId>,
    pub author_id: UserId,
    pub text: String,
    /// The users mentioned in it.
    pub mentions: BTreeSet<UserId>,
    pub created_at: DateTime<Utc>,
    pub edited_at: Option<DateTime<Utc>>,
}

/// Where the next page of a stream starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommentCursor {
    /// When the page's last comment was written.
    pub created_at: DateTime<Utc>,
    /// The page's last comment.
    pub id: CommentId,
}

#[derive(FromRow)]
pub(crate) struct Row {
    id: Uuid,
    client_id: Uuid,
    call_id: Option<Uuid>,
    author_id: Uuid,
    text: String,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select comments.id, comments.client_id, comments.call_id, author_id, text, comments.created_at, edited_at \
             from comments ",
            $rest
        )
    };
}

impl Store {
    /// Stores a comment; returns `false` if its call already has [`MAX_COMMENTS_OF_CALL`], or its client does not
    /// exist.
    ///
    /// # Errors
    /// [`StoreError::UnknownUser`] if a mentioned user does not exist.
    pub async fn add_comment(&self, comment: &Comment) -> Result<bool, StoreError> {
        let sql = "insert into comments (id, client_id, call_id, author_id, text, created_at) \
                   select $1, clients.id, $3, $4, $5, $6 from clients where clients.id = $2 \
                   and (select count(*) from comments where call_id = $3) < $7";
        let mut tx = self.begin().await?;
        let added = on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(comment.id.0)
                .bind(comment.client_id.0)
                .bind(comment.call_id.map(|call| call.0))
                .bind(comment.author_id.0)
                .bind(text(&comment.text))
                .bind(time(comment.created_at))
                .bind(MAX_COMMENTS_OF_CALL)
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        if added > 0 {
            mention(&mut tx, comment.id, &comment.mentions).await?;
            tx.commit().await?;
        }
        Ok(added > 0)
    }

    /// Changes a comment's text and mentions. Returns the newly mentioned users, or `None` if there is no such comment.
    ///
    /// # Errors
    /// [`StoreError::UnknownUser`] if a mentioned user does not exist.
    pub async fn edit_comment(
        &self,
        id: CommentId,
        new_text: &str,
        mentions: &BTreeSet<UserId>,
        now: DateTime<Utc>,
    ) -> Result<Option<BTreeSet<UserId>>, StoreError> {
        let mut tx = self.begin().await?;
        let sql = "update comments set text = $2, edited_at = $3 where id = $1";
        let edited = on!(tx.conn(), |db| {
            sqlx::query(sql)
                .bind(id.0)
                .bind(text(new_text))
                .bind(time(now))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?;
        if edited == 0 {
            return Ok(None);
        }
        let sql = "select user_id from mentions where comment_id = $1";
        let before: Vec<Uuid> = on!(tx.conn(), |db| sqlx::query_scalar(sql).bind(id.0).fetch_all(db).await)?;
        let before: BTreeSet<UserId> = before.into_iter().map(UserId).collect();
        for gone in before.difference(mentions) {
            let sql = "delete from mentions where comment_id = $1 and user_id = $2";
            on!(tx.conn(), |db| sqlx::query(sql).bind(id.0).bind(gone.0).execute(db).await.map(drop))?;
        }
        let new = mentions.difference(&before).copied().collect();
        mention(&mut tx, id, &new).await?;
        tx.commit().await?;
        Ok(Some(new))
    }

    /// Deletes a comment; returns whether it existed.
    pub async fn delete_comment(&self, id: CommentId) -> Result<bool, StoreError> {
        let sql = "delete from comments where id = $1";
        let done = on_writer!(self, |db| {
            sqlx::query(sql).bind(id.0).execute(db).await.map(|done| done.rows_affected())
        })?;
        Ok(done > 0)
    }

    pub async fn comment(&self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let sql = select!("where id = $1");
        let rows: Vec<Row> = on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_all(db).await)?;
        Ok(self.with_mentions(rows).await?.pop())
    }

    /// The latest comment on a client or on one of its calls.
    pub async fn last_comment(&self, client: ClientId) -> Result<Option<Comment>, StoreError> {
        let sql = select!("where client_id = $1 order by created_at desc, id desc limit 1");
        let rows: Vec<Row> = on!(self.read(), |db| sqlx::query_as(sql).bind(client.0).fetch_all(db).await)?;
        Ok(self.with_mentions(rows).await?.pop())
    }

    /// A client's comments that do not belong to any of its calls, latest first.
    pub async fn free_comments(
        &self,
        client: ClientId,
        after: Option<CommentCursor>,
        limit: u32,
    ) -> Result<Vec<Comment>, StoreError> {
        // A call can move to another client. Comments on it made here then stand alone.
        let sql = select!(
            "where client_id = $1 and (created_at, id) < ($2, $3) and (call_id is null or not exists \
             (select 1 from calls where calls.id = comments.call_id and calls.client_id = comments.client_id)) \
             order by created_at desc, id desc limit $4"
        );
        let rows: Vec<Row> = on!(self.read(), |db| {
            sqlx::query_as(sql)
                .bind(client.0)
                .bind(after.map_or_else(far_future, |after| time(after.created_at)))
                .bind(after.map_or(Uuid::max(), |after| after.id.0))
                .bind(i64::from(limit.min(MAX_PAGE)))
                .fetch_all(db)
                .await
        })?;
        self.with_mentions(rows).await
    }

    /// The comments on a client that belong to these calls, oldest first.
    pub async fn comments_of_calls(
        &self,
        client: ClientId,
        calls: &[CallId],
    ) -> Result<HashMap<CallId, Vec<Comment>>, StoreError> {
        static OF_CALLS: Rows = Rows::new(
            select!("join (values "),
            2,
            ") as v on comments.client_id = v.column1 and comments.call_id = v.column2 \
             order by comments.created_at, comments.id",
        );
        let mut rows: Vec<Row> = Vec::new();
        for chunk in chunks(calls) {
            let pool = self.read();
            let (sql, filled) = OF_CALLS.fill(&pool, chunk);
            rows.extend(on!(pool, |db| {
                let mut query = sqlx::query_as(sql);
                for call in filled {
                    query = query.bind(call.map(|_| client.0)).bind(call.map(|call| call.0));
                }
                query.fetch_all(db).await
            })?);
        }
        let mut of_call: HashMap<CallId, Vec<Comment>> = HashMap::new();
        for comment in self.with_mentions(rows).await? {
            of_call.entry(comment.call_id.unwrap_or(CallId(Uuid::nil()))).or_default().push(comment);
        }
        Ok(of_call)
    }

    pub(crate) async fn with_mentions(&self, rows: Vec<Row>) -> Result<Vec<Comment>, StoreError> {
        static MENTIONS: Rows = Rows::new(
            "select comment_id, user_id from mentions join (values ",
            1,
            ") as v on comment_id = v.column1",
        );
        let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
        let mut mentions: HashMap<Uuid, BTreeSet<UserId>> = HashMap::new();
        for chunk in chunks(&ids) {
            let pool = self.read();
            let (sql, filled) = MENTIONS.fill(&pool, chunk);
            let found: Vec<(Uuid, Uuid)> = on!(pool, |db| {
                let mut query = sqlx::query_as(sql);
                for id in filled {
                    query = query.bind(id.copied());
                }
                query.fetch_all(db).await
            })?;
            for (comment, user) in found {
                mentions.entry(comment).or_default().insert(UserId(user));
            }
        }
        let comment = |row: Row| Comment {
            id: CommentId(row.id),
            client_id: ClientId(row.client_id),
            call_id: row.call_id.map(CallId),
            author_id: UserId(row.author_id),
            text: row.text,
            mentions: mentions.remove(&row.id).unwrap_or_default(),
            created_at: row.created_at,
            edited_at: row.edited_at,
        };
        Ok(rows.into_iter().map(comment).collect())
    }
}

async fn mention(tx: &mut Tx, comment: CommentId, users: &BTreeSet<UserId>) -> Result<(), StoreError> {
    let sql = "insert into mentions (user_id, comment_id) values ($1, $2)";
    for user in users {
        on!(tx.conn(), |db| sqlx::query(sql).bind(user.0).bind(comment.0).execute(db).await.map(drop))
            .map_err(unknown_user)?;
    }
    Ok(())
}
