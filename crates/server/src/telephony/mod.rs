//! Calls: what is shown of them, what can be done with them, who hears of their changes.

pub mod actions;
pub mod api_call;
pub mod controls;
pub mod outgoing;
pub mod shown;
pub mod silent;

use std::collections::BTreeSet;

use hookswitch_model::{UserId, view};
use hookswitch_script::Function;
use hookswitch_store::{CallChange, Role, StoredCall};

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

/// Tells every tab of everybody whom a changed call concerns. Gives nothing for a call that began and vanished at once.
pub fn tell(app: &App, active: Option<&Active>, change: &CallChange) -> Option<Told> {
    let name_of = |user| app.directory.name_of(user);
    let viewer_of = |user: UserId| Viewer {
        user,
        admin: app.directory.role_of(user) == Some(Role::Admin),
        functions: functions(active),
        name_of: &name_of,
    };
    let call = change.after.as_ref().or(change.before.as_ref())?;
    let changed = Changed {
        id: call.id,
        version: change.version,
        before: change.before.as_ref().map(view),
        after: change.after.as_ref().map(|call| (call, view(call))),
        comment: change.comment.as_deref(),
    };
    app.missed.note(&changed);
    app.activity.call();
    let tabs = deliver(&app.hub, &changed, viewer_of);
    Some(Told {
        tabs: tabs.values().sum(),
        waits: changed.after.as_ref().is_some_and(|(_, view)| view.direction.is_none()),
        call: ShownCall::new(&changed, &tabs, name_of),
    })
}

/// Tells every tab of a call's operators what is noted about it.
pub fn tell_comment(app: &App, active: Option<&Active>, stored: StoredCall) {
    let change = CallChange {
        version: stored.version,
        before: Some(stored.call.clone()),
        after: Some(stored.call),
        comment: stored.comment,
        client_id: stored.client_id,
    };
    tell(app, active, &change);
}

/// What a call's module can do; nothing where it is gone or switched off.
pub fn functions(active: Option<&Active>) -> &BTreeSet<Function> {
    active.filter(|active| active.module.enabled).map_or(&NO_FUNCTIONS, |active| &active.functions)
}
