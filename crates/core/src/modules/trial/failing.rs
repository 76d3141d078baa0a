//! A provider's API that fails.

use hookswitch_script::{FetchResponse, HostError};
use serde_json::{Value, json};

use crate::modules::recorded;
use crate::modules::sample::RecordedResponse;

/// How fetches fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failing {
    /// The first one that fails, from 0; every later one does too.
    pub from: usize,
    /// In which way.
    pub failure: Failure,
}

/// A way for a provider's API to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It answers so.
    Status(u16),
    /// It does not answer.
    TimeOut,
    /// It answers 200 with something that is no JSON.
    Garbage,
}

impl Failure {
    /// Every way.
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
                return Err(HostError::new("timeout", "there was no whole answer within 10000 ms"));
            }
            Self::Status(status) => {
                response(status, "application/json", json!({ "nothing": { "known": true } }))
            }
            Self::Garbage => response(200, "text/html", "<html><body>Hello</body></html>".into()),
        };
        Ok(recorded::answer(response, url))
    }
}
