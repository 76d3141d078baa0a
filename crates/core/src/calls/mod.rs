//! Calls: how they are shown, what can be done with them, who is notified of changes.

mod access;
pub mod buttons;
pub mod controls;
pub mod dials;
pub mod log_on;
pub mod old_missed;
pub mod outgoing;
pub mod recording_link;
pub mod screen_delivery;
pub mod show;
pub mod silent;
pub mod snapshot;

use std::collections::BTreeSet;
use std::sync::Arc;

use hookswitch_model::CallAnnotations;
use hookswitch_model::{CallView, ClientId, UserId, view};
use hookswitch_script::Function;
use hookswitch_store::{
    Applied, CallChange, CallFilter, ClientMatch, MAX_PAGE, Store, StoreError, StoredCall,
};

use crate::audit::Audit;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::live::{Changed, Live, deliver};
use crate::modules::registry::{Active, Modules};
use crate::tasks::Tasks;
use crate::views::call::Viewer;
use dials::Dials;
use screen_delivery::ShownCall;
use silent::Silence;

/// Calls, and everything done with them.
pub struct Calls {
    pub store: Store,
    pub clock: Clock,
    /// The modules in their current state.
    pub modules: Arc<Modules>,
    /// Names, settings and outcome codes.
    pub catalog: Arc<Catalog>,
    /// The open screens.
    pub live: Arc<Live>,
    pub audit: Audit,
    /// Calls that were dialled but have not appeared yet.
    pub dials: Dials,
    /// After how much silence a call is over.
    pub silence: Silence,
    /// Background tasks.
    pub tasks: Tasks,
}

static NO_FUNCTIONS: BTreeSet<Function> = BTreeSet::new();

/// The result of notifying screens of a change.
pub struct Told {
    /// The number of notified tabs.
    pub tabs: usize,
    /// Whether nobody sees the call yet because its direction is unknown.
    pub waits: bool,
    /// The call, and the screens that show it.
    pub call: ShownCall,
}

/// Notifies everybody of committed changes.
pub(crate) fn tell_applied(calls: &Arc<Calls>, active: Option<&Active>, applied: &Applied) -> Vec<Told> {
    if applied.missed_closed {
        calls.live.missed.changed();
    }
    for client in applied.clients_made.iter().chain(&applied.clients_removed) {
        calls.live.client_changes.note(*client);
    }
    let mut told = Vec::with_capacity(applied.changes.len());
    for change in &applied.changes {
        told.extend(tell(calls, active, change));
        dials::appeared(calls, change);
    }
    told
}

/// Notifies every tab of the users concerned by a changed call. `None` for a call that began and vanished at once.
pub fn tell(calls: &Calls, active: Option<&Active>, change: &CallChange) -> Option<Told> {
    let viewer_of = |user: UserId| Viewer::new(&calls.catalog, user, functions(active));
    let call = change.after.as_ref().or(change.before.as_ref())?;
    let changed = Changed {
        id: call.id,
        version: change.version,
        before: change.before.as_ref().map(view),
        after: change.after.as_ref().map(|call| (call, view(call))),
        added: &change.added,
        matched: &change.matched,
    };
    calls.live.missed.note(&changed);
    if let Some(client) = change.added.client_id {
        calls.live.client_changes.note(client);
    }
    calls.live.activity.call();
    let tabs = deliver(&calls.live.hub, &changed, viewer_of);
    Some(Told {
        tabs: tabs.values().sum(),
        waits: changed.after.as_ref().is_some_and(|(_, view)| view.direction.is_none()),
        call: ShownCall::new(&changed, &tabs, |user| calls.catalog.directory.name_of(user)),
    })
}

/// Notifies every tab of a call's operators of an annotation.
pub(crate) fn tell_added(calls: &Calls, active: Option<&Active>, stored: StoredCall, matched: ClientMatch) {
    let change = CallChange {
        version: stored.version,
        before: Some(stored.call.clone()),
        after: Some(stored.call),
        added: stored.added,
        matched,
    };
    tell(calls, active, &change);
}

/// Notifies screens of a client's open calls after the client changed.
///
/// # Errors
/// If the database fails.
pub(crate) async fn tell_calls_of(calls: &Calls, client: ClientId) -> Result<(), StoreError> {
    let filter = CallFilter { client_id: Some(client), ended: Some(false), ..CallFilter::default() };
    for stored in calls.store.calls(&filter, None, MAX_PAGE).await?.items {
        tell_stored(calls, stored).await?;
    }
    Ok(())
}

/// Notifies screens of a call's current state.
///
/// # Errors
/// If the database fails.
pub async fn tell_stored(calls: &Calls, stored: StoredCall) -> Result<(), StoreError> {
    let matched = matched(calls, &view(&stored.call), &stored.added).await?;
    let module = calls.modules.get(stored.call.module_id);
    tell_added(calls, module.as_deref(), stored, matched);
    Ok(())
}

/// The client a call is with.
///
/// # Errors
/// If the database fails.
pub async fn matched(
    calls: &Calls,
    view: &CallView,
    added: &CallAnnotations,
) -> Result<ClientMatch, StoreError> {
    let number = view.client_e164.as_deref().filter(|_| !added.client_chosen);
    calls.store.matched(added.client_id, number).await
}

/// The functions of a call's module; empty if it was deleted or switched off.
pub fn functions(active: Option<&Active>) -> &BTreeSet<Function> {
    active.filter(|active| active.module.enabled).map_or(&NO_FUNCTIONS, |active| &active.functions)
}
