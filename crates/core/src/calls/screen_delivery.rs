//! Which screens show a changed call.

use std::collections::BTreeMap;

use hookswitch_model::{CallId, CallState, CallView, OperatorLeg, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::live::{Changed, is_on_screen};

/// Maximum number of operators listed per call; a hunt group may ring at more, all for the same reason.
const MAX_OPERATORS: usize = 20;

/// A changed call, and the screens that show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownCall {
    pub call_id: CallId,
    /// Whether the call is new.
    pub created: bool,
    /// The call's state; null if nothing is left of it after a replay.
    pub state: Option<CallState>,
    /// The operators it rang at or who had it, at most twenty.
    pub operators: Vec<ShownOperator>,
}

/// An operator's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownOperator {
    pub extension: String,
    /// The user; null if nobody is bound to the extension.
    pub user_id: Option<UserId>,
    /// The user's name at that time.
    pub name: Option<String>,
    /// The number of tabs the user had open.
    pub tabs: usize,
    /// Whether the call's page is shown, and why not.
    pub result: ShownResult,
}

/// Whether a call's page is on an operator's screen, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ShownResult {
    /// The page is shown.
    Shown,
    /// The page would be shown, but the user had no tab open.
    NoTab,
    /// No user is bound to the extension. An administrator binds it in the module's telephony settings.
    NobodyBound,
    /// The page was shown and closed with this change: the call ended, or somebody else has it.
    Closed,
    /// The page was not and will not be shown: the operator's part in the call was already over.
    Inactive,
}

impl ShownCall {
    /// From a change, with the number of notified tabs per user.
    pub fn new(
        changed: &Changed<'_>,
        tabs: &BTreeMap<UserId, usize>,
        name_of: impl Fn(UserId) -> Option<String>,
    ) -> Self {
        let (before, after) = (changed.before.as_ref(), changed.after.as_ref().map(|(_, view)| view));
        let removed = legs(before).filter(|leg| !legs(after).any(|other| other.extension == leg.extension));
        let operator = |leg: &OperatorLeg| {
            let tabs = leg.user.and_then(|user| tabs.get(&user)).copied().unwrap_or_default();
            ShownOperator {
                extension: leg.extension.clone(),
                user_id: leg.user,
                name: leg.user.and_then(&name_of),
                tabs,
                result: result(leg, tabs, before, after),
            }
        };
        Self {
            call_id: changed.id,
            created: before.is_none(),
            state: after.map(|view| view.state),
            operators: legs(after).chain(removed).take(MAX_OPERATORS).map(operator).collect(),
        }
    }
}

fn legs(view: Option<&CallView>) -> impl Iterator<Item = &OperatorLeg> {
    view.into_iter().flat_map(|view| &view.operators)
}

fn result(
    leg: &OperatorLeg,
    tabs: usize,
    before: Option<&CallView>,
    after: Option<&CallView>,
) -> ShownResult {
    let Some(user) = leg.user else { return ShownResult::NobodyBound };
    let on_screen = |view: Option<&CallView>| view.is_some_and(|view| is_on_screen(view, user));
    match (on_screen(after), on_screen(before)) {
        (true, _) if !leg.state.is_active() => ShownResult::Inactive,
        (true, _) if tabs == 0 => ShownResult::NoTab,
        (true, _) => ShownResult::Shown,
        (false, true) => ShownResult::Closed,
        (false, false) => ShownResult::Inactive,
    }
}
