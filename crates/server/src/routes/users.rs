//! System users: operators and administrators. Only administrators come here.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::UserId;
use hookswitch_store::{NewUser, Role, Store, UserPatch};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, Passwords, SignedIn, Via};
use crate::clock;
use crate::error::{ApiError, ApiResult, FieldError};
use crate::extract::{Json, Path, Query, nullable};
use crate::modules::registry;
use crate::page::{Page, PageQuery};

mod check;

/// A user, as others may see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Which.
    pub id: UserId,
    /// What they sign in with; upper and lower case count the same.
    pub login: String,
    /// What they are called.
    pub name: String,
    /// Their e-mail.
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// Whether they may sign in and be given calls.
    pub active: bool,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

impl From<hookswitch_store::User> for User {
    fn from(user: hookswitch_store::User) -> Self {
        let hookswitch_store::User { id, login, name, email, role, active, created_at, password_hash: _ } =
            user;
        Self { id, login, name, email, role, active, created_at }
    }
}

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateUser {
    /// 1 to 100 characters, no spaces.
    pub login: String,
    /// 1 to 200 characters.
    pub name: String,
    /// Their e-mail.
    #[serde(default)]
    pub email: Option<String>,
    /// What they may do.
    pub role: Role,
    /// At least 10 characters.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// What to change of a user; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateUser {
    /// 1 to 100 characters, no spaces.
    pub login: Option<String>,
    /// 1 to 200 characters.
    pub name: Option<String>,
    /// `null` takes it away.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>)]
    pub email: Option<Option<String>>,
    /// What they may do.
    pub role: Option<Role>,
    /// At least 10 characters. A new password ends the user's sessions, but the one that changes it.
    #[schema(value_type = Option<String>, format = Password)]
    pub password: Option<SecretString>,
    /// `false` ends the user's sessions; their tokens do not work meanwhile.
    pub active: Option<bool>,
}

/// All users, by name.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(PageQuery), responses(
    (status = 200, body = Page<User>),
))]
pub async fn list_users(
    State(app): State<Arc<App>>,
    _: Admin,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<User>>> {
    let users = app.store.users().await?.into_iter().map(User::from);
    let mut users: Vec<User> = users.collect();
    users.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(axum::Json(Page::of_all(users, &page, |user| (user.name.clone(), user.id))?))
}

/// Makes a user. 409 when the login is taken.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUser, responses(
    (status = 201, body = User),
))]
pub async fn create_user(
    State(app): State<Arc<App>>,
    _: Admin,
    Json(body): Json<CreateUser>,
) -> ApiResult<(StatusCode, axum::Json<User>)> {
    let user = make(&app.store, &app.auth.passwords, app.clock.now(), body).await?;
    users_changed(&app).await?;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = UserId, Path)), responses(
    (status = 200, body = User),
))]
pub async fn get_user(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<UserId>,
) -> ApiResult<axum::Json<User>> {
    let user = app.store.user(id).await?.ok_or_else(|| ApiError::not_found("user"))?;
    Ok(axum::Json(user.into()))
}

/// Changes a user. 409 when the login is taken, or nobody could administer any more.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", params(("id" = UserId, Path)), request_body = UpdateUser, responses(
    (status = 200, body = User),
))]
pub async fn update_user(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Path(id): Path<UserId>,
    Json(body): Json<UpdateUser>,
) -> ApiResult<axum::Json<User>> {
    ApiError::check(problems_of_update(&body))?;
    let ends_sessions = body.password.is_some() || body.active == Some(false);
    let password_hash = match body.password {
        Some(password) => Some(Some(app.auth.passwords.hash(password).await?)),
        None => None,
    };
    let UpdateUser { login, name, email, role, active, .. } = body;
    let patch = UserPatch { login, name, email, role, password_hash, active };
    let user = app.store.update_user(id, &patch).await?.ok_or_else(|| ApiError::not_found("user"))?;
    if ends_sessions {
        app.store.delete_sessions_of(id, own_session(&caller)).await?;
    }
    users_changed(&app).await?;
    if ends_sessions || role.is_some() {
        app.hub.disconnect(id);
    }
    Ok(axum::Json(user.into()))
}

/// Deletes a user with their sessions, tokens and bindings. Calls keep who had them. 409 when nobody could administer any
/// more.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = UserId, Path)), responses(
    (status = 204, description = "deleted"),
))]
pub async fn delete_user(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<UserId>,
) -> ApiResult<StatusCode> {
    if app.store.delete_user(id).await? {
        users_changed(&app).await?;
        app.hub.disconnect(id);
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("user"))
    }
}

/// Reads again what is kept in memory of users: names and roles, and who is bound to which number.
async fn users_changed(app: &App) -> ApiResult<()> {
    app.directory.reload(&app.store).await?;
    for active in app.modules.all() {
        registry::reload(app, active.module.id).await?;
    }
    Ok(())
}

/// Checks and makes a user: for this route, the set-up and the command line.
///
/// # Errors
/// 422 with every field that is wrong; 409 when the login is taken.
pub async fn make(
    store: &Store,
    passwords: &Passwords,
    now: DateTime<Utc>,
    body: CreateUser,
) -> ApiResult<User> {
    ApiError::check(problems_of_create(&body))?;
    let CreateUser { login, name, email, role, password } = body;
    let password_hash = Some(passwords.hash(password).await?);
    let id = UserId::new(now, clock::random());
    let user = NewUser { id, login, name, email, role, password_hash, created_at: now };
    Ok(store.create_user(&user).await?.into())
}

fn problems_of_create(body: &CreateUser) -> Vec<FieldError> {
    let email = body.email.as_deref().and_then(check::email);
    [check::login(&body.login), check::name(&body.name), email, check::password(&body.password)]
        .into_iter()
        .flatten()
        .collect()
}

fn problems_of_update(body: &UpdateUser) -> Vec<FieldError> {
    let UpdateUser { login, name, email, password, role: _, active: _ } = body;
    [
        login.as_deref().and_then(check::login),
        name.as_deref().and_then(check::name),
        email.as_ref().and_then(Option::as_deref).and_then(check::email),
        password.as_ref().and_then(check::password),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn own_session(caller: &SignedIn) -> Option<&[u8]> {
    match &caller.via {
        Via::Session { token_hash } => Some(token_hash),
        Via::Token(_) => None,
    }
}
