//! Making outgoing calls.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_core::Error;
use hookswitch_core::calls::outgoing;
use hookswitch_core::dialling::{MakeCall, MakingCall, dial};
use hookswitch_model::ModuleId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use crate::page::Page;

/// Calls a number as the signed-in operator. The call appears once the provider reports it.
#[utoipa::path(
    post,
    path = "/api/v1/calls",
    tag = "calls",
    request_body = MakeCall,
    responses((status = 202, body = MakingCall)),
)]
pub async fn make_call(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Json(wanted): Json<MakeCall>,
) -> ApiResult<(StatusCode, axum::Json<MakingCall>)> {
    Ok((StatusCode::ACCEPTED, axum::Json(dial(&app.calls, &user, wanted).await?)))
}

/// Cancels a dialled call: if the module can hang up, it does so as soon as the provider reports the call.
#[utoipa::path(
    post,
    path = "/api/v1/dials/{id}/cancel",
    tag = "calls",
    params(("id" = Uuid, Path)),
    responses((status = 204)),
)]
pub async fn cancel_dial(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<Uuid>,
) -> ApiResult<StatusCode> {
    if app.calls.dials.cancel(id, user.id, app.clock.now()) {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Error::not_found("dialled call").into())
    }
}

/// A way for the signed-in user to call out.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallRoute {
    /// The module that places the call.
    module_id: ModuleId,
    /// Display name of the module.
    module_name: String,
    /// The user's extension there.
    extension: String,
}

/// Lists the ways for the signed-in user to call out, default first.
#[utoipa::path(get, path = "/api/v1/call-routes", tag = "calls", responses((status = 200, body = Page<CallRoute>)))]
pub async fn list_call_routes(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
) -> axum::Json<Page<CallRoute>> {
    let modules = app.modules.all();
    let routes = outgoing::routes(&modules, user.id).map(|(module, extension)| CallRoute {
        module_id: module.module.id,
        module_name: module.module.name.clone(),
        extension,
    });
    axum::Json(Page::whole(routes.collect()))
}
