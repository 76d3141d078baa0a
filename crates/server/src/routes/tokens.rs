//! API tokens, with which programs sign in.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::{TokenId, UserId};
use hookswitch_store::{ApiToken, AuditAction, NewToken, Role, Store};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, ListQuery, Path};
use crate::page::{Page, PageQuery};
use hookswitch_core::accounts::{Secret, Via};
use hookswitch_core::audit::said;
use hookswitch_core::clock;

const MAX_NAME_CHARS: usize = 100;

/// An API token, without its secret.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Identifies the token, e.g. to delete it.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute; `null` if never.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it expires; `null` for never.
    pub expires_at: Option<DateTime<Utc>>,
}

impl From<ApiToken> for Token {
    fn from(token: ApiToken) -> Self {
        let ApiToken { id, name, created_at, last_used_at, expires_at, user_id: _ } = token;
        Self { id, name, created_at, last_used_at, expires_at }
    }
}

/// A newly created token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MadeToken {
    /// Identifies the token, e.g. to delete it.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires; `null` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// The secret for `Authorization: Bearer …`. It is never shown again.
    pub token: String,
}

/// A token to create.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateToken {
    /// What it is for, 1 to 100 characters.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// When it expires; defaults to never. A token created with another token expires no later than that one, and by
    /// default together with it.
    #[serde(default)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Filters for tokens.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListTokens {
    /// Only this user's tokens; defaults to the caller's own. Only administrators see other users' tokens.
    user_id: Option<UserId>,
}

/// Lists the caller's own tokens or, for administrators, another user's; newest first.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "tokens", params(ListTokens, PageQuery), responses(
    (status = 200, body = Page<Token>),
))]
pub async fn list_tokens(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    ListQuery { filters: ListTokens { user_id }, page }: ListQuery<ListTokens>,
) -> ApiResult<axum::Json<Page<Token>>> {
    let of = user_id.unwrap_or(caller.user.id);
    if of != caller.user.id && caller.user.role != Role::Admin {
        return Err(Error::not_allowed("Only administrators may see other users' tokens.").into());
    }
    let tokens = app.store.tokens(Some(of)).await?.into_iter().map(Token::from);
    Ok(axum::Json(Page::of_all(tokens, &page, |token| std::cmp::Reverse(token.id))?))
}

/// Creates a token with the caller's permissions. Returns 422 if it would outlive the token that creates it.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "tokens", request_body = CreateToken, responses(
    (status = 201, body = MadeToken),
))]
pub async fn create_token(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    Json(mut body): Json<CreateToken>,
) -> ApiResult<(StatusCode, axum::Json<MadeToken>)> {
    if let (Via::Token(_), Some(last)) = (&caller.via, caller.until) {
        let until = body.expires_at.unwrap_or(last);
        if until > last {
            let detail = format!(
                "The token that you use expires on {}. A token created with it cannot expire later.",
                last.format("%F at %T UTC")
            );
            return Err(Error::invalid("expiresAt", detail).into());
        }
        body.expires_at = Some(until);
    }
    let made = make(&app.store, app.clock.now(), caller.user.id, body).await?;
    let until = made.expires_at.map(|until| said("expires", until.format("%F %T UTC").to_string()));
    let of = said("user", caller.user.login.as_str());
    let about = [Some(of), until].into_iter().flatten().collect();
    app.audit.record_of(caller.user.id, AuditAction::TokenCreated, made.name.as_str(), about).await;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// Deletes one of the caller's own tokens or, for administrators, anyone's.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "tokens", params(("id" = TokenId, Path)), responses(
    (status = 204, description = "deleted"),
))]
pub async fn delete_token(
    State(app): State<Arc<App>>,
    caller: SignedIn,
    Path(id): Path<TokenId>,
) -> ApiResult<StatusCode> {
    let only_of = (caller.user.role != Role::Admin).then_some(caller.user.id);
    let token = app.store.delete_token(id, only_of).await?.ok_or_else(|| Error::not_found("token"))?;
    app.live.hub.disconnect_via(token.user_id, &Via::Token(id));
    let of = app.store.user(token.user_id).await?.map(|user| said("user", user.login));
    app.audit
        .record_of(caller.user.id, AuditAction::TokenDeleted, token.name, of.into_iter().collect())
        .await;
    Ok(StatusCode::NO_CONTENT)
}

/// Checks and creates a token, for this route and the command line.
///
/// # Errors
/// Returns 422 if the name is invalid or `expires_at` is not in the future.
pub async fn make(
    store: &Store,
    now: DateTime<Utc>,
    user_id: UserId,
    body: CreateToken,
) -> ApiResult<MadeToken> {
    let CreateToken { name, expires_at } = body;
    if !(1..=MAX_NAME_CHARS).contains(&name.trim().chars().count()) {
        return Err(
            Error::invalid("name", format!("Enter a name of 1 to {MAX_NAME_CHARS} characters.")).into()
        );
    }
    if expires_at.is_some_and(|until| until <= now) {
        return Err(Error::invalid("expiresAt", "Enter a time in the future.").into());
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
