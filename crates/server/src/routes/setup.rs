//! Creating the first administrator.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use hookswitch_store::Role;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::users::{self, CreateUser, User};
use crate::app::{App, has_admin};
use crate::auth::require_own_origin;
use crate::error::ApiResult;
use crate::extract::Json;
use crate::remote::RemoteAddress;

/// State of the set-up.
#[derive(Debug, Serialize, ToSchema)]
pub struct SetupState {
    /// Whether there is no administrator yet, so that the set-up code can create one.
    pub open: bool,
}

/// The first administrator to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetUp {
    /// The set-up code that the server printed when it started.
    #[schema(value_type = String, format = Password)]
    pub code: SecretString,
    /// Login, 1 to 100 characters without spaces.
    pub login: String,
    /// Display name, 1 to 200 characters.
    pub name: String,
    /// At least 10 characters.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// Returns whether set-up is open.
#[utoipa::path(get, path = "/api/v1/setup", tag = "session", security(()), responses((status = 200, body = SetupState)))]
pub async fn setup_state(State(app): State<Arc<App>>) -> ApiResult<axum::Json<SetupState>> {
    let open = app.accounts.setup.open().await.is_some() && !has_admin(&app.store).await?;
    Ok(axum::Json(SetupState { open }))
}

/// Creates the first administrator. Returns 409 if there already is one, and 403 if the set-up code is wrong.
#[utoipa::path(post, path = "/api/v1/setup", tag = "session", request_body = SetUp, security(()), responses(
    (status = 201, body = User),
))]
pub async fn set_up(
    State(app): State<Arc<App>>,
    RemoteAddress(address): RemoteAddress,
    headers: HeaderMap,
    Json(body): Json<SetUp>,
) -> ApiResult<(StatusCode, axum::Json<User>)> {
    if headers.contains_key(header::ORIGIN) {
        require_own_origin(&headers, &app.public_url)?;
    }
    app.accounts.attempts.count("", address, app.clock.now())?;
    let is_done = || Error::conflict("setupDone", "There already is an administrator. Sign in, or ask them.");
    let setup = app.accounts.setup.open().await.ok_or_else(is_done)?;
    // The command line may have created one in the meantime.
    if has_admin(&app.store).await? {
        setup.close();
        return Err(is_done().into());
    }
    if !setup.is_code(body.code.expose_secret()) {
        return Err(Error::not_allowed(
            "Wrong set-up code. Use the one that the server printed when it started.",
        )
        .into());
    }
    let SetUp { login, name, password, code: _ } = body;
    let admin = CreateUser { login, name, email: None, role: Role::Admin, password };
    let user = users::make(&app.store, &app.accounts.passwords, app.clock.now(), admin).await?;
    setup.close();
    users::audit_made(&app, user.id, &user).await;
    Ok((StatusCode::CREATED, axum::Json(user)))
}
