//! Protection against cross-site requests.

use axum::http::{HeaderMap, header};
use hookswitch_core::Error;
use url::Url;

use crate::error::ApiResult;
use hookswitch_core::public_url::PublicUrl;

/// Accepts requests from pages of this server: their `Origin` is that of the public URL or of the requested host, which
/// a page elsewhere cannot choose. If the public URL is https, so must be the origin.
///
/// # Errors
/// Returns 403 for any other origin, and for none, as browsers always send one with requests that change something.
pub fn require_own_origin(headers: &HeaderMap, public_url: &PublicUrl) -> ApiResult<()> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN).filter(|origin| !origin.is_empty()) else {
        return Err(Error::not_allowed(format!(
            "The request has a session cookie but no `Origin` header. Browsers send one; a program sends an \
             API token instead of the cookie, or `Origin: {}`.",
            public_url.origin()
        ))
        .into());
    };
    if origin == public_url.origin() || is_host(origin, text(header::HOST).unwrap_or_default(), public_url) {
        return Ok(());
    }
    Err(Error::not_allowed(format!(
        "This request comes from a page at `{origin}`, but this server is at {}. Open it there, then try again. \
         Programs send an API token instead.",
        public_url.origin()
    )).into())
}

fn is_host(origin: &str, host: &str, public_url: &PublicUrl) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let scheme_fits = scheme == "https" || (scheme == "http" && !public_url.is_https());
    // Compared as URLs, so that `example.org` is `example.org:80` for http.
    let same_host = || {
        let (theirs, ours) = (Url::parse(origin).ok(), Url::parse(&format!("{scheme}://{host}")).ok());
        theirs.zip(ours).is_some_and(|(theirs, ours)| theirs.origin() == ours.origin())
    };
    scheme_fits && !authority.is_empty() && !host.is_empty() && same_host()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(public_url: &str, host: &str, origin: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if !origin.is_empty() {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        require_own_origin(&headers, &public_url.parse().unwrap()).is_ok()
    }

    #[test]
    fn own_pages_pass() {
        assert!(passes("https://calls.example.org/tel", "10.0.0.1:8700", "https://calls.example.org"));
        assert!(passes("http://127.0.0.1:8700", "localhost:8700", "http://localhost:8700"));
        assert!(passes("http://127.0.0.1:8700", "calls.lan:80", "http://calls.lan"));
    }

    #[test]
    fn other_sites_do_not() {
        let public_url = "https://calls.example.org";
        for origin in [
            "",
            "null",
            "https://evil.example",
            "http://calls.example.org",
            "https://calls.example.org.evil.example",
        ] {
            assert!(!passes(public_url, "calls.example.org", origin), "{origin}");
        }
        // The same machine, another port.
        assert!(!passes("http://127.0.0.1:8700", "127.0.0.1:8700", "http://127.0.0.1:9000"));
    }
}
