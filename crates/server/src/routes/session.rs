//! Signing in and out.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use chrono::TimeDelta;
use hookswitch_store::{AuditAction, NewSession};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::users::{User, with_numbers};
use crate::app::App;
use crate::auth::{SignedIn, ended_session, new_session, require_own_origin};
use crate::error::{ApiError, ApiResult};
use crate::extract::Json;
use crate::remote::RemoteAddress;
use hookswitch_core::accounts::check;
use hookswitch_core::accounts::{Secret, Via};
use hookswitch_core::audit::said;
use hookswitch_core::cut::{self, cut};

/// Login and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// Login, in upper or lower case.
    pub login: String,
    /// In plain text; only its hash is kept.
    #[schema(value_type = String, format = Password)]
    pub password: SecretString,
}

/// Signs in and sets the session cookie. Returns 401 if login or password is wrong, and 429 after too many attempts.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", request_body = SignIn, security(()), responses(
    (status = 200, body = User),
))]
pub async fn sign_in(
    State(app): State<Arc<App>>,
    RemoteAddress(address): RemoteAddress,
    headers: HeaderMap,
    Json(body): Json<SignIn>,
) -> ApiResult<([(header::HeaderName, HeaderValue); 1], axum::Json<User>)> {
    if headers.contains_key(header::ORIGIN) {
        require_own_origin(&headers, &app.public_url)?;
    }
    let SignIn { login, password } = body;
    Error::check(check::too_long(&login, &password))?;
    let now = app.clock.now();
    app.accounts.attempts.count(&login, address, now)?;
    let user = app.store.user_by_login(&login).await?.filter(|user| user.active);
    let hash = user.as_ref().and_then(|user| user.password_hash.as_deref());
    let is_right = app.accounts.passwords.verify(password, hash, address).await?;
    let from = || vec![said("address", address.to_string())];
    let known = user.as_ref().map(|user| user.id);
    let Some(user) = user.filter(|_| is_right) else {
        app.accounts.attempts.failed(&login, address, now);
        if let Some(user) = known {
            app.audit.record_of(user, AuditAction::SignInFailed, login.as_str(), from()).await;
        }
        tracing::info!(login = %cut(&login, cut::TEXT), %address, "sign-in refused");
        let detail = "Incorrect login or password.";
        return Err(ApiError::new(StatusCode::UNAUTHORIZED, "wrongCredentials", detail));
    };
    app.accounts.attempts.succeeded(&login, address);
    let days = app.config.auth.session_days;
    let secret = Secret::new();
    app.store.purge_sessions(now).await?;
    app.store
        .create_session(&NewSession {
            token_hash: secret.hash(),
            user_id: user.id,
            created_at: now,
            expires_at: now + TimeDelta::days(days.into()),
        })
        .await?;
    app.audit.record_of(user.id, AuditAction::SignedIn, user.login.as_str(), from()).await;
    let cookie = new_session(&secret, days, app.public_url.is_https());
    Ok(([(header::SET_COOKIE, cookie)], axum::Json(with_numbers(&app, user))))
}

/// Signs out, ending the session in the cookie. Returns 409 if the request uses a token.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses(
    (status = 204, description = "signed out"),
))]
pub async fn sign_out(
    State(app): State<Arc<App>>,
    caller: SignedIn,
) -> ApiResult<(StatusCode, [(header::HeaderName, HeaderValue); 1])> {
    let Via::Session { token_hash } = caller.via else {
        let detail = "A token has no session to end. Delete the token with DELETE /api/v1/tokens/{id}.";
        return Err(Error::conflict("noSession", detail).into());
    };
    app.store.delete_session(&token_hash).await?;
    app.live.hub.disconnect_via(caller.user.id, &Via::Session { token_hash });
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, ended_session(app.public_url.is_https()))]))
}
