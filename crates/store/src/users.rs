//! Users of the system.

use chrono::{DateTime, Utc};
use hookswitch_model::UserId;
use serde::{Deserialize, Serialize};
use sqlx::FromRow;
use uuid::Uuid;

use crate::db::{Tx, from_word, is_unique, on, on_writer, text, time};
use crate::error::StoreError;
use crate::open::Store;

/// The permissions of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Their own calls, clients and missed calls.
    Operator,
}

impl Role {
    /// The name in the API and the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = StoreError;

    fn try_from(word: String) -> Result<Self, StoreError> {
        from_word(word)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct User {
    #[sqlx(try_from = "Uuid")]
    pub id: UserId,
    /// The sign-in name; case is ignored.
    pub login: String,
    pub name: String,
    pub email: Option<String>,
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// Argon2id in PHC format; `None` for users who cannot sign in with a password.
    pub password_hash: Option<String>,
    /// Whether the user may sign in and receive calls.
    pub active: bool,
    pub created_at: DateTime<Utc>,
}

/// A user to create; active from the start.
#[derive(Debug, Clone)]
pub struct NewUser {
    pub id: UserId,
    pub login: String,
    pub name: String,
    pub email: Option<String>,
    pub role: Role,
    pub password_hash: Option<String>,
    pub created_at: DateTime<Utc>,
}

/// Changes to a user; `None` keeps a field.
#[derive(Debug, Clone, Default)]
pub struct UserPatch {
    pub login: Option<String>,
    pub name: Option<String>,
    /// See [`User::email`]; `Some(None)` clears it.
    pub email: Option<Option<String>>,
    pub role: Option<Role>,
    /// See [`User::password_hash`]; `Some(None)` clears it.
    pub password_hash: Option<Option<String>>,
    pub active: Option<bool>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("select id, login, name, email, role, password_hash, active, created_at from users ", $rest)
    };
}

impl Store {
    /// Creates a user.
    ///
    /// # Errors
    /// [`StoreError::LoginTaken`].
    pub async fn create_user(&self, user: &NewUser) -> Result<User, StoreError> {
        let sql = "insert into users (id, login, login_key, name, email, role, password_hash, active, created_at) \
                   values ($1, $2, $3, $4, $5, $6, $7, true, $8) \
                   returning id, login, name, email, role, password_hash, active, created_at";
        on_writer!(self, |db| {
            sqlx::query_as(sql)
                .bind(user.id.0)
                .bind(text(&user.login))
                .bind(login_key(&user.login))
                .bind(text(&user.name))
                .bind(user.email.as_deref().map(text))
                .bind(user.role.as_str())
                .bind(user.password_hash.clone())
                .bind(time(user.created_at))
                .fetch_one(db)
                .await
        })
        .map_err(login_taken)
    }

    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        let sql = select!("where id = $1");
        Ok(on!(self.read(), |db| sqlx::query_as(sql).bind(id.0).fetch_optional(db).await)?)
    }

    /// The user with this login, ignoring case.
    pub async fn user_by_login(&self, login: &str) -> Result<Option<User>, StoreError> {
        let sql = select!("where login_key = $1");
        Ok(on!(self.read(), |db| sqlx::query_as(sql).bind(login_key(login)).fetch_optional(db).await)?)
    }

    /// All users, by name.
    pub async fn users(&self) -> Result<Vec<User>, StoreError> {
        let sql = select!("order by name, id");
        Ok(on!(self.read(), |db| sqlx::query_as(sql).fetch_all(db).await)?)
    }

    /// Changes a user; returns `None` if there is no such user.
    ///
    /// # Errors
    /// [`StoreError::LoginTaken`]; [`StoreError::LastAdmin`] if no active administrator would be left.
    pub async fn update_user(&self, id: UserId, patch: &UserPatch) -> Result<Option<User>, StoreError> {
        let mut tx = self.begin().await?;
        lock_admins(&mut tx).await?;
        let sql = "update users set login = coalesce($2, login), login_key = coalesce($3, login_key), \
                   name = coalesce($4, name), email = case when $5 then $6 else email end, \
                   role = coalesce($7, role), \
                   password_hash = case when $8 then $9 else password_hash end, active = coalesce($10, active) \
                   where id = $1 \
                   returning id, login, name, email, role, password_hash, active, created_at";
        let user = on!(tx.conn(), |db| {
            sqlx::query_as(sql)
                .bind(id.0)
                .bind(patch.login.as_deref().map(text))
                .bind(patch.login.as_deref().map(login_key))
                .bind(patch.name.as_deref().map(text))
                .bind(patch.email.is_some())
                .bind(patch.email.clone().flatten().as_deref().map(text))
                .bind(patch.role.map(Role::as_str))
                .bind(patch.password_hash.is_some())
                .bind(patch.password_hash.clone().flatten())
                .bind(patch.active)
                .fetch_optional(db)
                .await
        })
        .map_err(login_taken)?;
        if patch.role.is_some() || patch.active.is_some() {
            require_admin(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(user)
    }

    /// Deletes a user with their sessions, tokens and bindings; calls keep their operators. Returns whether the user
    /// existed.
    ///
    /// # Errors
    /// [`StoreError::LastAdmin`] if no active administrator would be left.
    pub async fn delete_user(&self, id: UserId) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        lock_admins(&mut tx).await?;
        let sql = "delete from users where id = $1";
        let gone = on!(tx.conn(), |db| sqlx::query(sql)
            .bind(id.0)
            .execute(db)
            .await
            .map(|done| done.rows_affected()))?;
        if gone > 0 {
            require_admin(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(gone > 0)
    }
}

fn login_key(login: &str) -> String {
    text(&login.to_lowercase())
}

fn login_taken(error: sqlx::Error) -> StoreError {
    if is_unique(&error) { StoreError::LoginTaken } else { error.into() }
}

/// Serializes transactions that remove administrators, on PostgreSQL too.
async fn lock_admins(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "update users set active = active where role = 'admin' and active";
    on!(tx.conn(), |db| sqlx::query(sql).execute(db).await.map(drop))?;
    Ok(())
}

async fn require_admin(tx: &mut Tx) -> Result<(), StoreError> {
    let sql = "select count(*) from users where role = 'admin' and active";
    let admins: i64 = on!(tx.conn(), |db| sqlx::query_scalar(sql).fetch_one(db).await)?;
    if admins == 0 { Err(StoreError::LastAdmin) } else { Ok(()) }
}
