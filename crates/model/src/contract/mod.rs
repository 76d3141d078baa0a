//! The module contract's types: what a script returns, checked so that what is wrong is said by path.

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

/// Bytes of a key in a module's storage, at most.
pub const MAX_STORAGE_KEY_BYTES: usize = 512;

lenient::text_enum! {
    /// Which way a call goes.
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
        /// It rings.
        NotifyStart = "notifyStart",
        /// It was answered.
        NotifyAnswer = "notifyAnswer",
        /// It was put on hold.
        NotifyHold = "notifyHold",
        /// It was taken off hold.
        NotifyUnhold = "notifyUnhold",
        /// It was redirected to another operator.
        NotifyRedirect = "notifyRedirect",
        /// It ended.
        NotifyEnd = "notifyEnd",
    }
}

lenient::text_enum! {
    /// How a call came out.
    #[derive(Default)]
    pub enum Disposition {
        /// Not known, or not over.
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
        /// It could not be set up.
        Failed = "failed",
        /// Voicemail took it.
        Voicemail = "voicemail",
    }
}

/// `VoipWebhookParseResult`: what the script made of a request.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParseResult {
    /// One event.
    #[serde(default)]
    pub event: Option<Event>,
    /// Several, of providers that send batches.
    #[serde(default)]
    pub events: Option<Vec<Event>>,
    /// A finished call's record.
    #[serde(default)]
    pub call_record: Option<CallRecord>,
    /// What to answer the provider.
    #[serde(default)]
    pub response: Option<Response>,
    /// What was ignored, cut or left out.
    #[serde(skip)]
    pub warnings: Vec<Warning>,
}

/// `VoipWebhookRequest`: a telephony event. Numbers and direction may be left out where `call_id` is given.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// What happened.
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

/// `VoipCallRecord`: a finished call's length and the data its recording is found by.
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
    /// Kept as is, passed to `VoipGetCallLink`.
    #[serde(default)]
    call: Option<Value>,
}

/// Who talks with whom, in an event and a record alike. (Not a flattened part of both: serde would lose the path of
/// what is wrong in it.)
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

/// `HttpResponse`: what the provider is answered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Response {
    /// The HTTP status; 200 when not set.
    #[serde(default = "ok")]
    pub status: u16,
    /// Header names and values.
    #[serde(default, deserialize_with = "lenient::texts")]
    pub headers: BTreeMap<String, String>,
    /// Text as is, anything else as JSON (bytes as the script engine marks them).
    #[serde(default)]
    pub content: Value,
}

const fn ok() -> u16 {
    200
}

/// `VoipMember`: a user of the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Member {
    /// The number that stands in the events.
    #[serde(deserialize_with = "lenient::required_text")]
    pub id: String,
    /// The name at the provider.
    #[serde(deserialize_with = "lenient::required_text")]
    pub name: String,
    /// The e-mail at the provider.
    #[serde(default, deserialize_with = "lenient::text")]
    pub email: Option<String>,
}

/// `VoipTestConnectionResult`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestConnectionResult {
    /// Whether the provider can be reached with the settings given.
    pub success: bool,
    /// What to tell the user.
    #[serde(default)]
    pub message: Option<String>,
}
