//! A module's webhook requests, and replaying them.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use hookswitch_model::contract::Warning;
use hookswitch_model::{CallId, ModuleId, RequestId, view};
use hookswitch_store::{RequestError, RequestFilter, RequestStatus, RequestSummary, StoredRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::modules::active;
use crate::app::App;
use crate::auth::{Admin, SignedIn};
use crate::error::ApiResult;
use crate::extract::{Json, ListQuery, Path};
use crate::page::{Page, PageQuery};
use hookswitch_core::calls::functions;
use hookswitch_core::intake::outcome::RequestOutcome;
use hookswitch_core::intake::replay;
use hookswitch_core::intake::steps::{Processing, StepName};
use hookswitch_core::requests::script_request::decoded_body;
use hookswitch_core::views::call::{ApiCall, Viewer, api_call};

/// A request that a provider sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRequest {
    id: RequestId,
    /// When it arrived.
    received_at: DateTime<Utc>,
    /// HTTP method.
    method: String,
    /// Path after the module's webhook address.
    path: String,
    /// Processing status.
    status: RequestStatus,
    /// HTTP status of the response.
    response_status: Option<u16>,
    /// Why processing failed.
    error: Option<ProcessingError>,
    /// Whether it was about an erased call. Its contents are gone then, and it cannot be replayed.
    erased: bool,
    /// The calls it was about.
    calls: Vec<CallId>,
    /// Problems that did not make it fail, by their place in the script's result.
    warnings: Vec<Warning>,
    /// Whole milliseconds from its arrival until operators' tabs were notified, or until the last known step; `null` if
    /// no step is known.
    milliseconds: Option<u64>,
}

/// Why a request failed.
#[derive(Serialize, ToSchema)]
pub struct ProcessingError {
    /// Stable code for programs, such as `threw`, `contract` or `cpuTime`.
    code: String,
    /// Message for people.
    message: String,
    /// Line in the TypeScript source, counted from 1.
    line: Option<u32>,
    /// Column in the TypeScript source, counted from 1.
    column: Option<u32>,
    /// Path of the invalid field in the script's result.
    path: Option<String>,
}

impl From<RequestError> for ProcessingError {
    fn from(error: RequestError) -> Self {
        let RequestError { code, message, line, column, path } = error;
        Self { code, message, line, column, path }
    }
}

impl WebhookRequest {
    fn new(summary: RequestSummary, processing: &Processing) -> Self {
        Self {
            id: summary.id,
            received_at: summary.received_at,
            method: summary.method,
            path: summary.path,
            status: summary.status,
            response_status: summary.response_status,
            error: summary.error.map(Into::into),
            erased: summary.erased,
            calls: summary.calls,
            warnings: processing.warnings.clone(),
            milliseconds: processing.micros.values().max().map(|micros| (micros + 500) / 1000),
        }
    }
}

/// Returns what is known about a request's processing; empty if an older version of the server processed it.
fn processing(summary: &RequestSummary) -> Processing {
    let known = summary.delivery.as_ref().or(summary.steps.as_ref());
    known.and_then(|known| Processing::deserialize(known).ok()).unwrap_or_default()
}

/// A webhook request with everything known about it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRequestDetail {
    #[serde(flatten)]
    summary: WebhookRequest,
    /// The query as received, without the token.
    query: String,
    /// Headers by lower-case name. `•••••` stands for credentials, which are stored encrypted, for the script only.
    #[schema(value_type = Object)]
    headers: Value,
    /// The body, if it is text, with its `Content-Encoding` undone.
    body: Option<String>,
    /// The body as received, in base64, if it differs from `body`.
    body_base64: Option<String>,
    /// IP address of the sender.
    remote_address: Option<String>,
    /// Version of the script that last processed it.
    script_version: Option<i32>,
    /// What the script returned.
    result: Option<Value>,
    /// Completed steps, in order.
    steps: Vec<Step>,
    /// Number of browser tabs notified.
    tabs: Option<u64>,
    /// Why a call page did or did not appear; `null` until known.
    outcome: Option<RequestOutcome>,
}

/// A step of processing.
#[derive(Serialize, ToSchema)]
pub struct Step {
    /// The step.
    name: StepName,
    /// Time of completion, in milliseconds since the request's arrival.
    milliseconds: f64,
}

async fn detail(app: &App, stored: StoredRequest) -> WebhookRequestDetail {
    let processing = processing(&stored.summary);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds for people")]
    let step =
        |(name, micros): (&StepName, &u64)| Step { name: *name, milliseconds: *micros as f64 / 1000.0 };
    let steps = processing.micros.iter().map(step).collect();
    let headers = stored.headers.as_object().cloned().unwrap_or_default();
    // A body that cannot be decoded is shown as received.
    let decoded = decoded_body(&headers, &stored.body, app.config.webhooks.body_bytes).await.ok().flatten();
    let body_base64 = || STANDARD.encode(&stored.body);
    let (body, body_base64) = match decoded {
        Some(decoded) => (String::from_utf8(decoded).ok(), Some(body_base64())),
        None => match std::str::from_utf8(&stored.body) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(body_base64())),
        },
    };
    WebhookRequestDetail {
        summary: WebhookRequest::new(stored.summary, &processing),
        query: stored.query.as_str().unwrap_or_default().to_owned(),
        headers: stored.headers,
        body,
        body_base64,
        remote_address: stored.remote_address,
        script_version: stored.script_version,
        result: stored.result,
        steps,
        tabs: processing.tabs,
        outcome: processing.outcome,
    }
}

/// Filters for requests.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListRequests {
    /// Only requests with this status.
    #[param(inline)]
    status: Option<RequestStatus>,
}

/// Lists a module's webhook requests, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/requests",
    tag = "requests",
    params(("id" = ModuleId, Path), ListRequests, PageQuery),
    responses((status = 200, body = Page<WebhookRequest>)),
)]
pub async fn list_requests(
    State(app): State<Arc<App>>,
    _: Admin,
    Path(id): Path<ModuleId>,
    ListQuery { filters: ListRequests { status }, page }: ListQuery<ListRequests>,
) -> ApiResult<axum::Json<Page<WebhookRequest>>> {
    active(&app, id)?;
    let (limit, before) = (page.limit()?, page.after::<RequestId>()?);
    let filter = RequestFilter { module_id: id, status };
    let requests = app.store.requests(&filter, before, limit + 1).await?;
    let items = requests.into_iter().map(|summary| {
        let processing = processing(&summary);
        WebhookRequest::new(summary, &processing)
    });
    Ok(axum::Json(Page::of(items.collect(), limit, |request: &WebhookRequest| request.id)?))
}

/// Returns a webhook request.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/requests/{requestId}",
    tag = "requests",
    params(("id" = ModuleId, Path), ("requestId" = RequestId, Path)),
    responses((status = 200, body = WebhookRequestDetail)),
)]
pub async fn get_request(
    State(app): State<Arc<App>>,
    _: Admin,
    Path((id, request)): Path<(ModuleId, RequestId)>,
) -> ApiResult<axum::Json<WebhookRequestDetail>> {
    Ok(axum::Json(detail(&app, stored(&app, id, request).await?).await))
}

/// Returns the request, or 404.
pub async fn stored(app: &App, module: ModuleId, id: RequestId) -> ApiResult<StoredRequest> {
    let stored = app.store.request(id).await?;
    let stored = stored.filter(|stored| stored.summary.module_id == module);
    Ok(stored.ok_or_else(|| Error::not_found("request"))?)
}

/// Returns 409 if too little is left of a request to use it again.
pub fn must_be_kept(stored: &StoredRequest) -> ApiResult<()> {
    if stored.summary.is_unreadable() {
        let detail = "This request is damaged in the database and cannot be used again.";
        return Err(Error::conflict("unreadable", detail).into());
    }
    if stored.summary.erased {
        let detail = "This request was about a call that has been erased, so it cannot be used again.";
        return Err(Error::conflict("erased", detail).into());
    }
    Ok(())
}

/// Options for a replay.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Replay {
    /// Whether to only report what would change.
    #[serde(default)]
    dry_run: bool,
}

/// What a replay did, or would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Whether this was a dry run, which changes nothing.
    dry_run: bool,
    /// Whether the script succeeded.
    success: bool,
    /// Why the script failed.
    error: Option<ProcessingError>,
    /// What the script returned.
    result: Option<Value>,
    /// HTTP status that the provider would have received.
    response_status: u16,
    /// Problems that did not make it fail.
    warnings: Vec<Warning>,
    /// The calls that changed or would change.
    changes: Vec<CallDiff>,
}

/// A call before and after.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallDiff {
    /// The call before and after.
    call_id: CallId,
    /// The call before; `null` if the replay creates it.
    before: Option<ApiCall>,
    /// The call afterwards; `null` if nothing is left of it.
    after: Option<ApiCall>,
}

/// Replays a stored request with the module's current script, replacing what the request reported before.
#[utoipa::path(
    post,
    path = "/api/v1/modules/{id}/requests/{requestId}/replay",
    tag = "requests",
    params(("id" = ModuleId, Path), ("requestId" = RequestId, Path)),
    request_body = Replay,
    responses((status = 200, body = Replayed)),
)]
pub async fn replay_request(
    State(app): State<Arc<App>>,
    Admin(SignedIn { user, .. }): Admin,
    Path((id, request)): Path<(ModuleId, RequestId)>,
    Json(Replay { dry_run }): Json<Replay>,
) -> ApiResult<axum::Json<Replayed>> {
    let module = active(&app, id)?;
    let stored = stored(&app, id, request).await?;
    must_be_kept(&stored)?;
    let replayed = replay::replay(&app.intake, &module, stored, dry_run).await?;
    let viewer = Viewer::new(&app.catalog, user.id, functions(Some(&module)));
    let show = |moment: &replay::Moment| {
        api_call(&moment.call, moment.version, &view(&moment.call), &moment.added, &moment.matched, &viewer)
    };
    let changes = replayed.changes.iter().map(|change| CallDiff {
        call_id: change.call,
        before: change.before.as_ref().map(show),
        after: change.after.as_ref().map(show),
    });
    Ok(axum::Json(Replayed {
        dry_run,
        success: replayed.failure.is_none(),
        error: replayed.failure.map(|failure| failure.to_request_error().into()),
        result: replayed.result,
        response_status: replayed.response_status,
        changes: changes.collect(),
        warnings: replayed.warnings,
    }))
}
