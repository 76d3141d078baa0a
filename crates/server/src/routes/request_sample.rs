//! A logged request as a sample for the module's folder.

use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::{ModuleId, RequestId};

use super::modules::active;
use super::requests::{must_be_kept, stored};
use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiResult;
use crate::extract::Path;
use hookswitch_core::modules::sample::Sample;
use hookswitch_core::modules::sample_of::sample_of;
use hookswitch_core::requests::script_request::Received;

/// Returns a request as a sample, which `hookswitch module test` runs from the folder `samples/`.
///
/// Phone numbers and e-mail addresses are replaced consistently by ones that nobody has, tokens and other credentials
/// by `masked`. Add the settings that the script needs, and how the request is signed.
#[utoipa::path(
    get,
    path = "/api/v1/modules/{id}/requests/{requestId}/sample",
    tag = "requests",
    params(("id" = ModuleId, Path), ("requestId" = RequestId, Path)),
    responses((status = 200, body = Object, description = "The contents of a file in `samples/`")),
)]
pub async fn get_request_sample(
    State(app): State<Arc<App>>,
    _: Admin,
    Path((id, request)): Path<(ModuleId, RequestId)>,
) -> ApiResult<axum::Json<Sample>> {
    let active = active(&app, id)?;
    let stored = stored(&app, id, request).await?;
    must_be_kept(&stored)?;
    let (result, error) = (stored.result.clone(), stored.summary.error.clone());
    let (received, arrival) = Received::of_stored(stored, &active.module.webhook_token);
    let bound = app.config.webhooks.body_bytes;
    let sample = sample_of(&active, &received, arrival.received_at, (result, error.as_ref()), bound).await?;
    Ok(axum::Json(sample))
}
