//! The actions an operator can perform on a call: those the module implements and the call's state allows.

use std::collections::BTreeSet;

use hookswitch_model::contract::Direction;
use hookswitch_model::{CallState, CallView, OperatorLeg, OperatorState, UserId};
use hookswitch_script::Function;
use serde::{Deserialize, Serialize};

/// An action an operator can perform on a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Answer the call.
    Accept,
    /// End the call.
    Hangup,
    /// Redirect the call to another operator.
    Redirect,
    /// Put the call on hold.
    Hold,
    /// Take the call off hold.
    Resume,
    /// Mute the operator.
    Mute,
    /// Unmute the operator.
    Unmute,
    /// Send DTMF tones.
    Dtmf,
    /// Transfer the call to another operator after speaking to them.
    Transfer,
    /// Call the client back, with `POST /api/v1/calls`.
    CallBack,
}

impl Action {
    const ALL: [Self; 10] = [
        Self::Accept,
        Self::Hangup,
        Self::Redirect,
        Self::Hold,
        Self::Resume,
        Self::Mute,
        Self::Unmute,
        Self::Dtmf,
        Self::Transfer,
        Self::CallBack,
    ];

    /// The module's function behind it.
    pub const fn function(self) -> Function {
        match self {
            Self::Accept => Function::AcceptCall,
            Self::Hangup => Function::HangupCall,
            Self::Redirect => Function::RedirectCall,
            Self::Hold | Self::Resume => Function::HoldCall,
            Self::Mute | Self::Unmute => Function::MuteCall,
            Self::Dtmf => Function::SendDtmf,
            Self::Transfer => Function::AttendedTransfer,
            Self::CallBack => Function::GenerateCall,
        }
    }

    /// Whether the call's state allows it to the operator of `leg`.
    pub fn allowed(self, view: &CallView, leg: &OperatorLeg) -> bool {
        let ended = view.state == CallState::Ended;
        let talking = leg.state == OperatorState::Talking && !ended;
        let held = leg.state == OperatorState::Held && !ended;
        let ringing = leg.state == OperatorState::Ringing && !ended;
        match self {
            Self::Accept => ringing && view.direction != Some(Direction::Out),
            Self::Hangup => ringing || talking || held,
            Self::Redirect => talking || held || (ringing && view.direction != Some(Direction::Out)),
            Self::Hold | Self::Mute | Self::Unmute | Self::Dtmf => talking,
            Self::Resume => held,
            Self::Transfer => talking || held,
            Self::CallBack => ended && view.client_raw.is_some() && !view.is_withheld(),
        }
    }
}

/// The actions available to the operator of `leg`; none without a leg.
pub fn actions(view: &CallView, leg: Option<&OperatorLeg>, functions: &BTreeSet<Function>) -> Vec<Action> {
    let Some(leg) = leg else { return Vec::new() };
    let possible = |action: &Action| functions.contains(&action.function()) && action.allowed(view, leg);
    Action::ALL.into_iter().filter(possible).collect()
}

/// The leg on which a user acts: their own, the active one first. A user who may act for others takes the leg of
/// whoever has the call.
pub fn leg_of(view: &CallView, user: UserId, for_others: bool) -> Option<&OperatorLeg> {
    let rank = |leg: &&OperatorLeg| match leg.state {
        OperatorState::Talking | OperatorState::Held => 0,
        OperatorState::Ringing => 1,
        _ => 2,
    };
    let own = view.operators.iter().filter(|leg| leg.user == Some(user)).min_by_key(rank);
    own.or_else(|| view.operators.iter().min_by_key(rank).filter(|_| for_others))
}
