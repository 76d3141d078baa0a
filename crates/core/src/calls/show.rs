//! Calls as a user sees them, with their clients.

use std::collections::BTreeSet;

use hookswitch_model::{UserId, view};
use hookswitch_store::{ClientMatch, StoreError, StoredCall};

use super::Calls;
use super::{functions, matched};
use crate::views::call::{ApiCall, Viewer, api_call};

/// A call as shown to a user.
///
/// # Errors
/// If the database fails.
pub async fn show(calls: &Calls, user: UserId, stored: &StoredCall) -> Result<ApiCall, StoreError> {
    let view = view(&stored.call);
    let matched = matched(calls, &view, &stored.added).await?;
    let module = calls.modules.get(stored.call.module_id);
    let viewer = Viewer::new(&calls.catalog, user, functions(module.as_deref()));
    Ok(api_call(&stored.call, stored.version, &view, &stored.added, &matched, &viewer))
}

/// Calls as shown to a user. Those without a client do not list candidates.
///
/// # Errors
/// If the database fails.
pub async fn show_all<'a>(
    calls: &Calls,
    user: UserId,
    stored: impl Iterator<Item = &'a StoredCall> + Clone,
) -> Result<Vec<ApiCall>, StoreError> {
    let clients: BTreeSet<_> = stored.clone().filter_map(|stored| stored.added.client_id).collect();
    let clients = calls.store.client_summaries(&clients).await?;
    let show = |stored: &StoredCall| {
        let client = stored.added.client_id.and_then(|id| clients.get(&id)).cloned();
        let matched = ClientMatch { client, candidates: Vec::new() };
        let module = calls.modules.get(stored.call.module_id);
        let viewer = Viewer::new(&calls.catalog, user, functions(module.as_deref()));
        api_call(&stored.call, stored.version, &view(&stored.call), &stored.added, &matched, &viewer)
    };
    Ok(stored.map(show).collect())
}
