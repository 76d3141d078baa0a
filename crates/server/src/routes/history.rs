//! A call's history: what was reported about it, in order.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::contract::Disposition;
use hookswitch_model::view::{TimelineFact, history};
use hookswitch_model::{CallId, FactKind, RequestId, Target};
use hookswitch_store::Role;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::Path;
use crate::page::Page;
use hookswitch_core::calls::controls::{find, mask};
use hookswitch_core::calls::functions;
use hookswitch_core::views::call::{NamedOperator, Viewer};
use hookswitch_core::views::number::Mask;

/// Something reported about a call.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// What happened.
    kind: FactKind,
    /// When it happened, as far as known. Late reports are moved back before the events that followed them.
    at: DateTime<Utc>,
    /// How the call or leg came out, if this says so.
    disposition: Disposition,
    /// The operator concerned.
    operator: Option<NamedOperator>,
    /// The target of a redirect.
    redirect_to: Option<NamedOperator>,
    /// The provider's id of the leg; a placeholder if it contains a number hidden from the user.
    leg_id: Option<String>,
    /// The webhook request that reported it, for administrators; `null` for what the server found out itself.
    request_id: Option<RequestId>,
}

/// Lists a call's history, oldest first; call detail records come last.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{id}/history",
    tag = "calls",
    params(("id" = CallId, Path)),
    responses((status = 200, body = Page<HistoryEntry>)),
)]
pub async fn get_call_history(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CallId>,
) -> ApiResult<axum::Json<Page<HistoryEntry>>> {
    let seen = find(&app.calls, &user, id).await?;
    let facts = history(&seen.stored.call);
    let module = app.modules.get(seen.stored.call.module_id);
    let viewer = Viewer::new(&app.catalog, user.id, functions(module.as_deref())).of_call(&seen.view);
    let named = |target: &Target| viewer.named(target.user, &target.extension);
    let legs = shown_legs(&facts, mask(&app.calls, &user, &seen.view));
    let entry = |TimelineFact { at, fact, operator }: &TimelineFact<'_>| HistoryEntry {
        kind: fact.kind,
        at: *at,
        disposition: fact.disposition,
        operator: operator.map(named),
        redirect_to: fact.redirect.as_ref().map(named),
        leg_id: fact.leg.as_deref().and_then(|leg| legs.get(leg)).cloned(),
        request_id: fact.source.filter(|_| user.role == Role::Admin),
    };
    Ok(axum::Json(Page::whole(facts.iter().map(entry).collect())))
}

/// Returns the ids of the legs as the user sees them.
fn shown_legs<'a>(facts: &'a [TimelineFact<'_>], mask: Mask<'_>) -> HashMap<&'a str, String> {
    let mut legs: HashMap<&str, String> = HashMap::new();
    for leg in facts.iter().filter_map(|told| told.fact.leg.as_deref()) {
        let place = legs.len() + 1;
        let shown = || if mask.shows(leg) { leg.to_owned() } else { format!("leg {place}") };
        legs.entry(leg).or_insert_with(shown);
    }
    legs
}
