//! The functions a module may implement.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A function of the module contract, serialized as its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Function {
    /// Checks that the provider can be reached with the module's settings.
    #[serde(rename = "VoipTestConnection")]
    TestConnection,
    /// Turns a webhook request into telephony events, a call record, or an answer.
    #[serde(rename = "VoipParseWebhookRequest")]
    ParseWebhookRequest,
    /// Lists the provider's users.
    #[serde(rename = "VoipGetMembers")]
    GetMembers,
    /// Starts an outgoing call.
    #[serde(rename = "VoipGenerateCall")]
    GenerateCall,
    /// Returns the link to a recording.
    #[serde(rename = "VoipGetCallLink")]
    GetCallLink,
    /// Handles a changed webhook URL.
    #[serde(rename = "VoipOnWebhookUpdated")]
    OnWebhookUpdated,
    /// Answers a ringing call.
    #[serde(rename = "VoipAcceptCall")]
    AcceptCall,
    /// Ends a call.
    #[serde(rename = "VoipHangupCall")]
    HangupCall,
    /// Redirects a call to another operator.
    #[serde(rename = "VoipRedirectCall")]
    RedirectCall,
    /// Holds or resumes a call.
    #[serde(rename = "VoipHoldCall")]
    HoldCall,
    /// Mutes or unmutes the operator.
    #[serde(rename = "VoipMuteCall")]
    MuteCall,
    /// Sends DTMF tones into a call.
    #[serde(rename = "VoipSendDtmf")]
    SendDtmf,
    /// Transfers a call to another operator after the two have spoken.
    #[serde(rename = "VoipAttendedTransfer")]
    AttendedTransfer,
}

impl Function {
    /// Every function, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::TestConnection,
        Self::ParseWebhookRequest,
        Self::GetMembers,
        Self::GenerateCall,
        Self::GetCallLink,
        Self::OnWebhookUpdated,
        Self::AcceptCall,
        Self::HangupCall,
        Self::RedirectCall,
        Self::HoldCall,
        Self::MuteCall,
        Self::SendDtmf,
        Self::AttendedTransfer,
    ];

    /// The name under which a script declares it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TestConnection => "VoipTestConnection",
            Self::ParseWebhookRequest => "VoipParseWebhookRequest",
            Self::GetMembers => "VoipGetMembers",
            Self::GenerateCall => "VoipGenerateCall",
            Self::GetCallLink => "VoipGetCallLink",
            Self::OnWebhookUpdated => "VoipOnWebhookUpdated",
            Self::AcceptCall => "VoipAcceptCall",
            Self::HangupCall => "VoipHangupCall",
            Self::RedirectCall => "VoipRedirectCall",
            Self::HoldCall => "VoipHoldCall",
            Self::MuteCall => "VoipMuteCall",
            Self::SendDtmf => "VoipSendDtmf",
            Self::AttendedTransfer => "VoipAttendedTransfer",
        }
    }

    /// Whether a module is unusable without it.
    pub const fn required(self) -> bool {
        matches!(
            self,
            Self::TestConnection
                | Self::ParseWebhookRequest
                | Self::GetMembers
                | Self::GenerateCall
                | Self::GetCallLink
        )
    }

    /// The function with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
