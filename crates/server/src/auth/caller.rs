//! Extractors: a handler that takes [`SignedIn`] or [`Admin`] is not called for anyone else.

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

/// An active user, signed in by a token (`Authorization: Bearer …`) or a session's cookie. With a cookie, a request that
/// changes something, or opens a socket, has to come from a page of this server.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// By what.
    pub via: Via,
    /// When the session or token expires; `None` for never.
    pub until: Option<DateTime<Utc>>,
}

/// A signed-in administrator. 403 for other users.
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
            // Made on the command line since the users were last read.
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
            Role::Operator => Err(Error::not_allowed("Only an administrator may do this.").into()),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
