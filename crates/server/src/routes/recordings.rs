//! A call's recording: the provider's link, or the recording through this server.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hookswitch_model::{CallId, contract};
use hookswitch_script::Function;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Path, Query};
use crate::telephony::controls::{broke_contract, find, run};

/// How to get a recording.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GetRecording {
    /// `1`: through this server, instead of a redirect to the provider.
    proxy: Option<u8>,
}

/// A call's recording. The module is asked for the link each time, since links expire.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/recording",
    tag = "calls",
    params(("id" = CallId, Path), GetRecording),
    responses(
        (status = 200, description = "With `proxy=1`: the recording", content_type = "audio/*"),
        (status = 206, description = "With `proxy=1` and `Range`: the part asked for", content_type = "audio/*"),
        (status = 302, description = "The provider's link"),
        (status = 404, body = ApiError),
        (status = 502, body = ApiError),
    ),
)]
pub async fn get_recording(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
    Query(GetRecording { proxy }): Query<GetRecording>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let seen = find(&app, &user, id).await?;
    let data = seen.view.recording.ok_or_else(|| ApiError::not_found("recording"))?;
    let module = seen.module.ok_or_else(|| ApiError::conflict("notImplemented", "The call's module was deleted."))?;
    let function = Function::GetCallLink;
    let link = run(&app, &module, function, vec![data]).await?;
    let link = contract::call_link(link).map_err(|error| broke_contract(function, &error))?;
    let link = app.fetcher.check_link(&link).map_err(|problem| {
        ApiError::new(StatusCode::BAD_GATEWAY, "badLink", format!("The module gave no usable link: {problem}"))
    })?;
    if proxy == Some(1) {
        return app.fetcher.stream(link, &headers).await;
    }
    let no_store = (header::CACHE_CONTROL, "no-store");
    Ok((StatusCode::FOUND, [(header::LOCATION, link.as_str()), no_store]).into_response())
}
