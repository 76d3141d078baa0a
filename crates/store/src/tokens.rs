//! API tokens. Only a hash of each is stored.

use chrono::{DateTime, Utc};
use hookswitch_model::{TokenId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{on, on_writer, text, time};
use crate::error::StoreError;
use crate::open::Store;
use crate::sessions::unknown_user;
use crate::users::User;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ApiToken {
    #[sqlx(try_from = "Uuid")]
    pub id: TokenId,
    #[sqlx(try_from = "Uuid")]
    pub user_id: UserId,
    /// The name given by its user.
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// When it was last used, as recorded by [`Store::touch_token`].
    pub last_used_at: Option<DateTime<Utc>>,
    /// `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A token to create.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub id: TokenId,
    pub token_hash: Vec<u8>,
    pub user_id: UserId,
    /// The name given by its user.
    pub name: String,
    pub created_at: DateTime<Utc>,
    /// `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A valid token and its user.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct OpenToken {
    #[sqlx(rename = "token_id", try_from = "Uuid")]
    pub id: TokenId,
    /// Always an active user.
    #[sqlx(flatten)]
    pub user: User,
    /// `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
}

macro_rules! select_open {
    ($which:literal) => {
        concat!(
            "select users.id, login, users.name, email, role, password_hash, active, users.created_at, \
             tokens.id as token_id, expires_at from tokens join users on users.id = tokens.user_id \
             where ",
            $which,
            " and (expires_at is null or expires_at > $2) and active"
        )
    };
}

impl Store {
    /// Creates a token.
    ///
    /// # Errors
    /// [`StoreError::UnknownUser`].
    pub async fn create_token(&self, token: &NewToken) -> Result<ApiToken, StoreError> {
        let sql = "insert into tokens (id, token_hash, user_id, name, created_at, expires_at) \
                   values ($1, $2, $3, $4, $5, $6) \
                   returning id, user_id, name, created_at, last_used_at, expires_at";
        let made = on_writer!(self, |db| {
            sqlx::query_as(sql)
                .bind(token.id.0)
                .bind(token.token_hash.clone())
                .bind(token.user_id.0)
                .bind(text(&token.name))
                .bind(time(token.created_at))
                .bind(token.expires_at.map(time))
                .fetch_one(db)
                .await
        });
        made.map_err(unknown_user)
    }

    /// The tokens of a user, or of all users; newest first.
    pub async fn tokens(&self, of: Option<UserId>) -> Result<Vec<ApiToken>, StoreError> {
        let sql = "select id, user_id, name, created_at, last_used_at, expires_at from tokens \
                   where $1 is null or user_id = $1 order by id desc";
        Ok(on!(self.read(), |db| sqlx::query_as(sql).bind(of.map(|user| user.0)).fetch_all(db).await)?)
    }

    /// The token with this hash, until it expires and while its user is active.
    pub async fn token_by_hash(
        &self,
        token_hash: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Option<OpenToken>, StoreError> {
        let sql = select_open!("token_hash = $1");
        Ok(on!(self.read(), |db| {
            sqlx::query_as(sql).bind(token_hash.to_vec()).bind(time(now)).fetch_optional(db).await
        })?)
    }

    /// The token with this id, until it expires and while its user is active.
    pub async fn open_token(&self, id: TokenId, now: DateTime<Utc>) -> Result<Option<OpenToken>, StoreError> {
        let sql = select_open!("tokens.id = $1");
        Ok(on!(self.read(), |db| {
            sqlx::query_as(sql).bind(id.0).bind(time(now)).fetch_optional(db).await
        })?)
    }

    /// Records that the token was used.
    pub async fn touch_token(&self, id: TokenId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let sql = "update tokens set last_used_at = $2 where id = $1";
        on_writer!(self, |db| sqlx::query(sql).bind(id.0).bind(time(now)).execute(db).await.map(drop))?;
        Ok(())
    }

    /// Deletes a token, of any user or only of this one, and returns it; `None` if there is no such token.
    pub async fn delete_token(
        &self,
        id: TokenId,
        of: Option<UserId>,
    ) -> Result<Option<ApiToken>, StoreError> {
        let sql = "delete from tokens where id = $1 and ($2 is null or user_id = $2) \
                   returning id, user_id, name, created_at, last_used_at, expires_at";
        Ok(on_writer!(self, |db| {
            sqlx::query_as(sql).bind(id.0).bind(of.map(|user| user.0)).fetch_optional(db).await
        })?)
    }

    /// Deletes all tokens of a user; returns the number.
    pub async fn delete_tokens_of(&self, user: UserId) -> Result<u64, StoreError> {
        let sql = "delete from tokens where user_id = $1";
        Ok(on_writer!(self, |db| {
            sqlx::query(sql).bind(user.0).execute(db).await.map(|done| done.rows_affected())
        })?)
    }
}
