//! The HTTP client for foreign addresses: a script's `fetch` and the recording proxy.
//!
//! It reaches only public addresses and what `fetch.allow` names. Names are checked after resolution, addresses in a
//! URL directly, and both again on every redirect. Proxies from the environment are not used: they would resolve names
//! unchecked.
//!
//! Certificates are checked against the machine's own store rather than a built-in list: an administrator can add a
//! company's authority there, and system updates remove a bad one without a new Hookswitch.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use url::{Host, Url};

mod address;
mod allow;
mod error;
mod resolver;
mod script;

pub(crate) use address::is_public;
pub use allow::{AllowRule, AllowRuleError};
pub use error::FetchError;
use resolver::GuardedResolver;

/// `[fetch]` of the settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FetchSettings {
    /// What may be reached in addition to public addresses.
    pub allow: Vec<AllowRule>,
    /// How long connecting may take.
    pub connect_seconds: u64,
    /// How long a whole request may take.
    pub total_seconds: u64,
}

/// Maximum number of redirects followed.
pub(crate) const MAX_REDIRECTS: usize = 5;

/// Headers that belong to the connection or name the target; a caller's are dropped, as in browsers.
const NOT_THE_CALLERS: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// The guarded client. Cheap to clone; all clones share their connections.
#[derive(Debug, Clone)]
pub struct FetchClient {
    /// Connects only to what [`GuardedResolver`] allows.
    guarded: Client,
    /// For hosts allowed by name, whatever they resolve to.
    by_name: Client,
    rules: Arc<[AllowRule]>,
    total: Duration,
}

/// A request to send.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// An http or https URL.
    pub url: Url,
    pub method: Method,
    /// Headers; those of the connection are dropped.
    pub headers: HeaderMap,
    /// The complete body.
    pub body: Option<Bytes>,
    /// How to handle redirects.
    pub redirects: Redirects,
}

/// How to handle redirects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirects {
    /// Follow, at most [`MAX_REDIRECTS`] times.
    Follow,
    /// The same, but forward only the caller's headers about encodings and ranges to another origin.
    FollowBare,
    /// Return the redirect as the response.
    Give,
    /// Fail.
    Refuse,
}

/// A response with an unread body.
#[derive(Debug)]
pub struct Incoming {
    /// Status, headers, final URL and unread body.
    pub response: Response,
    /// Whether a redirect was followed.
    pub redirected: bool,
}

impl FetchClient {
    /// Creates a client with these settings.
    ///
    /// # Errors
    /// If TLS cannot be set up.
    pub fn new(settings: &FetchSettings) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let tls = tls()?;
        let rules: Arc<[AllowRule]> = settings.allow.clone().into();
        let total = Duration::from_secs(settings.total_seconds);
        let builder = || {
            Client::builder()
                .no_proxy()
                .redirect(Policy::none())
                .referer(false)
                .user_agent(concat!("hookswitch/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(Duration::from_secs(settings.connect_seconds))
                .read_timeout(total)
                .pool_max_idle_per_host(8)
                .tls_backend_preconfigured(tls.clone())
        };
        let guarded = builder().dns_resolver(GuardedResolver(Arc::clone(&rules))).build()?;
        Ok(Self { guarded, by_name: builder().build()?, rules, total })
    }

    /// The time limit of a script's request.
    #[must_use]
    pub const fn total(&self) -> Duration {
        self.total
    }

    /// Sends a request, follows redirects, and returns the response once its head has arrived. Waiting for the network
    /// ends after `fetch.total_seconds` without a byte; the caller limits the total duration and size.
    ///
    /// # Errors
    /// See [`FetchError`].
    pub async fn send(&self, mut request: Outgoing) -> Result<Incoming, FetchError> {
        for name in NOT_THE_CALLERS {
            request.headers.remove(name);
        }
        let mut redirected = false;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send_once(&request).await?;
            let Some(target) = redirect_target(&response) else {
                return Ok(Incoming { response, redirected });
            };
            match request.redirects {
                Redirects::Give => return Ok(Incoming { response, redirected }),
                Redirects::Refuse => return Err(FetchError::Redirected(target?.into())),
                Redirects::Follow | Redirects::FollowBare => {
                    redirect(&mut request, response.status(), target?)
                }
            }
            redirected = true;
        }
        Err(FetchError::TooManyRedirects)
    }

    async fn send_once(&self, request: &Outgoing) -> Result<Response, FetchError> {
        let host = host_of(&request.url);
        let builder = self
            .client_for(&request.url)?
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone());
        let builder = match &request.body {
            Some(body) => builder.body(body.clone()),
            None => builder,
        };
        builder.send().await.map_err(|error| FetchError::from_reqwest(&error, &host, self.total))
    }

    fn client_for(&self, url: &Url) -> Result<&Client, FetchError> {
        let bad = || FetchError::Url(url.to_string());
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad());
        }
        let port = url.port_or_known_default().ok_or_else(bad)?;
        let ip = match url.host().ok_or_else(bad)? {
            Host::Domain(name) => {
                let by_name = self.rules.iter().any(|rule| rule.allows_name(name, port));
                return Ok(if by_name { &self.by_name } else { &self.guarded });
            }
            Host::Ipv4(ip) => ip.into(),
            Host::Ipv6(ip) => ip.into(),
        };
        let allowed = |rule: &AllowRule| rule.allows_address(SocketAddr::new(ip, port));
        if is_public(ip) || self.rules.iter().any(allowed) {
            return Ok(&self.guarded);
        }
        Err(FetchError::RefusedAddress { host: host_of(url), reason: format!("it is {ip}") })
    }
}

/// The target of the redirect, if the response is one; an error if it is not a URL.
fn redirect_target(response: &Response) -> Option<Result<Url, FetchError>> {
    let redirects = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = response.headers().get(header::LOCATION).filter(|_| redirects)?;
    let target = location.to_str().ok().and_then(|text| response.url().join(text).ok());
    Some(target.ok_or_else(|| FetchError::Url(String::from_utf8_lossy(location.as_bytes()).into_owned())))
}

/// Turns the request into the one that follows it. The caller's credentials are sent only to the original origin.
fn redirect(request: &mut Outgoing, status: StatusCode, target: Url) {
    let becomes_get = match status {
        StatusCode::SEE_OTHER => !matches!(request.method, Method::GET | Method::HEAD),
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => request.method == Method::POST,
        _ => false,
    };
    if becomes_get {
        request.method = Method::GET;
        request.body = None;
        request.headers.remove(header::CONTENT_TYPE);
    }
    if target.origin() != request.url.origin() {
        request.headers.remove(header::AUTHORIZATION);
        request.headers.remove(header::COOKIE);
        if request.redirects == Redirects::FollowBare {
            let kept = [header::RANGE, header::IF_RANGE, header::ACCEPT_ENCODING];
            let kept = kept.map(|name| request.headers.remove(&name).map(|value| (name, value)));
            request.headers = kept.into_iter().flatten().collect();
        }
    }
    request.url = target;
}

/// Host and port, for messages: a URL's path and query may contain secrets.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The TLS configuration of outgoing requests: certificates are checked against the machine's own store.
///
/// # Errors
/// If TLS cannot be set up.
pub fn tls() -> Result<ClientConfig, rustls::Error> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        tracing::warn!(errors = ?found.errors, "no certificate authorities on this machine: https requests of scripts will fail");
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    Ok(builder.with_safe_default_protocol_versions()?.with_root_certificates(roots).with_no_client_auth())
}
