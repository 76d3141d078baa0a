//! Missed callers: people who called, were not answered, and have not been reached yet.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::missed::Assigned;
use hookswitch_model::{CallId, view};
use hookswitch_store::{MissedCaller, MissedCursor, Role, User};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery, cursor_of};
use hookswitch_core::calls::show::show_all;
use hookswitch_core::catalog::NamedUser;
use hookswitch_core::views::call::ApiCall;

/// Longest reason, in characters.
const MAX_REASON: usize = 500;

/// A caller who was not answered and has not been reached yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MissedCaller)]
pub struct ApiMissedCaller {
    /// Id of their latest call.
    id: CallId,
    /// Number of missed calls.
    count: u64,
    /// Time of the first call.
    first_at: DateTime<Utc>,
    /// Time of the latest call.
    last_at: DateTime<Utc>,
    /// Their latest call.
    call: ApiCall,
    /// Times of their calls, newest first, at most ten.
    times: Vec<DateTime<Utc>>,
    /// Why it is up to `assignees` to call back.
    assigned: Assigned,
    /// Who should call back; empty for everyone.
    assignees: Vec<NamedUser>,
}

/// Lists missed callers not reached yet, latest call first. Operators see only those they should call back.
#[utoipa::path(
    get,
    path = "/api/v1/missed-calls",
    tag = "calls",
    params(PageQuery),
    responses((status = 200, body = Page<ApiMissedCaller>)),
)]
pub async fn list_missed_calls(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<ApiMissedCaller>>> {
    let own = (user.role != Role::Admin).then_some(user.id);
    let after = page.after::<(DateTime<Utc>, CallId)>()?;
    let after = match after {
        None => None,
        Some((last_at, id)) => app.store.missed_key(id).await?.map(|key| MissedCursor { last_at, key }),
    };
    let found = app.store.missed_callers(own, after.as_ref(), page.limit()?).await?;
    let latest = found.items.iter().filter_map(|caller| caller.calls.first());
    let shown = show_all(&app.calls, user.id, latest).await?;
    let next_cursor = match (&found.next, found.items.last()) {
        // The key may be a number hidden from the user, so the cursor holds one of the caller's calls instead.
        (Some(next), Some(last)) => Some(cursor_of(&(next.last_at, last.calls[0].call.id))?),
        _ => None,
    };
    let items = found.items.iter().zip(shown).map(|(caller, call)| api_caller(&app, caller, call));
    Ok(axum::Json(Page { items: items.collect(), next_cursor, unreadable: found.unreadable }))
}

fn api_caller(app: &App, caller: &MissedCaller, call: ApiCall) -> ApiMissedCaller {
    ApiMissedCaller {
        id: call.id,
        count: caller.count,
        first_at: caller.first_at,
        last_at: caller.last_at,
        times: caller.calls.iter().map(|stored| view(&stored.call).started_at).collect(),
        assigned: caller.assigned.by,
        assignees: caller.assigned.users.iter().map(|user| app.catalog.directory.named(*user)).collect(),
        call,
    }
}

/// Why a missed caller needs no call back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveMissed {
    /// In the user's own words, at most 500 characters.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Resolves a missed caller: closes all their missed calls.
#[utoipa::path(
    post,
    path = "/api/v1/missed-calls/{id}/resolve",
    tag = "calls",
    params(("id" = CallId, Path)),
    request_body = Option<ResolveMissed>,
    responses((status = 204)),
)]
pub async fn resolve_missed_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    body: Option<Json<ResolveMissed>>,
) -> ApiResult<StatusCode> {
    let reason = body.and_then(|Json(body)| body.reason);
    let reason = reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    if reason.is_some_and(|reason| reason.chars().count() > MAX_REASON) {
        return Err(
            Error::invalid("reason", format!("Shorten the reason to {MAX_REASON} characters.")).into()
        );
    }
    missed(&app, &user, id).await?;
    if !app.store.resolve_missed(id, user.id, reason, app.clock.now()).await? {
        return Err(Error::conflict("alreadyResolved", "This caller has already been dealt with.").into());
    }
    changed(&app, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Reopens a missed caller who was resolved by hand or timed out. Those closed by a conversation stay closed.
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
    missed(&app, &user, id).await?;
    if !app.store.reopen_missed(id).await? {
        let detail = "This caller is already open, or somebody has spoken with them.";
        return Err(Error::conflict("notResolved", detail).into());
    }
    changed(&app, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn changed(app: &App, id: CallId) -> ApiResult<()> {
    app.live.missed.changed();
    if let Some(client) = app.store.call(id).await?.and_then(|stored| stored.added.client_id) {
        app.live.client_changes.note(client);
    }
    Ok(())
}

/// Returns 404 unless it is a missed call whose caller is, or was when closed, the user's to call back.
async fn missed(app: &App, user: &User, id: CallId) -> ApiResult<()> {
    let operator = (user.role != Role::Admin).then_some(user.id);
    if app.store.calls_back(id, operator).await? {
        Ok(())
    } else {
        Err(Error::not_found("missed call").into())
    }
}
