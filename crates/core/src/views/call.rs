//! A call as shown by the API and the sockets.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::masking::digits_in;
use hookswitch_model::{
    Call, CallId, CallState, CallView, ModuleId, OperatorLeg, OperatorState, UserId, phone,
};
use hookswitch_model::{CallAnnotations, ResolvedHow};
use hookswitch_script::Function;
use hookswitch_store::{ClientMatch, OutcomeCode, Role};
use serde::Serialize;
use utoipa::ToSchema;

use super::ApiClientSummary;
use super::actions::{Action, actions, leg_of};
use super::number::Mask;
use crate::catalog::{Catalog, NamedUser};

/// A call, with the actions available to the requesting user.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Call)]
pub struct ApiCall {
    /// The call's id.
    pub id: CallId,
    /// Grows with each change: of two responses about the call, the one with the greater version is newer.
    pub version: i64,
    /// The module it came through.
    pub module_id: ModuleId,
    /// The provider's id, if it has one; null if it contains a hidden number.
    pub call_id: Option<String>,
    pub direction: Option<Direction>,
    pub state: CallState,
    pub disposition: Disposition,
    /// The outside party's number; null for an internal call.
    pub client_number: Option<ClientNumber>,
    /// The client it is logged on.
    pub client: Option<ApiClientSummary>,
    /// If it is logged on none and several have its number: those, most recently talked with first. Empty in lists.
    pub candidates: Vec<ApiClientSummary>,
    /// The caller's name as shown by the provider.
    pub caller_name: Option<String>,
    /// The company's line, as received from the provider.
    pub line: Option<String>,
    /// The same, formatted.
    pub line_formatted: Option<String>,
    /// The operators it rang at or who had it.
    pub operators: Vec<ApiOperator>,
    /// When the call started.
    pub started_at: DateTime<Utc>,
    /// When somebody first answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When the call ended.
    pub ended_at: Option<DateTime<Utc>>,
    pub talk_seconds: Option<u32>,
    /// Who had the call, from when to when.
    pub segments: Vec<ApiSegment>,
    pub recording: Recording,
    /// The operators' notes.
    pub comment: Option<String>,
    /// The outcome, one of the administrator's codes.
    pub outcome: Option<OutcomeCode>,
    /// Whether it is an incoming call that nobody answered.
    pub missed: bool,
    /// How a missed call was dealt with; null while it is open.
    pub resolved: Option<ApiResolved>,
    /// The actions available to the requesting user now.
    pub actions: Vec<Action>,
}

/// An outside party's number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientNumber {
    /// The number as received; empty if it is hidden.
    pub raw: String,
    /// The number in E.164, if it is valid.
    pub e164: Option<String>,
    /// The number, formatted; if it is hidden, its last two digits.
    pub formatted: String,
    /// ISO 3166-1 alpha-2: the country of the number in E.164.
    pub country: Option<String>,
    /// Whether it is hidden from the requesting user, who can still call it by the call's id.
    pub hidden: bool,
    /// Whether the caller withholds it: there is no number to call back, to find a client by, or to save.
    pub withheld: bool,
}

/// How a missed call was dealt with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Resolved)]
pub struct ApiResolved {
    /// When it was dealt with.
    pub at: DateTime<Utc>,
    /// In what way.
    pub how: ResolvedHow,
    /// The user who said so, if one did.
    pub by: Option<NamedUser>,
    /// That user's reason, in their own words.
    pub reason: Option<String>,
    /// The talk with the same caller.
    pub call_id: Option<CallId>,
}

/// An operator's part in a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiOperator {
    /// The user; null if nobody is bound to the extension.
    pub user_id: Option<UserId>,
    /// The user's name.
    pub name: Option<String>,
    pub extension: String,
    /// The state of the call for this operator.
    pub state: OperatorState,
}

/// An operator, by extension and name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedOperator {
    /// The user; null if nobody is bound to the extension.
    pub user_id: Option<UserId>,
    /// The user's name.
    pub name: Option<String>,
    pub extension: String,
}

/// A stretch of a call during which one operator had it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiSegment {
    /// The user; null if nobody is bound to the extension.
    pub user_id: Option<UserId>,
    /// The extension; null if the provider did not say who answered.
    pub extension: Option<String>,
    /// The start.
    pub from: DateTime<Utc>,
    /// The end; null while the operator still has the call.
    pub to: Option<DateTime<Utc>>,
}

/// A call's recording.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Recording {
    /// Whether there is one to play.
    pub available: bool,
}

/// The requesting user, with what is needed to show them calls of one module.
pub struct Viewer<'a> {
    catalog: &'a Catalog,
    user: UserId,
    /// Whether they may act for other operators.
    admin: bool,
    /// What is hidden from them.
    mask: Mask<'a>,
    /// The functions of the calls' module.
    functions: &'a BTreeSet<Function>,
}

impl<'a> Viewer<'a> {
    /// A user who views calls of a module with these functions.
    pub fn new(catalog: &'a Catalog, user: UserId, functions: &'a BTreeSet<Function>) -> Self {
        let role = catalog.directory.role_of(user).unwrap_or(Role::Operator);
        Self { catalog, user, admin: role == Role::Admin, mask: Mask::of(catalog, role), functions }
    }

    /// The same for one call.
    #[must_use]
    pub fn of_call(&self, view: &'a CallView) -> Self {
        let number = view.client_e164.as_deref().or(view.client_raw.as_deref());
        Self { mask: self.mask.knowing(number), ..*self }
    }

    /// An operator by extension and name.
    pub fn named(&self, user: Option<UserId>, extension: &str) -> NamedOperator {
        NamedOperator { user_id: user, name: self.name_of(user), extension: self.extension(user, extension) }
    }

    /// An operator's extension: without a bound user it may be a client's number.
    fn extension(&self, user: Option<UserId>, extension: &str) -> String {
        let extension = extension.to_owned();
        if user.is_some() { extension } else { self.mask.text(extension) }
    }

    fn name_of(&self, user: Option<UserId>) -> Option<String> {
        self.catalog.directory.name_of(user?)
    }
}

/// The call as seen by `viewer`.
pub fn api_call<'a>(
    call: &Call,
    version: i64,
    view: &'a CallView,
    added: &CallAnnotations,
    matched: &ClientMatch,
    viewer: &Viewer<'a>,
) -> ApiCall {
    let viewer = &viewer.of_call(view);
    let (catalog, mask) = (viewer.catalog, viewer.mask);
    let line = view.line.as_deref().filter(|line| !mask.hides() || !is_of_client(line, view));
    let leg = leg_of(view, viewer.user, viewer.admin);
    ApiCall {
        id: call.id,
        version,
        module_id: call.module_id,
        call_id: call.call_id.clone().filter(|id| mask.shows(id)),
        direction: view.direction,
        state: view.state,
        disposition: view.disposition,
        client_number: client_number(view, mask.hides()),
        client: matched.client.as_ref().map(|client| ApiClientSummary::new(catalog, client)),
        candidates: matched.candidates.iter().map(|client| ApiClientSummary::new(catalog, client)).collect(),
        caller_name: view
            .caller_name
            .clone()
            .map(|name| mask.text(name))
            .filter(|name| is_a_name(name, mask)),
        line: line.map(str::to_owned),
        line_formatted: line.map(formatted),
        operators: view.operators.iter().map(|leg| operator(leg, viewer)).collect(),
        started_at: view.started_at,
        answered_at: view.answered_at,
        ended_at: view.ended_at,
        talk_seconds: view.talk_seconds,
        segments: view
            .segments
            .iter()
            .map(|segment| ApiSegment {
                user_id: segment.user,
                extension: segment.extension.as_deref().map(|of| viewer.extension(segment.user, of)),
                from: segment.from,
                to: segment.to,
            })
            .collect(),
        recording: Recording { available: view.recording.is_some() },
        comment: added.comment.clone(),
        outcome: added.outcome_id.and_then(|id| Some(OutcomeCode { id, label: catalog.outcomes.label(id)? })),
        missed: view.missed,
        resolved: added.resolved.as_ref().filter(|_| view.missed).map(|resolved| ApiResolved {
            at: resolved.at,
            how: resolved.how,
            by: resolved.by.map(|user| catalog.directory.named(user)),
            reason: resolved.reason.clone(),
            call_id: resolved.call,
        }),
        actions: actions(view, leg, viewer.functions),
    }
}

/// Shown in place of a withheld number.
pub const WITHHELD: &str = "Number withheld";

fn client_number(view: &CallView, hidden: bool) -> Option<ClientNumber> {
    let raw = view.client_raw.as_deref()?;
    if view.is_withheld() {
        // There is nothing to hide except a name next to it, and whoever would call back has to know.
        let raw = if hidden { String::new() } else { raw.to_owned() };
        let formatted = WITHHELD.to_owned();
        return Some(ClientNumber {
            raw,
            e164: None,
            formatted,
            country: None,
            hidden: false,
            withheld: true,
        });
    }
    let shown = view.client_e164.as_deref().map(phone::shown);
    let country = shown.as_ref().and_then(|shown| shown.country).map(|country| country.to_string());
    // A caller without a number has nothing to hide.
    if hidden && raw.bytes().any(|byte| byte.is_ascii_digit()) {
        let formatted = phone::masked(view.client_e164.as_deref().unwrap_or(raw));
        return Some(ClientNumber {
            raw: String::new(),
            e164: None,
            formatted,
            country,
            hidden,
            withheld: false,
        });
    }
    let formatted = shown.map_or_else(|| raw.to_owned(), |shown| shown.formatted);
    Some(ClientNumber {
        raw: raw.to_owned(),
        e164: view.client_e164.clone(),
        formatted,
        country,
        hidden: false,
        withheld: false,
    })
}

/// Whether anything is left of the provider's name for a caller: many are the number.
fn is_a_name(name: &str, mask: Mask<'_>) -> bool {
    !mask.hides() || name.chars().any(char::is_alphabetic)
}

/// Whether the company's line as given by the provider is the client's number.
fn is_of_client(line: &str, view: &CallView) -> bool {
    let end = |number: &str| digits_in(number).chars().rev().take(SAME_END).collect::<String>();
    let client = view.client_e164.as_deref().or(view.client_raw.as_deref());
    client.is_some_and(|client| end(client) == end(line))
}

/// Final digits in which a number's spellings agree.
const SAME_END: usize = 7;

/// A company number, formatted.
fn formatted(line: &str) -> String {
    phone::e164(line, None).map_or_else(|| line.to_owned(), |e164| phone::shown(&e164).formatted)
}

fn operator(leg: &OperatorLeg, viewer: &Viewer<'_>) -> ApiOperator {
    ApiOperator {
        user_id: leg.user,
        name: viewer.name_of(leg.user),
        extension: viewer.extension(leg.user, &leg.extension),
        state: leg.state,
    }
}
