//! API tokens: what programs sign in with.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::{TokenId, UserId};
use hookswitch_store::{ApiToken, NewToken, Role, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Secret, SignedIn};
use crate::clock;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};

const MAX_NAME_CHARS: usize = 100;

/// A token, without what it opens with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Which.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute; null when never.
    pub last_used_at: Option<DateTime<Utc>>,
    /// Until when; null for ever.
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<ApiToken> for Token {
    fn from(token: ApiToken) -> Self {
        let ApiToken { id, name, created_at, last_used_at, expires_at, user_id: _ } = token;
        Self { id, name, created_at, last_used_at, expires_at }
    }
}

/// A token just made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeToken {
    /// Which.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when; null for ever.
    pub expires_at: Option<DateTime<Utc>>,
    /// What goes into `Authorization: Bearer …`. Told here only.
    pub token: String,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for: 1 to 100 characters.
    pub name: String,
    /// Until when; for ever when left out.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// The caller's own tokens, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(PageQuery), responses(
    (status = 200, body = Page<Token>),
))]
pub async fn list_tokens(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<Token>>> {
    let tokens = app.store.tokens(Some(caller.user.id)).await?.into_iter().map(Token::from);
    Ok(axum::Json(Page::of_all(tokens, &page, |token| std::cmp::Reverse(token.id))?))
}

/// Makes a token that may do what the caller may.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = CreateToken, responses(
    (status = 201, body = MadeToken),
))]
pub async fn create_token(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    Json(body): Json<CreateToken>,
) -> ApiResult<(StatusCode, axum::Json<MadeToken>)> {
    let made = make(&app.store, app.clock.now(), caller.user.id, body).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Deletes a token: one's own, or as an administrator anyone's.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = TokenId, Path)), responses(
    (status = 204, description = "deleted"),
))]
pub async fn delete_token(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    Path(id): Path<TokenId>,
) -> ApiResult<StatusCode> {
    let only_of = (caller.user.role != Role::Admin).then_some(caller.user.id);
    if app.store.delete_token(id, only_of).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("token"))
    }
}

/// Checks and makes a token: for this route and the command line.
///
/// # Errors
/// 422 for a bad name or a time that is over.
pub async fn make(
    store: &Store,
    now: DateTime<Utc>,
    user_id: UserId,
    body: CreateToken,
) -> ApiResult<MadeToken> {
    let CreateToken { name, expires_at } = body;
    if !(1..=MAX_NAME_CHARS).contains(&name.trim().chars().count()) {
        return Err(ApiError::invalid(
            "name",
            format!("A token's name has 1 to {MAX_NAME_CHARS} characters."),
        ));
    }
    if expires_at.is_some_and(|until| until <= now) {
        return Err(ApiError::invalid("expiresAt", "The time a token ends has to be in the future."));
    }
    let secret = Secret::new();
    let token = NewToken {
        id: TokenId::new(now, clock::random()),
        token_hash: secret.hash(),
        user_id,
        name,
        created_at: now,
        expires_at,
    };
    let ApiToken { id, name, created_at, expires_at, .. } = store.create_token(&token).await?;
    Ok(MadeToken { id, name, created_at, expires_at, token: secret.expose().to_owned() })
}
