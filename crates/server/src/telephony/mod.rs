//! Calls: what is shown of them, what can be done with them, who hears of their changes.

pub mod actions;
pub mod api_call;
pub mod controls;
pub mod dials;
pub mod log_on;
pub mod outgoing;
pub mod show;
pub mod shown;
pub mod silent;

use std::collections::BTreeSet;
use std::sync::Arc;

use hookswitch_model::CallAnnotations;
use hookswitch_model::{CallView, ClientId, UserId, view};
use hookswitch_script::Function;
use hookswitch_store::{Applied, CallChange, CallFilter, ClientMatch, MAX_PAGE, StoreError, StoredCall};

use crate::app::App;
use crate::live::{Changed, deliver};
use crate::modules::registry::Active;
use api_call::Viewer;
use shown::ShownCall;

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
pub fn tell_applied(app: &Arc<App>, active: Option<&Active>, applied: &Applied) -> Vec<Told> {
    if applied.missed_closed {
        app.missed.changed();
    }
    for client in applied.clients_made.iter().chain(&applied.clients_removed) {
        app.client_changes.note(*client);
    }
    let mut told = Vec::with_capacity(applied.changes.len());
    for change in &applied.changes {
        told.extend(tell(app, active, change));
        dials::appeared(app, change);
    }
    told
}

/// Tells every tab of everybody whom a changed call concerns. Gives nothing for a call that began and vanished at once.
pub fn tell(app: &App, active: Option<&Active>, change: &CallChange) -> Option<Told> {
    let viewer_of = |user: UserId| Viewer::new(app, user, active);
    let call = change.after.as_ref().or(change.before.as_ref())?;
    let changed = Changed {
        id: call.id,
        version: change.version,
        before: change.before.as_ref().map(view),
        after: change.after.as_ref().map(|call| (call, view(call))),
        added: &change.added,
        matched: &change.matched,
    };
    app.missed.note(&changed);
    if let Some(client) = change.added.client_id {
        app.client_changes.note(client);
    }
    app.activity.call();
    let tabs = deliver(&app.hub, &changed, viewer_of);
    Some(Told {
        tabs: tabs.values().sum(),
        waits: changed.after.as_ref().is_some_and(|(_, view)| view.direction.is_none()),
        call: ShownCall::new(&changed, &tabs, |user| app.directory.name_of(user)),
    })
}

/// Tells every tab of a call's operators what was added to it.
pub fn tell_added(app: &App, active: Option<&Active>, stored: StoredCall, matched: ClientMatch) {
    let change = CallChange {
        version: stored.version,
        before: Some(stored.call.clone()),
        after: Some(stored.call),
        added: stored.added,
        matched,
    };
    tell(app, active, &change);
}

/// Tells, after a client changed, of its calls that go on.
///
/// # Errors
/// When the database fails.
pub async fn tell_calls_of(app: &App, client: ClientId) -> Result<(), StoreError> {
    let filter = CallFilter { client_id: Some(client), ended: Some(false), ..CallFilter::default() };
    for stored in app.store.calls(&filter, None, MAX_PAGE).await?.items {
        tell_stored(app, stored).await?;
    }
    Ok(())
}

/// Tells of a call as it now stands.
///
/// # Errors
/// When the database fails.
pub async fn tell_stored(app: &App, stored: StoredCall) -> Result<(), StoreError> {
    let matched = matched(app, &view(&stored.call), &stored.added).await?;
    let module = app.modules.get(stored.call.module_id);
    tell_added(app, module.as_deref(), stored, matched);
    Ok(())
}

/// Whom a call is with.
///
/// # Errors
/// When the database fails.
pub async fn matched(app: &App, view: &CallView, added: &CallAnnotations) -> Result<ClientMatch, StoreError> {
    let number = view.client_e164.as_deref().filter(|_| !added.client_chosen);
    app.store.matched(added.client_id, number).await
}

/// What a call's module can do; nothing where it is gone or switched off.
pub fn functions(active: Option<&Active>) -> &BTreeSet<Function> {
    active.filter(|active| active.module.enabled).map_or(&NO_FUNCTIONS, |active| &active.functions)
}
