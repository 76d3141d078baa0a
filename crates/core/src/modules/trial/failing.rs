//! Simulates failures of a provider's API.

use hookswitch_script::{FetchResponse, HostError};
use serde_json::{Value, json};

use crate::modules::recorded;
use crate::modules::sample::RecordedResponse;

/// How fetches fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// The first failing fetch, from 0; all later ones fail, too.
    pub from: usize,
    pub failure: Failure,
}

/// A failure of a provider's API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It answers with this status.
    Status(u16),
    /// It does not answer.
    TimeOut,
    /// It answers 200 with something other than JSON.
    Garbage,
}

impl Failure {
    /// All failures.
    pub const ALL: [Self; 6] = [
        Self::Status(401),
        Self::Status(403),
        Self::Status(429),
        Self::Status(500),
        Self::TimeOut,
        Self::Garbage,
    ];

    /// As in "when the API …".
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Status(status) => format!("answers {status}"),
            Self::TimeOut => "does not answer".to_owned(),
            Self::Garbage => "answers with garbage".to_owned(),
        }
    }

    pub(super) fn answer(self, url: String) -> Result<FetchResponse, HostError> {
        let response = |status, content_type: &str, body: Value| RecordedResponse {
            status,
            headers: [("content-type".to_owned(), content_type.to_owned())].into(),
            body,
        };
        let response = match self {
            Self::TimeOut => {
                return Err(HostError::new("timeout", "there was no complete response within 10000 ms"));
            }
            Self::Status(status) => {
                response(status, "application/json", json!({ "nothing": { "known": true } }))
            }
            Self::Garbage => response(200, "text/html", "<html><body>Hello</body></html>".into()),
        };
        Ok(recorded::answer(response, url))
    }
}
