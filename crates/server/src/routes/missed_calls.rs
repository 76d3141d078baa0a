//! Missed calls not dealt with yet.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_model::{CallId, view};
use hookswitch_store::{Role, User};

use super::calls::{after, show_page};
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Path, Query};
use crate::page::{Page, PageQuery};
use crate::telephony::api_call::ApiCall;

/// Missed calls not dealt with yet, latest first: administrators see all, operators those that rang at them or at nobody.
#[utoipa::path(
    get,
    path = "/api/v1/missed-calls",
    tag = "calls",
    params(PageQuery),
    responses((status = 200, body = Page<ApiCall>)),
)]
pub async fn list_missed_calls(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<ApiCall>>> {
    let own = (user.role != Role::Admin).then_some(user.id);
    let calls = app.store.missed_calls(own, after(&page)?, page.limit()?).await?;
    Ok(axum::Json(show_page(&app, &user, calls)?))
}

/// Says that a missed call was dealt with.
#[utoipa::path(
    post,
    path = "/api/v1/missed-calls/{id}/resolve",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 204)),
)]
pub async fn resolve_missed_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
) -> ApiResult<StatusCode> {
    let view = missed(&app, &user, id).await?;
    if !app.store.resolve_missed(id, user.id, app.clock.now()).await? {
        return Err(ApiError::conflict("alreadyResolved", "Somebody has dealt with this call already."));
    }
    app.missed.concerns(&view);
    Ok(StatusCode::NO_CONTENT)
}

/// Takes that back.
#[utoipa::path(
    post,
    path = "/api/v1/missed-calls/{id}/reopen",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 204)),
)]
pub async fn reopen_missed_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
) -> ApiResult<StatusCode> {
    let view = missed(&app, &user, id).await?;
    if !app.store.unresolve_missed(id).await? {
        return Err(ApiError::conflict("notResolved", "This call is open already."));
    }
    app.missed.concerns(&view);
    Ok(StatusCode::NO_CONTENT)
}

async fn missed(app: &App, user: &User, id: CallId) -> ApiResult<hookswitch_model::CallView> {
    let stored = app.store.call(id).await?;
    let view = stored.map(|stored| view(&stored.call)).filter(|view| view.missed);
    let users = |view: &hookswitch_model::CallView| {
        view.operators.iter().filter_map(|leg| leg.user).collect::<Vec<_>>()
    };
    let theirs = view.filter(|view| {
        let users = users(view);
        user.role == Role::Admin || users.is_empty() || users.contains(&user.id)
    });
    theirs.ok_or_else(|| ApiError::not_found("missed call"))
}
