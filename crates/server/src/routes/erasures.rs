//! Erasing clients and calls for good, for administrators.

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

/// An erasure. What was erased it does not say.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Erasure)]
pub struct ApiErasure {
    /// Which.
    id: ErasureId,
    /// The client that was erased, where it was one.
    client_id: Option<ClientId>,
    /// The call that was erased, where it was one.
    call_id: Option<CallId>,
    /// When somebody asked for it.
    asked_at: DateTime<Utc>,
    /// Who.
    asked_by: NamedUser,
    /// When it was over; null while it goes on.
    done_at: Option<DateTime<Utc>>,
    /// What has gone so far.
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

/// What would go. Nothing is counted further than 10,000.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WouldErase {
    /// Clients that were merged into it.
    merged: u64,
    /// Calls.
    calls: u64,
    /// Comments.
    comments: u64,
    /// People whose company it is. They stay, without a company.
    employees: u64,
    /// Whether a lead goes with the call that made it.
    lead: bool,
}

impl From<ErasurePreview> for WouldErase {
    fn from(preview: ErasurePreview) -> Self {
        let ErasurePreview { merged, calls, comments, employees, lead } = preview;
        Self { merged, calls, comments, employees, lead }
    }
}

/// What erasing a client would take away, besides webhook requests and lines of logs.
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

/// Which version of a client is to be erased.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EraseClient {
    /// The version that was looked at.
    version: i32,
}

/// Erases a client for good: its calls, comments, webhook requests, and every other trace. Answers after a moment; where
/// `doneAt` is null it goes on, and `GET /api/v1/erasures/{id}` says how far it is. 409 `changedMeanwhile` where `version`
/// is not the current one, 409 `callGoesOn` while a call with the client goes on.
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

/// What erasing a call would take away, besides webhook requests and lines of logs.
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

/// Erases a call for good, with the comments on it, its webhook requests, and the lead that it made, where that has nothing
/// else. 409 `callGoesOn` while it goes on.
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

/// Erasures, latest first.
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

/// How far an erasure is.
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
