//! A module's log of webhook requests, and replaying them.

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

/// A webhook request.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookRequest {
    /// Id.
    id: RequestId,
    /// When it arrived.
    received_at: DateTime<Utc>,
    /// HTTP method.
    method: String,
    /// Path after the module's address.
    path: String,
    /// What became of it.
    status: RequestStatus,
    /// The HTTP status it was answered with.
    response_status: Option<u16>,
    /// Why it failed.
    error: Option<ProcessingError>,
    /// Whether it was about a call that was erased: then nothing that it said was kept, and it cannot be replayed.
    erased: bool,
    /// The calls it was about.
    calls: Vec<CallId>,
    /// What was amiss without making it fail, by place in what the script returned.
    warnings: Vec<Warning>,
    /// Whole milliseconds from its arrival until the operators' tabs were told, or until the last step that is known; null where
    /// none is.
    milliseconds: Option<u64>,
}

/// Why a request failed.
#[derive(Serialize, ToSchema)]
pub struct ProcessingError {
    /// Stable, for programs: `threw`, `contract`, `cpuTime`…
    code: String,
    /// In words.
    message: String,
    /// TypeScript line, from 1.
    line: Option<u32>,
    /// TypeScript column, from 1.
    column: Option<u32>,
    /// What was wrong in the script's result, as a path.
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

/// What is known of a request's processing; nothing of one that an older version of the server processed.
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
    /// The query as it came, but for the token.
    query: String,
    /// Header names, in lower case, and values; `•••••` stands for values that prove who sent it. Those are kept encrypted, for the
    /// script alone.
    #[schema(value_type = Object)]
    headers: Value,
    /// The body, where it is text; without its `Content-Encoding`.
    body: Option<String>,
    /// The body as it came in base64, where `body` is not just that.
    body_base64: Option<String>,
    /// Who sent it.
    remote_address: Option<String>,
    /// The version of the script that processed it last.
    script_version: Option<i32>,
    /// What the script returned.
    result: Option<Value>,
    /// The steps that were done, in order.
    steps: Vec<Step>,
    /// The tabs that were told.
    tabs: Option<u64>,
    /// Why a call page did or did not appear; null while that is not known.
    outcome: Option<RequestOutcome>,
}

/// A step of processing.
#[derive(Serialize, ToSchema)]
pub struct Step {
    /// Which.
    name: StepName,
    /// When it was done, milliseconds from the request's arrival.
    milliseconds: f64,
}

async fn detail(app: &App, stored: StoredRequest) -> WebhookRequestDetail {
    let processing = processing(&stored.summary);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds for people")]
    let step =
        |(name, micros): (&StepName, &u64)| Step { name: *name, milliseconds: *micros as f64 / 1000.0 };
    let steps = processing.micros.iter().map(step).collect();
    let headers = stored.headers.as_object().cloned().unwrap_or_default();
    // One that cannot be decoded is shown as it came.
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

/// Which requests.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListRequests {
    /// `new`, `processed` or `failed`.
    #[param(inline)]
    status: Option<RequestStatus>,
}

/// A module's webhook requests, newest first.
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

/// One webhook request.
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

/// The request, or 404.
pub async fn stored(app: &App, module: ModuleId, id: RequestId) -> ApiResult<StoredRequest> {
    let stored = app.store.request(id).await?;
    let stored = stored.filter(|stored| stored.summary.module_id == module);
    Ok(stored.ok_or_else(|| Error::not_found("request"))?)
}

/// 409 for a request of which too little is left to do anything with it.
pub fn must_be_kept(stored: &StoredRequest) -> ApiResult<()> {
    if stored.summary.is_unreadable() {
        let detail = "What the database holds of this request is damaged; it cannot be used again.";
        return Err(Error::conflict("unreadable", detail).into());
    }
    if stored.summary.erased {
        let detail =
            "The request was about a call that was erased. Nothing of it was kept that could be used again.";
        return Err(Error::conflict("erased", detail).into());
    }
    Ok(())
}

/// How to replay.
#[derive(Deserialize, Default, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Replay {
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
}

/// What a replay did, or would do.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replayed {
    /// Whether nothing was changed.
    dry_run: bool,
    /// Whether the script ran well.
    success: bool,
    /// Why it failed.
    error: Option<ProcessingError>,
    /// What the script returned.
    result: Option<Value>,
    /// The status the provider would have been answered with.
    response_status: u16,
    /// What was amiss without making it fail.
    warnings: Vec<Warning>,
    /// The calls that changed, or would.
    changes: Vec<CallDiff>,
}

/// A call before and after.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallDiff {
    /// The call.
    call_id: CallId,
    /// Before; null where the replay makes the call.
    before: Option<ApiCall>,
    /// After; null where nothing is left of the call.
    after: Option<ApiCall>,
}

/// Runs the module's present script on a stored request again. What the request had reported before is replaced.
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
