//! Erasing clients and calls for good; administrators only.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, ErasureId};
use hookswitch_store::{Erasure, ErasureCounts, ErasurePreview};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, Path, Query};
use crate::page::{Page, PageQuery};
use hookswitch_core::calls::controls;
use hookswitch_core::catalog::NamedUser;
use hookswitch_core::clients::{changed_meanwhile, find};
use hookswitch_core::retention::erasure;

/// An erasure. It does not reveal what was erased.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Erasure)]
pub struct ApiErasure {
    id: ErasureId,
    /// The erased client, if it was one.
    client_id: Option<ClientId>,
    /// The erased call, if it was one.
    call_id: Option<CallId>,
    /// When it was requested.
    asked_at: DateTime<Utc>,
    /// The administrator who requested it.
    asked_by: NamedUser,
    /// When it finished; `null` while it is running.
    done_at: Option<DateTime<Utc>>,
    /// What has been erased so far.
    counts: ErasureCounts,
}

impl ApiErasure {
    fn new(app: &App, erasure: Erasure) -> Self {
        Self {
            id: erasure.id,
            client_id: erasure.client_id,
            call_id: erasure.call_id,
            asked_at: erasure.asked_at,
            asked_by: app.catalog.directory.named(erasure.asked_by),
            done_at: erasure.done_at,
            counts: erasure.counts,
        }
    }
}

/// What would be erased. Counts stop at 10,000.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WouldErase {
    /// Clients merged into this one.
    merged: u64,
    /// Number of calls.
    calls: u64,
    /// Number of comments.
    comments: u64,
    /// Contacts whose company it is. They are kept, without a company.
    employees: u64,
    /// Whether the lead created by the call is erased with it.
    lead: bool,
}

impl From<ErasurePreview> for WouldErase {
    fn from(preview: ErasurePreview) -> Self {
        let ErasurePreview { merged, calls, comments, employees, lead } = preview;
        Self { merged, calls, comments, employees, lead }
    }
}

/// Previews what erasing a client would delete, not counting webhook requests and log lines.
#[utoipa::path(
    get,
    path = "/api/v1/clients/{id}/erase",
    tag = "erasures",
    params(("id" = ClientId, Path)),
    responses((status = 200, body = WouldErase)),
)]
pub async fn would_erase_client(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ClientId>,
) -> ApiResult<axum::Json<WouldErase>> {
    let client = find(&app.calls, &user, id).await?;
    Ok(axum::Json(app.store.would_erase_client(client.id).await?.into()))
}

/// The version of a client to erase.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseClient {
    /// The version that the user has seen.
    version: i32,
}

/// Erases a client for good: its calls, comments, webhook requests and every other trace.
///
/// Returns after a moment; if `doneAt` is `null`, the erasure is still running, and `GET /api/v1/erasures/{id}` reports
/// its progress. Returns 409 `changedMeanwhile` if `version` is not the current one, and 409 `callGoesOn` during a call
/// with the client.
#[utoipa::path(
    post,
    path = "/api/v1/clients/{id}/erase",
    tag = "erasures",
    params(("id" = ClientId, Path)),
    request_body = EraseClient,
    responses((status = 200, body = ApiErasure)),
)]
pub async fn erase_client(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<ClientId>,
    Json(EraseClient { version }): Json<EraseClient>,
) -> ApiResult<axum::Json<ApiErasure>> {
    let client = find(&app.calls, &user, id).await?;
    if client.id != id || client.version != version {
        return Err(changed_meanwhile().into());
    }
    let erasure = erasure::erase_client(&app.erasures, user.id, &client).await?;
    Ok(axum::Json(ApiErasure::new(&app, erasure)))
}

/// Previews what erasing a call would delete, not counting webhook requests and log lines.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/erase",
    tag = "erasures",
    params(("id" = CallId, Path)),
    responses((status = 200, body = WouldErase)),
)]
pub async fn would_erase_call(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<CallId>,
) -> ApiResult<axum::Json<WouldErase>> {
    let call = controls::find(&app.calls, &user, id).await?;
    Ok(axum::Json(app.store.would_erase_call(&call.stored).await?.into()))
}

/// Erases a call for good.
///
/// Also erases its comments, its webhook requests, and the lead it created if that lead has nothing else. Returns 409
/// `callGoesOn` during the call.
#[utoipa::path(
    post,
    path = "/api/v1/calls/{id}/erase",
    tag = "erasures",
    params(("id" = CallId, Path)),
    responses((status = 200, body = ApiErasure)),
)]
pub async fn erase_call(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path(id): Path<CallId>,
) -> ApiResult<axum::Json<ApiErasure>> {
    let call = controls::find(&app.calls, &user, id).await?;
    let erasure = erasure::erase_call(&app.erasures, user.id, &call.stored).await?;
    Ok(axum::Json(ApiErasure::new(&app, erasure)))
}

/// Lists erasures, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/erasures",
    tag = "erasures",
    params(PageQuery),
    responses((status = 200, body = Page<ApiErasure>)),
)]
pub async fn list_erasures(
    State(app): State<Arc<App>>,
    _: Admin,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<ApiErasure>>> {
    let (limit, before) = (page.limit()?, page.after::<ErasureId>()?);
    let erasures = app.store.erasures(before, limit + 1).await?;
    let items = erasures.into_iter().map(|erasure| ApiErasure::new(&app, erasure)).collect();
    Ok(axum::Json(Page::of(items, limit, |erasure: &ApiErasure| erasure.id)?))
}

/// Returns an erasure and its progress.
#[utoipa::path(
    get,
    path = "/api/v1/erasures/{id}",
    tag = "erasures",
    params(("id" = ErasureId, Path)),
    responses((status = 200, body = ApiErasure)),
)]
pub async fn get_erasure(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ErasureId>,
) -> ApiResult<axum::Json<ApiErasure>> {
    let erasure = app.store.erasure(id).await?.ok_or_else(|| Error::not_found("erasure"))?;
    Ok(axum::Json(ApiErasure::new(&app, erasure)))
}
