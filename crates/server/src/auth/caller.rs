//! Extractors: a handler that takes [`SignedIn`] or [`Admin`] is not called for anyone else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::TokenId;
use hookswitch_store::{OpenToken, Role, StoreError, User};

use super::cookie::session_token;
use super::{origin, secret};
use crate::app::App;
use crate::error::{ApiError, ApiResult};

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

/// What somebody signed in by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Via {
    /// A browser's session.
    Session {
        /// Hash of its token, as the store has it.
        token_hash: Vec<u8>,
    },
    /// An API token.
    Token(TokenId),
}

impl SignedIn {
    /// Whether this session or token still opens, for the same user in the same role. Asks the database, which other servers
    /// change too.
    ///
    /// # Errors
    /// Only the database's.
    pub async fn holds(&self, app: &App) -> Result<bool, StoreError> {
        let now = app.clock.now();
        let user = match &self.via {
            Via::Session { token_hash } => {
                app.store.session(token_hash, now).await?.map(|session| session.user)
            }
            Via::Token(id) => app.store.open_token(*id, now).await?.map(|token| token.user),
        };
        Ok(user.is_some_and(|user| (user.id, user.role) == (self.user.id, self.user.role)))
    }
}

/// A signed-in administrator. 403 for other users.
#[derive(Debug, Clone)]
pub struct Admin(pub SignedIn);

impl FromRequestParts<Arc<App>> for SignedIn {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let caller = match bearer(&parts.headers) {
            Some(token) => by_token(app, token).await?,
            None => by_session(app, parts).await?,
        };
        if app.directory.role_of(caller.user.id).is_none() {
            // Made on the command line since the users were last read.
            app.directory.reload(&app.store).await?;
        }
        Ok(caller)
    }
}

impl FromRequestParts<Arc<App>> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> ApiResult<Self> {
        let caller = SignedIn::from_request_parts(parts, app).await?;
        match caller.user.role {
            Role::Admin => Ok(Self(caller)),
            Role::Operator => Err(ApiError::not_allowed("Only an administrator may do this.")),
        }
    }
}

async fn by_session(app: &App, parts: &Parts) -> ApiResult<SignedIn> {
    let token =
        session_token(&parts.headers, app.public_url.is_https()).ok_or_else(ApiError::not_signed_in)?;
    if !parts.method.is_safe() || parts.headers.contains_key(header::UPGRADE) {
        origin::require_own_origin(&parts.headers, &app.public_url)?;
    }
    let token_hash = secret::hash(&token);
    let session = app.store.session(&token_hash, app.clock.now()).await?;
    let session = session.ok_or_else(ApiError::not_signed_in)?;
    let until = Some(session.expires_at);
    Ok(SignedIn { user: session.user, via: Via::Session { token_hash }, until })
}

async fn by_token(app: &App, token: &str) -> ApiResult<SignedIn> {
    let now = app.clock.now();
    let found = app.store.token_by_hash(&secret::hash(token), now).await?;
    let OpenToken { id, user, expires_at: until } = found.ok_or_else(ApiError::not_signed_in)?;
    if app.auth.token_use.is_news(id, now)
        && let Err(error) = app.store.touch_token(id, now).await
    {
        // Whoever may only read can do so while the disk is full.
        tracing::warn!(%error, "the use of a token was not written down");
    }
    Ok(SignedIn { user, via: Via::Token(id), until })
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// When each token's use was last written down: once a minute is enough. Holds one entry a token that is in use.
#[derive(Debug, Default)]
pub struct TokenUse(Mutex<HashMap<TokenId, DateTime<Utc>>>);

impl TokenUse {
    fn is_news(&self, id: TokenId, now: DateTime<Utc>) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &DateTime<Utc>| now - *at >= TimeDelta::minutes(1);
        let is_news = written.get(&id).is_none_or(is_old);
        if is_news {
            written.retain(|_, at| !is_old(at));
            written.insert(id, now);
        }
        is_news
    }
}
