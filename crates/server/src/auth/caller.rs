//! Extractors for the caller: handlers that take [`SignedIn`] or [`Admin`] run only for such users.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, Utc};
use hookswitch_store::{Role, User};

use super::cookie::session_token;
use super::origin;
use crate::app::App;
use crate::error::{ApiError, ApiResult};
use hookswitch_core::accounts::{Opened, Via};

/// An active user, signed in with a token (`Authorization: Bearer …`) or a session cookie. With a cookie, requests that
/// change something or open a socket must come from a page of this server.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// The signed-in user.
    pub user: User,
    /// The session or token used.
    pub via: Via,
    /// When the session or token expires; `None` for never.
    pub until: Option<DateTime<Utc>>,
}

/// A signed-in administrator. Rejects other users with 403.
#[derive(Debug, Clone)]
pub struct Admin(pub SignedIn);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let opened = match bearer(&parts.headers) {
            Some(token) => app.accounts.by_token(token).await?,
            None => {
                let secret = session_token(&parts.headers, app.public_url.is_https());
                let secret = secret.ok_or_else(Error::not_signed_in)?;
                if !parts.method.is_safe() || parts.headers.contains_key(header::UPGRADE) {
                    origin::require_own_origin(&parts.headers, &app.public_url)?;
                }
                app.accounts.by_session(&secret).await?
            }
        };
        let Opened { user, via, until } = opened.ok_or_else(Error::not_signed_in)?;
        if app.catalog.directory.role_of(user.id).is_none() {
            // The user was created on the command line since users were last loaded.
            app.catalog.directory.reload(&app.store).await?;
        }
        Ok(Self { user, via, until })
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let caller = SignedIn::from_request_parts(parts, app).await?;
        match caller.user.role {
            Role::Admin => Ok(Self(caller)),
            Role::Operator => Err(Error::not_allowed("Only administrators may do this.").into()),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
