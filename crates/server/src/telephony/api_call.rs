//! A call as the API and the sockets show it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::contract::{Direction, Disposition};
use hookswitch_model::{
    Call, CallId, CallState, CallView, ModuleId, OperatorLeg, OperatorState, UserId, phone, view,
};
use hookswitch_script::Function;
use serde::Serialize;
use utoipa::ToSchema;

use super::actions::{Action, actions, leg_of};

/// A call, with what the asking user can do with it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Call)]
pub struct ApiCall {
    /// Id.
    pub id: CallId,
    /// The module it came through.
    pub module_id: ModuleId,
    /// The provider's id, where it gives one.
    pub call_id: Option<String>,
    /// Which way it goes.
    pub direction: Option<Direction>,
    /// Where it stands.
    pub state: CallState,
    /// How it came out.
    pub disposition: Disposition,
    /// The outside party's number; none for an internal call.
    pub client_number: Option<ClientNumber>,
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
    /// An incoming call that nobody answered.
    pub missed: bool,
    /// What the asking user can do with it now.
    pub actions: Vec<Action>,
}

/// An outside party's number.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ClientNumber {
    /// As it came.
    pub raw: String,
    /// In E.164, where it is a number of some country.
    pub e164: Option<String>,
    /// As people read it.
    pub formatted: String,
    /// ISO 3166-1 alpha-2: the country of the number in E.164.
    pub country: Option<String>,
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

/// Who asks, and what is needed to show them a call.
pub struct Viewer<'a> {
    /// The asking user.
    pub user: UserId,
    /// Whether they may act for other operators.
    pub admin: bool,
    /// What the call's module implements.
    pub functions: &'a BTreeSet<Function>,
    /// The name of a user.
    pub name_of: &'a dyn Fn(UserId) -> Option<String>,
}

/// The call as `viewer` sees it.
pub fn api_call(call: &Call, comment: Option<String>, viewer: &Viewer<'_>) -> ApiCall {
    api_call_of_view(call, &view(call), comment, viewer)
}

/// The same where the view is there already.
pub fn api_call_of_view(
    call: &Call,
    view: &CallView,
    comment: Option<String>,
    viewer: &Viewer<'_>,
) -> ApiCall {
    let leg = leg_of(view, viewer.user, viewer.admin);
    ApiCall {
        id: call.id,
        module_id: call.module_id,
        call_id: call.call_id.clone(),
        direction: view.direction,
        state: view.state,
        disposition: view.disposition,
        client_number: client_number(view),
        caller_name: view.caller_name.clone(),
        line: view.line.clone(),
        line_formatted: view.line.as_deref().map(formatted),
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
                extension: segment.extension.clone(),
                from: segment.from,
                to: segment.to,
            })
            .collect(),
        recording: Recording { available: view.recording.is_some() },
        comment,
        missed: view.missed,
        actions: actions(view, leg, viewer.functions),
    }
}

fn client_number(view: &CallView) -> Option<ClientNumber> {
    let raw = view.client_raw.clone()?;
    let shown = view.client_e164.as_deref().map(phone::shown);
    let country = shown.as_ref().and_then(|shown| shown.country).map(|country| country.to_string());
    let formatted = shown.map_or_else(|| raw.clone(), |shown| shown.formatted);
    Some(ClientNumber { raw, e164: view.client_e164.clone(), formatted, country })
}

/// A number of the company's as people read it.
fn formatted(line: &str) -> String {
    phone::e164(line, None).map_or_else(|| line.to_owned(), |e164| phone::shown(&e164).formatted)
}

fn operator(leg: &OperatorLeg, viewer: &Viewer<'_>) -> ApiOperator {
    ApiOperator {
        user_id: leg.user,
        name: leg.user.and_then(viewer.name_of),
        extension: leg.extension.clone(),
        state: leg.state,
    }
}
