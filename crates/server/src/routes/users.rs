//! System users, operators and administrators; administrators only.

use hookswitch_core::Error;
use hookswitch_core::accounts::check;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::UserId;
use hookswitch_store::{AuditAction, AuditChange, NewUser, Role, Store, UserPatch};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query, nullable};
use crate::page::{Page, PageQuery};
use hookswitch_core::FieldError;
use hookswitch_core::accounts::{Passwords, Via};
use hookswitch_core::audit::{change as changed, said};
use hookswitch_core::clock;
use hookswitch_core::modules::registry;

mod numbers;

pub use numbers::{UserNumber, numbers};

/// Somebody who can sign in.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// Unique id; sorts by time of creation.
    pub id: UserId,
    /// Login, not case-sensitive.
    pub login: String,
    /// Display name.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Operator or administrator.
    pub role: Role,
    /// Whether they may sign in and get calls.
    pub active: bool,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// Extensions bound to the user.
    pub numbers: Vec<UserNumber>,
}

impl User {
    fn new(user: hookswitch_store::User, numbers: Vec<UserNumber>) -> Self {
        let hookswitch_store::User { id, login, name, email, role, active, created_at, password_hash: _ } =
            user;
        Self { id, login, name, email, role, active, created_at, numbers }
    }
}

/// Returns a user with the extensions bound to them.
pub fn with_numbers(app: &App, user: hookswitch_store::User) -> User {
    let numbers = numbers(app).remove(&user.id).unwrap_or_default();
    User::new(user, numbers)
}

/// A user to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateUser {
    /// Login, 1 to 100 characters without spaces.
    #[schema(min_length = 1, max_length = 100, pattern = r"^\S+$")]
    pub login: String,
    /// Display name, 1 to 200 characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub name: String,
    /// E-mail address.
    #[serde(default)]
    #[schema(max_length = 254, pattern = r"^[^@\s]+@\S+$")]
    pub email: Option<String>,
    /// Operator or administrator.
    pub role: Role,
    /// At least 10 characters.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 1000)]
    pub password: SecretString,
}

/// Changes to a user; omitted fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateUser {
    /// Login, 1 to 100 characters without spaces.
    #[schema(min_length = 1, max_length = 100, pattern = r"^\S+$")]
    pub login: Option<String>,
    /// Display name, 1 to 200 characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$"
    )]
    pub name: Option<String>,
    /// E-mail address; `null` removes it.
    #[serde(default, deserialize_with = "nullable")]
    #[schema(value_type = Option<String>, max_length = 254, pattern = r"^[^@\s]+@\S+$")]
    pub email: Option<Option<String>>,
    /// Operator or administrator.
    pub role: Option<Role>,
    /// At least 10 characters. A new password ends the user's sessions. Change your own with `PATCH /api/v1/me`.
    #[schema(value_type = Option<String>, format = Password, min_length = 10, max_length = 1000)]
    pub password: Option<SecretString>,
    /// Whether to delete the user's API tokens. Defaults to `true` with a new password, otherwise to `false`.
    pub end_tokens: Option<bool>,
    /// `false` ends the user's sessions and suspends their tokens.
    pub active: Option<bool>,
}

/// Lists all users by name.
#[utoipa::path(get, path = "/api/v1/users", tag = "users", params(PageQuery), responses(
    (status = 200, body = Page<User>),
))]
pub async fn list_users(
    State(app): State<Arc<App>>,
    _: Admin,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<User>>> {
    let mut numbers = numbers(&app);
    let users = app.store.users().await?.into_iter();
    let mut users: Vec<User> = users
        .map(|user| {
            let of_user = numbers.remove(&user.id).unwrap_or_default();
            User::new(user, of_user)
        })
        .collect();
    users.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(axum::Json(Page::of_all(users, &page, |user| (user.name.clone(), user.id))?))
}

/// Creates a user. Returns 409 if the login is taken.
#[utoipa::path(post, path = "/api/v1/users", tag = "users", request_body = CreateUser, responses(
    (status = 201, body = User),
))]
pub async fn create_user(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Json(body): Json<CreateUser>,
) -> ApiResult<(StatusCode, axum::Json<User>)> {
    let user = make(&app.store, &app.accounts.passwords, app.clock.now(), body).await?;
    users_changed(&app).await?;
    audit_made(&app, caller.user.id, &user).await;
    Ok((StatusCode::CREATED, axum::Json(user)))
}

/// Returns a user.
#[utoipa::path(get, path = "/api/v1/users/{id}", tag = "users", params(("id" = UserId, Path)), responses(
    (status = 200, body = User),
))]
pub async fn get_user(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<UserId>,
) -> ApiResult<axum::Json<User>> {
    let user = app.store.user(id).await?.ok_or_else(|| Error::not_found("user"))?;
    Ok(axum::Json(with_numbers(&app, user)))
}

/// Updates a user. Returns 409 if the login is taken, for your own password, and if you would lock yourself out.
#[utoipa::path(patch, path = "/api/v1/users/{id}", tag = "users", params(("id" = UserId, Path)), request_body = UpdateUser, responses(
    (status = 200, body = User),
))]
pub async fn update_user(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Path(id): Path<UserId>,
    Json(body): Json<UpdateUser>,
) -> ApiResult<axum::Json<User>> {
    Error::check(problems_of_update(&body))?;
    let UpdateUser { login, name, email, role, password, end_tokens, active } = body;
    if active == Some(false) || role == Some(Role::Operator) {
        not_oneself(&caller, id)?;
    }
    if password.is_some() && caller.user.id == id {
        let detail = "Change your own password with PATCH /api/v1/me, which asks for the current one.";
        return Err(Error::conflict("ownPassword", detail).at("password").into());
    }
    let end_tokens = end_tokens.unwrap_or(password.is_some());
    let patch = UserPatch { login, name, email, role, active, password_hash: None };
    Ok(axum::Json(change(&app, &caller, id, Change { patch, password, end_tokens }).await?))
}

/// Changes to a user that have been checked.
pub struct Change {
    /// Changed fields, without the password.
    pub patch: UserPatch,
    /// A new password. It ends the user's sessions, except the caller's current one.
    pub password: Option<SecretString>,
    /// Whether to delete the user's tokens.
    pub end_tokens: bool,
}

/// Applies checked changes to a user and what follows from them: ends sessions, closes sockets and reloads caches.
///
/// # Errors
/// Returns 404 if there is no such user, and 409 if the login is taken or no administrator would be left.
pub async fn change(app: &App, caller: &SignedIn, id: UserId, change: Change) -> ApiResult<User> {
    let Change { mut patch, password, end_tokens } = change;
    let new_password = password.is_some();
    let ends_sessions = new_password || patch.active == Some(false);
    if let Some(password) = password {
        patch.password_hash = Some(Some(app.accounts.passwords.hash(password).await?));
    }
    let before = app.store.user(id).await?.ok_or_else(|| Error::not_found("user"))?;
    let user = app.store.update_user(id, &patch).await?.ok_or_else(|| Error::not_found("user"))?;
    if ends_sessions {
        app.store.delete_sessions_of(id, own_session(caller)).await?;
    }
    let ended_tokens = if end_tokens { app.store.delete_tokens_of(id).await? } else { 0 };
    users_changed(app).await?;
    if ends_sessions || ended_tokens > 0 || patch.role.is_some() {
        app.live.hub.disconnect(id);
    }
    let mut changes = changes(&before, &user);
    changes.extend(new_password.then(|| said("password", "new")));
    changes.extend((ended_tokens > 0).then(|| said("tokens", format!("{ended_tokens} deleted"))));
    if !changes.is_empty() {
        app.audit.record_of(caller.user.id, AuditAction::UserChanged, user.login.as_str(), changes).await;
    }
    Ok(with_numbers(app, user))
}

fn changes(before: &hookswitch_store::User, after: &hookswitch_store::User) -> Vec<AuditChange> {
    let words = |user: &hookswitch_store::User| {
        let active = if user.active { "active" } else { "deactivated" };
        let role = user.role.as_str().to_owned();
        [
            ("login", Some(user.login.clone())),
            ("name", Some(user.name.clone())),
            ("email", user.email.clone()),
            ("role", Some(role)),
            ("account", Some(active.to_owned())),
        ]
    };
    let fields = words(before).into_iter().zip(words(after));
    fields.filter_map(|((field, from), (_, to))| changed(field, from, to)).collect()
}

/// Records the creation of a user in the audit trail.
pub async fn audit_made(app: &App, by: UserId, user: &User) {
    app.audit.record_of(by, AuditAction::UserCreated, user.login.as_str(), about_made(user)).await;
}

/// Returns what the audit trail says about a new user.
pub fn about_made(user: &User) -> Vec<AuditChange> {
    vec![said("name", user.name.as_str()), said("role", user.role.as_str())]
}

/// Deletes a user with their sessions, tokens and bindings. Calls still show who handled them.
///
/// Returns 409 for your own account.
#[utoipa::path(delete, path = "/api/v1/users/{id}", tag = "users", params(("id" = UserId, Path)), responses(
    (status = 204, description = "deleted"),
))]
pub async fn delete_user(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Path(id): Path<UserId>,
) -> ApiResult<StatusCode> {
    not_oneself(&caller, id)?;
    let user = app.store.user(id).await?.ok_or_else(|| Error::not_found("user"))?;
    if !app.store.delete_user(id).await? {
        return Err(Error::not_found("user").into());
    }
    users_changed(&app).await?;
    app.live.hub.disconnect(id);
    app.audit
        .record_of(caller.user.id, AuditAction::UserDeleted, user.login, vec![said("name", user.name)])
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// Returns 409 for the caller's own account, so that there is always an administrator left.
fn not_oneself(caller: &SignedIn, id: UserId) -> ApiResult<()> {
    if caller.user.id == id {
        let detail = "You cannot deactivate, demote or delete your own account. Another administrator can.";
        return Err(Error::conflict("ownAccount", detail).into());
    }
    Ok(())
}

/// Reloads what is cached about users: names, roles and bindings.
async fn users_changed(app: &App) -> ApiResult<()> {
    app.catalog.directory.reload(&app.store).await?;
    // Users who may no longer sign in call nobody back.
    app.live.missed.changed();
    for active in app.modules.all() {
        registry::reload(&app.modules, active.module.id).await?;
    }
    Ok(())
}

/// Checks and creates a user, for this route, the set-up and the command line.
///
/// # Errors
/// Returns 422 with every invalid field, and 409 if the login is taken.
pub async fn make(
    store: &Store,
    passwords: &Passwords,
    now: DateTime<Utc>,
    body: CreateUser,
) -> ApiResult<User> {
    Error::check(problems_of_create(&body))?;
    let CreateUser { login, name, email, role, password } = body;
    let password_hash = Some(passwords.hash(password).await?);
    let id = UserId::new(now, clock::random());
    let user = NewUser { id, login, name, email, role, password_hash, created_at: now };
    // A new user has no bindings yet.
    Ok(User::new(store.create_user(&user).await?, Vec::new()))
}

fn problems_of_create(body: &CreateUser) -> Vec<FieldError> {
    let email = body.email.as_deref().and_then(check::email);
    [check::login(&body.login), check::name(&body.name), email, check::password(&body.password)]
        .into_iter()
        .flatten()
        .collect()
}

fn problems_of_update(body: &UpdateUser) -> Vec<FieldError> {
    let UpdateUser { login, name, email, password, role: _, end_tokens: _, active: _ } = body;
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
