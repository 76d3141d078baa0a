//! The types of the module contract: what a script returns, checked so that errors name the path.

mod check;
mod facts;
mod lenient;
mod link;
mod tidy;
mod wording;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

pub use check::{ContractError, members, parse_result, test_connection_result};
pub use facts::{Context, KeyedFact, facts};
pub use link::{CallLink, call_link};
pub use tidy::{MAX_WARNINGS, Warning, did_you_mean};

/// Maximum length of a key in a module's storage, in bytes.
pub const MAX_STORAGE_KEY_BYTES: usize = 512;

lenient::text_enum! {
    /// The direction of a call.
    pub enum Direction {
        /// From a client to the company.
        In = "in",
        /// From the company to a client.
        Out = "out",
        /// Between two of the company's own numbers.
        Internal = "internal",
    }
}

lenient::text_enum! {
    /// What a telephony event reports.
    pub enum EventKind {
        /// The call is ringing.
        NotifyStart = "notifyStart",
        /// The call was answered.
        NotifyAnswer = "notifyAnswer",
        /// The call was put on hold.
        NotifyHold = "notifyHold",
        /// The call was taken off hold.
        NotifyUnhold = "notifyUnhold",
        /// The call was redirected to another operator.
        NotifyRedirect = "notifyRedirect",
        /// The call ended.
        NotifyEnd = "notifyEnd",
    }
}

lenient::text_enum! {
    /// The disposition of a call.
    #[derive(Default)]
    pub enum Disposition {
        /// Not known, or the call is not over.
        #[default]
        Unknown = "unknown",
        /// Somebody talked.
        Answered = "answered",
        /// Nobody picked up.
        NoAnswer = "noAnswer",
        /// The called party was busy.
        Busy = "busy",
        /// The caller gave up.
        Cancelled = "cancelled",
        /// The call could not be set up.
        Failed = "failed",
        /// The call went to voicemail.
        Voicemail = "voicemail",
    }
}

/// `VoipWebhookParseResult`: what the script made of a request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParseResult {
    #[serde(default)]
    pub event: Option<Event>,
    /// Several events, for providers that send batches.
    #[serde(default)]
    pub events: Option<Vec<Event>>,
    /// The record of a finished call (CDR).
    #[serde(default)]
    pub call_record: Option<CallRecord>,
    /// The answer to the provider.
    #[serde(default)]
    pub response: Option<Response>,
    /// What was ignored, cut or left out.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// `VoipWebhookRequest`: a telephony event. Numbers and direction are optional with a `call_id`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub event: EventKind,
    #[serde(default)]
    disposition: Option<Disposition>,
    #[serde(default)]
    direction: Option<Direction>,
    #[serde(default, deserialize_with = "lenient::text")]
    src_phone: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    src_phone_ext: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    dst_phone: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    dst_phone_ext: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    call_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    leg_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::whole_number")]
    sequence: Option<i64>,
    #[serde(default, deserialize_with = "lenient::time")]
    occurred_at: Option<DateTime<Utc>>,
    #[serde(default, deserialize_with = "lenient::text")]
    redirect_to: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    caller_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    line: Option<String>,
}

/// `VoipCallRecord`: the length of a finished call and the data to find its recording.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallRecord {
    #[serde(default)]
    disposition: Option<Disposition>,
    #[serde(default)]
    direction: Option<Direction>,
    #[serde(default, deserialize_with = "lenient::text")]
    src_phone: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    src_phone_ext: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    dst_phone: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    dst_phone_ext: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    call_id: Option<String>,
    /// Seconds of talk.
    #[serde(default, deserialize_with = "lenient::number")]
    duration: Option<f64>,
    /// Stored as is and passed to `VoipGetCallLink`.
    #[serde(default)]
    call: Option<Value>,
}

/// The parties, the same in an event and a record. (Not a flattened part of both: serde would lose the path of an error
/// in it.)
struct Numbers<'a> {
    direction: Option<Direction>,
    src_phone: Option<&'a String>,
    src_phone_ext: Option<&'a String>,
    dst_phone: Option<&'a String>,
    dst_phone_ext: Option<&'a String>,
    call_id: Option<&'a String>,
}

macro_rules! numbers_of {
    ($($type:ident),+) => { $(
        impl $type {
            fn numbers(&self) -> Numbers<'_> {
                Numbers {
                    direction: self.direction,
                    src_phone: self.src_phone.as_ref(),
                    src_phone_ext: self.src_phone_ext.as_ref(),
                    dst_phone: self.dst_phone.as_ref(),
                    dst_phone_ext: self.dst_phone_ext.as_ref(),
                    call_id: self.call_id.as_ref(),
                }
            }
        }
    )+ };
}
numbers_of!(Event, CallRecord);

/// `HttpResponse`: the answer to the provider.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Response {
    /// The HTTP status; 200 by default.
    #[serde(default = "ok")]
    pub status: u16,
    #[serde(default, deserialize_with = "lenient::texts")]
    pub headers: BTreeMap<String, String>,
    /// A string as is, anything else as JSON (bytes as marked by the script engine).
    #[serde(default)]
    pub content: Value,
}

const fn ok() -> u16 {
    200
}

/// `VoipMember`: a user at the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The number used in the provider's events.
    #[serde(deserialize_with = "lenient::required_text")]
    pub id: String,
    /// The name at the provider.
    #[serde(deserialize_with = "lenient::required_text")]
    pub name: String,
    /// The email address at the provider.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
}

/// `VoipTestConnectionResult`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestConnectionResult {
    /// Whether the provider can be reached with these settings.
    pub success: bool,
    /// The message for the user.
    #[serde(default)]
    pub message: Option<String>,
}
