//! Calls as a user sees them, with their clients.

use std::collections::BTreeSet;

use hookswitch_model::{UserId, view};
use hookswitch_store::{ClientMatch, StoreError, StoredCall};

use super::api_call::{ApiCall, Viewer, api_call};
use super::matched;
use crate::app::App;

/// One call.
///
/// # Errors
/// When the database fails.
pub async fn show(app: &App, user: UserId, stored: &StoredCall) -> Result<ApiCall, StoreError> {
    let view = view(&stored.call);
    let matched = matched(app, &view, &stored.added).await?;
    let module = app.modules.get(stored.call.module_id);
    let viewer = Viewer::new(app, user, module.as_deref());
    Ok(api_call(&stored.call, stored.version, &view, &stored.added, &matched, &viewer))
}

/// A list of calls: those on no client are without the clients that they could be of.
///
/// # Errors
/// When the database fails.
pub async fn show_all<'a>(
    app: &App,
    user: UserId,
    calls: impl Iterator<Item = &'a StoredCall> + Clone,
) -> Result<Vec<ApiCall>, StoreError> {
    let clients: BTreeSet<_> = calls.clone().filter_map(|stored| stored.added.client_id).collect();
    let clients = app.store.client_summaries(&clients).await?;
    let show = |stored: &StoredCall| {
        let client = stored.added.client_id.and_then(|id| clients.get(&id)).cloned();
        let matched = ClientMatch { client, candidates: Vec::new() };
        let module = app.modules.get(stored.call.module_id);
        let viewer = Viewer::new(app, user, module.as_deref());
        api_call(&stored.call, stored.version, &view(&stored.call), &stored.added, &matched, &viewer)
    };
    Ok(calls.map(show).collect())
}
