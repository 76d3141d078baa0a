//! Calls: what is shown of them, what can be done with them, who hears of their changes.

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

/// Calls, and everything that is done with them.
pub struct Calls {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The modules, as they work now.
    pub modules: Arc<Modules>,
    /// Names, settings and outcome codes.
    pub catalog: Arc<Catalog>,
    /// The open screens.
    pub live: Arc<Live>,
    /// The audit trail.
    pub audit: Audit,
    /// Calls that were dialled and have not appeared.
    pub dials: Dials,
    /// When a call is over of which nothing is heard.
    pub silence: Silence,
    /// What goes on beside the requests.
    pub tasks: Tasks,
}

static NO_FUNCTIONS: BTreeSet<Function> = BTreeSet::new();

/// What telling of a change came to.
pub struct Told {
    /// The tabs that were told.
    pub tabs: usize,
    /// Nobody sees the call yet: its direction is not known.
    pub waits: bool,
    /// The call, and on whose screens it is.
    pub call: ShownCall,
}

/// Tells everybody of what was committed.
pub fn tell_applied(calls: &Arc<Calls>, active: Option<&Active>, applied: &Applied) -> Vec<Told> {
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

/// Tells every tab of everybody whom a changed call concerns. Gives nothing for a call that began and vanished at once.
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

/// Tells every tab of a call's operators what was added to it.
pub fn tell_added(calls: &Calls, active: Option<&Active>, stored: StoredCall, matched: ClientMatch) {
    let change = CallChange {
        version: stored.version,
        before: Some(stored.call.clone()),
        after: Some(stored.call),
        added: stored.added,
        matched,
    };
    tell(calls, active, &change);
}

/// Tells, after a client changed, of its calls that go on.
///
/// # Errors
/// When the database fails.
pub async fn tell_calls_of(calls: &Calls, client: ClientId) -> Result<(), StoreError> {
    let filter = CallFilter { client_id: Some(client), ended: Some(false), ..CallFilter::default() };
    for stored in calls.store.calls(&filter, None, MAX_PAGE).await?.items {
        tell_stored(calls, stored).await?;
    }
    Ok(())
}

/// Tells of a call as it now stands.
///
/// # Errors
/// When the database fails.
pub async fn tell_stored(calls: &Calls, stored: StoredCall) -> Result<(), StoreError> {
    let matched = matched(calls, &view(&stored.call), &stored.added).await?;
    let module = calls.modules.get(stored.call.module_id);
    tell_added(calls, module.as_deref(), stored, matched);
    Ok(())
}

/// Whom a call is with.
///
/// # Errors
/// When the database fails.
pub async fn matched(
    calls: &Calls,
    view: &CallView,
    added: &CallAnnotations,
) -> Result<ClientMatch, StoreError> {
    let number = view.client_e164.as_deref().filter(|_| !added.client_chosen);
    calls.store.matched(added.client_id, number).await
}

/// What a call's module can do; nothing where it is gone or switched off.
pub fn functions(active: Option<&Active>) -> &BTreeSet<Function> {
    active.filter(|active| active.module.enabled).map_or(&NO_FUNCTIONS, |active| &active.functions)
}
