//! Browser sessions. Only a hash of the cookie's token is stored.

use chrono::{DateTime, Utc};
use hookswitch_model::UserId;
use sqlx::FromRow;

use crate::db::{is_missing_reference, on, on_writer, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::users::User;

/// A session and its user.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Session {
    /// Always an active user.
    #[sqlx(flatten)]
    pub user: User,
    pub expires_at: DateTime<Utc>,
}

/// A session to create.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Hash of the cookie's token.
    pub token_hash: Vec<u8>,
    pub user_id: UserId,
    pub created_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
}

impl Store {
    /// Creates a session.
    ///
    /// # Errors
    /// [`StoreError::UnknownUser`].
    pub async fn create_session(&self, session: &NewSession) -> Result<(), StoreError> {
        // `last_seen_at` is no longer read.
        let sql = "insert into sessions (token_hash, user_id, created_at, expires_at, last_seen_at) \
                   values ($1, $2, $3, $4, $3)";
        let done = on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(session.token_hash.clone())
                .bind(session.user_id.0)
                .bind(time(session.created_at))
                .bind(time(session.expires_at))
                .execute(db)
                .await
                .map(drop)
        });
        done.map_err(unknown_user)
    }

    /// The session of this token, until it expires and while its user is active.
    pub async fn session(
        &self,
        token_hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<Session>, StoreError> {
        let sql = "select users.id, login, name, email, role, password_hash, active, users.created_at, \
                   sessions.expires_at from sessions join users on users.id = sessions.user_id \
                   where token_hash = $1 and expires_at > $2 and active";
        Ok(on!(self.read(), |db| {
            sqlx::query_as(sql).bind(token_hash.to_vec()).bind(time(now)).fetch_optional(db).await
        })?)
    }

    /// Ends a session; returns whether it existed.
    pub async fn delete_session(&self, token_hash: &[u8]) -> Result<bool, StoreError> {
        let sql = "delete from sessions where token_hash = $1";
        let gone = on_writer!(self, |db| {
            sqlx::query(sql).bind(token_hash.to_vec()).execute(db).await.map(|done| done.rows_affected())
        })?;
        Ok(gone > 0)
    }

    /// Ends all sessions of a user, optionally except one; returns the number.
    pub async fn delete_sessions_of(&self, user: UserId, except: Option<&[u8]>) -> Result<u64, StoreError> {
        let sql = "delete from sessions where user_id = $1 and ($2 is null or token_hash <> $2)";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql)
                .bind(user.0)
                .bind(except.map(<[u8]>::to_vec))
                .execute(db)
                .await
                .map(|done| done.rows_affected())
        })?)
    }

    /// Deletes expired sessions; returns the number.
    pub async fn purge_sessions(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let sql = "delete from sessions where expires_at <= $1";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(time(now)).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}

pub(crate) fn unknown_user(error: sqlx::Error) -> StoreError {
    if is_missing_reference(&error) { StoreError::UnknownUser } else { error.into() }
}
