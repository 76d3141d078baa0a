//! The initial message of a new socket.

use std::collections::HashMap;

use hookswitch_model::{CallId, UserId, view};
use hookswitch_store::StoreError;

use super::{Calls, functions, matched};
use crate::live::mentions::mention_count;
use crate::live::message::Message;
use crate::live::{Version, is_on_screen, missed};
use crate::views::call::{Viewer, api_call};

/// The initial state for a new socket: the calls on the operator's screen, with their versions, and the counts of open
/// items.
///
/// # Errors
/// If the database fails.
pub async fn snapshot(
    calls: &Calls,
    user: UserId,
) -> Result<(Message, HashMap<CallId, Version>), StoreError> {
    let active = calls.store.active_calls(Some(user)).await?;
    let versions = active.iter().map(|stored| (stored.call.id, stored.version)).collect();
    let mut shown = Vec::new();
    for stored in &active {
        let view = view(&stored.call);
        if is_on_screen(&view, user) {
            let module = calls.modules.get(stored.call.module_id);
            let matched = matched(calls, &view, &stored.added).await?;
            let viewer = Viewer::new(&calls.catalog, user, functions(module.as_deref()));
            shown.push(api_call(&stored.call, stored.version, &view, &stored.added, &matched, &viewer));
        }
    }
    let message = Message::Snapshot {
        calls: shown,
        missed_count: missed::count(&calls.live, user).await?,
        mention_count: mention_count(&calls.live, user).await?,
    };
    Ok((message, versions))
}
