//! On whose screens a changed call is.

use std::collections::BTreeMap;

use hookswitch_model::{CallId, CallState, CallView, OperatorLeg, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::live::{Changed, is_on_screen};

/// Operators told of one call; a hunt group may ring at more, but then at all for the same reason.
const MAX_OPERATORS: usize = 20;

/// A call that changed, and on whose screens it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownCall {
    /// The call.
    pub call_id: CallId,
    /// Whether it is new.
    pub created: bool,
    /// Where it stands; null where nothing is left of it, after a replay.
    pub state: Option<CallState>,
    /// Everybody it rang at or who had it, twenty at most.
    pub operators: Vec<ShownOperator>,
}

/// An operator's screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShownOperator {
    /// The internal number.
    pub extension: String,
    /// The user; none where nobody is bound to the number.
    pub user_id: Option<UserId>,
    /// The user's name at that time.
    pub name: Option<String>,
    /// The tabs the user had open.
    pub tabs: usize,
    /// Whether the call's page is there, and why not.
    pub result: ShownResult,
}

/// Whether a call's page is on an operator's screen, and why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum ShownResult {
    /// It is.
    Shown,
    /// It would be, but the user had no tab open.
    NoTab,
    /// No user is bound to the number. An administrator binds it under the module's telephony settings.
    NobodyBound,
    /// It was, and left with this change: the call ended, or somebody else has it.
    Closed,
    /// It was not, nor is it to be: the operator's part in the call was over already.
    Inactive,
}

impl ShownCall {
    /// Of a change, with how many tabs each user has that was told of it.
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
