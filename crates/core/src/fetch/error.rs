//! Errors of outgoing requests.

use std::error::Error;
use std::time::Duration;

use super::MAX_REDIRECTS;
use super::resolver::OnlyRefused;

/// Why an outgoing request failed; the text is for the module's author.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Not a supported URL.
    #[error("`{0}` is not an http:// or https:// URL")]
    Url(String),
    /// The address is not public.
    #[error(
        "{host} was refused: {reason}, which is not a public address. \
         The server's administrator can allow it with the setting fetch.allow (HOOKSWITCH_FETCH_ALLOW)"
    )]
    RefusedAddress {
        /// Host and port, as in the URL.
        host: String,
        /// "it resolves to …" or "it is …".
        reason: String,
    },
    /// A redirect although none was to be followed.
    #[error("the response was a redirect to {0}, but redirects are not followed here")]
    Redirected(String),
    /// Too many redirects, or a loop.
    #[error("there were more than {MAX_REDIRECTS} redirects")]
    TooManyRedirects,
    /// The request timed out.
    #[error("there was no complete response within {} ms", .0.as_millis())]
    Timeout(Duration),
    /// The response is too large.
    #[error("the response has more than {0} bytes")]
    TooLarge(u64),
    /// A method or header that HTTP does not allow.
    #[error("{0}")]
    Request(String),
    /// The network or the remote side failed.
    #[error("{host} could not be reached: {reason}")]
    Failed {
        /// Host and port, as in the URL.
        host: String,
        /// The innermost cause.
        reason: String,
    },
}

impl FetchError {
    /// Stable; for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Url(_) => "badUrl",
            Self::RefusedAddress { .. } => "refusedAddress",
            Self::Redirected(_) => "redirected",
            Self::TooManyRedirects => "tooManyRedirects",
            Self::Timeout(_) => "timeout",
            Self::TooLarge(_) => "tooLarge",
            Self::Request(_) => "badRequest",
            Self::Failed { .. } => "failed",
        }
    }

    pub(super) fn from_reqwest(error: &reqwest::Error, host: &str, patience: Duration) -> Self {
        if error.is_timeout() {
            return Self::Timeout(patience);
        }
        let host = host.to_owned();
        let mut innermost: &dyn Error = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        match innermost.downcast_ref::<OnlyRefused>() {
            Some(refused) => Self::RefusedAddress { host, reason: refused.to_string() },
            None => Self::Failed { host, reason: innermost.to_string() },
        }
    }
}
