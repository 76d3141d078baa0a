//! What an operator should know about a caller before answering.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId};
use hookswitch_store::{CallCursor, CallFilter, OutcomeList, Role, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::Path;
use hookswitch_core::calls::controls::{Seen, find};
use hookswitch_core::calls::show::show_all;
use hookswitch_core::views::call::ApiCall;
use hookswitch_core::views::comment::{self, ApiComment};

/// How many earlier calls are shown.
const LAST_CALLS: u32 = 3;

/// Background to a call.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallContext {
    /// Up to three earlier calls, newest first: the client's, or the number's if there is no client.
    last_calls: Vec<ApiCall>,
    /// The latest comment in the client's activity stream.
    last_comment: Option<ApiComment>,
    /// Missed calls from the client or number that nobody has dealt with yet.
    open_missed: Option<OpenMissed>,
    /// The outcomes that can be chosen for the call.
    outcome_list: Option<OutcomeList>,
}

/// Unresolved missed calls.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenMissed {
    /// Number of calls.
    count: u64,
    /// When the latest one started.
    last_at: DateTime<Utc>,
}

/// Returns what an operator should know about a call's client or number.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/context",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, body = CallContext)),
)]
pub async fn get_call_context(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
) -> ApiResult<axum::Json<CallContext>> {
    let seen = find(&app.calls, &user, id).await?;
    let client = match seen.stored.added.client_id {
        // The call itself names its client to anyone; details are for users who may see the client.
        Some(client) => app.store.client(client, app.catalog.scope(&user)).await?.map(|client| client.id),
        None => None,
    };
    let hidden = client.is_none() && seen.stored.added.client_id.is_some();
    let number = seen.view.client_e164.as_deref().or(seen.view.client_raw.as_deref());
    let last_calls = match hidden {
        true => Vec::new(),
        false => last_calls(&app, &user, &seen, client).await?,
    };
    let last_comment = match client {
        Some(client) => app.store.last_comment(client).await?,
        None => None,
    };
    let open_missed = match hidden {
        true => None,
        false => app.store.open_missed_of(number, client, app.catalog.scope(&user)).await?,
    };
    Ok(axum::Json(CallContext {
        last_calls,
        last_comment: last_comment.map(|comment| comment::show(&app.catalog, user.id, comment)),
        open_missed: open_missed.map(|(count, last_at)| OpenMissed { count, last_at }),
        outcome_list: app.catalog.outcomes.for_module(seen.stored.call.module_id),
    }))
}

async fn last_calls(
    app: &App,
    user: &User,
    seen: &Seen,
    client: Option<ClientId>,
) -> ApiResult<Vec<ApiCall>> {
    let filter = match (client, &seen.view.client_e164) {
        (Some(client), _) => CallFilter { client_id: Some(client), ..CallFilter::default() },
        (None, Some(number)) => CallFilter {
            phones: Some(vec![number.clone()]),
            operator: (user.role == Role::Operator).then_some(user.id),
            ..CallFilter::default()
        },
        (None, None) => return Ok(Vec::new()),
    };
    let before = CallCursor { started_at: seen.view.started_at, id: seen.stored.call.id };
    let calls = app.store.calls(&filter, Some(before), LAST_CALLS).await?;
    Ok(show_all(&app.calls, user.id, calls.items.iter()).await?)
}
