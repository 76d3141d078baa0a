//! Sends messages about a changed call to the users it concerns.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use hookswitch_model::CallAnnotations;
use hookswitch_model::{Call, CallId, CallView, OperatorState, UserId};
use hookswitch_store::ClientMatch;

use super::message::{GoneReason, Message};
use super::{Hub, Version};
use crate::views::call::{NamedOperator, Viewer, api_call};

/// A call before and after a change; `None` if it did not or does not exist.
pub struct Changed<'a> {
    pub id: CallId,
    /// Its version after the change.
    pub version: Version,
    pub before: Option<CallView>,
    pub after: Option<(&'a Call, CallView)>,
    /// What people, or rules on their behalf, added to it.
    pub added: &'a CallAnnotations,
    /// The client it is with.
    pub matched: &'a ClientMatch,
}

/// Notifies every tab of the users concerned. Returns the number of tabs per user, for users with any.
pub fn deliver<'a>(
    hub: &Hub,
    changed: &Changed<'_>,
    viewer_of: impl Fn(UserId) -> Viewer<'a>,
) -> BTreeMap<UserId, usize> {
    let before = changed.before.as_ref();
    let after = changed.after.as_ref().map(|(_, view)| view);
    let users: BTreeSet<UserId> = users(before).chain(users(after)).collect();
    let messages: Vec<(UserId, Vec<Bytes>)> = users
        .into_iter()
        .filter(|user| hub.is_connected(*user))
        .map(|user| {
            let viewer = viewer_of(user);
            let call = changed.after.as_ref().filter(|(_, view)| has(view, user)).map(|(call, view)| {
                let (added, matched) = (changed.added, changed.matched);
                let call = api_call(call, changed.version, view, added, matched, &viewer);
                Message::Call { call: Box::new(call) }
            });
            let gone = gone(changed.id, user, before, after, &viewer);
            (user, call.iter().chain(gone.iter()).map(Message::to_text).collect())
        })
        .collect();
    hub.publish(changed.id, changed.version, &messages)
}

fn users(view: Option<&CallView>) -> impl Iterator<Item = UserId> {
    view.into_iter().flat_map(|view| view.operators.iter().filter_map(|leg| leg.user))
}

/// Nobody sees a call before its direction is known.
fn has(view: &CallView, user: UserId) -> bool {
    view.direction.is_some() && view.operators.iter().any(|leg| leg.user == Some(user))
}

/// Whether the call is on the user's screen.
pub(crate) fn is_on_screen(view: &CallView, user: UserId) -> bool {
    has(view, user) && view.operators.iter().any(|leg| leg.user == Some(user) && leg.state.is_active())
}

/// The message that removes a call from the user's screen, if it was there and no longer is.
fn gone(
    id: CallId,
    user: UserId,
    before: Option<&CallView>,
    after: Option<&CallView>,
    viewer: &Viewer<'_>,
) -> Option<Message> {
    if !before.is_some_and(|before| is_on_screen(before, user))
        || after.is_some_and(|after| is_on_screen(after, user))
    {
        return None;
    }
    let leg = after.and_then(|after| after.operators.iter().find(|leg| leg.user == Some(user)));
    let reason = match leg.map(|leg| leg.state) {
        None => GoneReason::Removed,
        Some(OperatorState::Missed) => GoneReason::Missed,
        Some(OperatorState::AnsweredElsewhere) => GoneReason::AnsweredElsewhere,
        Some(OperatorState::Left) => GoneReason::Left,
        Some(_) => GoneReason::Ended,
    };
    let by = after.filter(|_| matches!(reason, GoneReason::AnsweredElsewhere | GoneReason::Left));
    let by = by.and_then(|after| taken_by(after, user, viewer));
    Some(Message::CallGone { id, reason, by })
}

/// Who has the call now.
fn taken_by(view: &CallView, user: UserId, viewer: &Viewer<'_>) -> Option<NamedOperator> {
    let leg = view.operators.iter().find(|leg| leg.state.is_active() && leg.user != Some(user))?;
    Some(viewer.named(leg.user, &leg.extension))
}
