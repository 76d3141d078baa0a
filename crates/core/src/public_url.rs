//! The URL called by providers and browsers.

use std::net::SocketAddr;
use std::str::FromStr;

use url::Url;

/// An http(s) URL without query, fragment or credentials; its path, if any, is a prefix of every route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// The error for a string that is not a public URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an http:// or https:// URL without query, fragment and password")]
pub struct PublicUrlError(String);

impl PublicUrl {
    /// `http://<listen>`
    #[must_use]
    pub fn of_listener(address: SocketAddr) -> Self {
        #[expect(clippy::expect_used, reason = "a socket address is always a valid authority")]
        Self(Url::parse(&format!("http://{address}/")).expect("a URL of a socket address"))
    }

    /// The absolute URL of a route; `path` starts with a slash.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0.as_str().trim_end_matches('/'))
    }

    /// Scheme, host and port as browsers send them in `Origin`.
    #[must_use]
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// Whether browsers connect over https.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || PublicUrlError(text.to_owned());
        let url = Url::parse(text).map_err(|_| error())?;
        let plain = url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
            && url.password().is_none();
        if matches!(url.scheme(), "http" | "https") && url.has_host() && plain {
            Ok(Self(url))
        } else {
            Err(error())
        }
    }
}
