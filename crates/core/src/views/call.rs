//! A call as the API and the sockets show it.

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

/// A call, with what the asking user can do with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Call)]
pub struct ApiCall {
    /// Id.
    pub id: CallId,
    /// Grows with each change: of two answers about the call the one with the greater version is newer.
    pub version: i64,
    /// The module it came through.
    pub module_id: ModuleId,
    /// The provider's id, where it gives one; null where it holds a number that is hidden.
    pub call_id: Option<String>,
    /// Which way it goes.
    pub direction: Option<Direction>,
    /// Where it stands.
    pub state: CallState,
    /// How it came out.
    pub disposition: Disposition,
    /// The outside party's number; none for an internal call.
    pub client_number: Option<ClientNumber>,
    /// The client it is logged on.
    pub client: Option<ApiClientSummary>,
    /// Where it is logged on none and several have its number: those, the one last talked with first. Empty in lists.
    pub candidates: Vec<ApiClientSummary>,
    /// The name the provider shows for the caller.
    pub caller_name: Option<String>,
    /// The company's line, as the provider gave it.
    pub line: Option<String>,
    /// The same as people read it.
    pub line_formatted: Option<String>,
    /// Everybody it rang at or who had it.
    pub operators: Vec<ApiOperator>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When somebody first answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Seconds of talk.
    pub talk_seconds: Option<u32>,
    /// Who had it, from when to when.
    pub segments: Vec<ApiSegment>,
    /// The recording.
    pub recording: Recording,
    /// What the operators noted.
    pub comment: Option<String>,
    /// What it came to, by one of the administrator's codes.
    pub outcome: Option<OutcomeCode>,
    /// An incoming call that nobody answered.
    pub missed: bool,
    /// How a missed call was dealt with; none while it is open.
    pub resolved: Option<ApiResolved>,
    /// What the asking user can do with it now.
    pub actions: Vec<Action>,
}

/// An outside party's number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientNumber {
    /// As it came; empty where it is hidden.
    pub raw: String,
    /// In E.164, where it is a number of some country.
    pub e164: Option<String>,
    /// As people read it; where it is hidden, its last two digits.
    pub formatted: String,
    /// ISO 3166-1 alpha-2: the country of the number in E.164.
    pub country: Option<String>,
    /// Whether it is kept from the asking user, who can still call it by the call's id.
    pub hidden: bool,
    /// Whether the caller withholds it. Such a caller is nobody: there is no number to call back, to find a client by, or
    /// to keep.
    pub withheld: bool,
}

/// How a missed call was dealt with.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Resolved)]
pub struct ApiResolved {
    /// When.
    pub at: DateTime<Utc>,
    /// In what way.
    pub how: ResolvedHow,
    /// By whom, where somebody said so.
    pub by: Option<NamedUser>,
    /// Why, in that person's words.
    pub reason: Option<String>,
    /// The talk with the same caller.
    pub call_id: Option<CallId>,
}

/// An operator's part in a call.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiOperator {
    /// The user; none where nobody is bound to the number.
    pub user_id: Option<UserId>,
    /// The user's name.
    pub name: Option<String>,
    /// The internal number.
    pub extension: String,
    /// What the call is to them.
    pub state: OperatorState,
}

/// An operator, by number and name.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedOperator {
    /// The user; none where nobody is bound to the number.
    pub user_id: Option<UserId>,
    /// The user's name.
    pub name: Option<String>,
    /// The internal number.
    pub extension: String,
}

/// A stretch of a call that one operator had.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiSegment {
    /// The user; none where nobody is bound to the number.
    pub user_id: Option<UserId>,
    /// The internal number; none where the provider did not say who answered.
    pub extension: Option<String>,
    /// From when.
    pub from: DateTime<Utc>,
    /// To when; none while they still have it.
    pub to: Option<DateTime<Utc>>,
}

/// A call's recording.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Recording {
    /// Whether there is one to play.
    pub available: bool,
}

/// Who asks, and what is needed to show them calls of one module.
pub struct Viewer<'a> {
    catalog: &'a Catalog,
    user: UserId,
    /// Whether they may act for other operators.
    admin: bool,
    /// What is kept from them.
    mask: Mask<'a>,
    /// What the calls' module implements.
    functions: &'a BTreeSet<Function>,
}

impl<'a> Viewer<'a> {
    /// A user who looks at calls of a module that implements these functions.
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

    /// An operator by number and name.
    pub fn named(&self, user: Option<UserId>, extension: &str) -> NamedOperator {
        NamedOperator { user_id: user, name: self.name_of(user), extension: self.extension(user, extension) }
    }

    /// An operator's number: what nobody is bound to may as well be a client's.
    fn extension(&self, user: Option<UserId>, extension: &str) -> String {
        let extension = extension.to_owned();
        if user.is_some() { extension } else { self.mask.text(extension) }
    }

    fn name_of(&self, user: Option<UserId>) -> Option<String> {
        self.catalog.directory.name_of(user?)
    }
}

/// The call as `viewer` sees it.
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

/// What is shown in place of a number that the caller withholds.
pub const WITHHELD: &str = "Number withheld";

fn client_number(view: &CallView, hidden: bool) -> Option<ClientNumber> {
    let raw = view.client_raw.as_deref()?;
    if view.is_withheld() {
        // There is nothing to hide but a name that may stand beside it, and whoever would call back has to know that.
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

/// Whether anything is left of the provider's name of a caller: many are the number.
fn is_a_name(name: &str, mask: Mask<'_>) -> bool {
    !mask.hides() || name.chars().any(char::is_alphabetic)
}

/// Whether what the provider gives as the company's line is the client's number.
fn is_of_client(line: &str, view: &CallView) -> bool {
    let end = |number: &str| digits_in(number).chars().rev().take(SAME_END).collect::<String>();
    let client = view.client_e164.as_deref().or(view.client_raw.as_deref());
    client.is_some_and(|client| end(client) == end(line))
}

/// Digits at the end in which a number's spellings agree.
const SAME_END: usize = 7;

/// A number of the company's as people read it.
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
