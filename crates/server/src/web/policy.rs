//! The web app's Content-Security-Policy.

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Returns the policy for `page` with its inline scripts, or for a file without inline scripts. Everything is loaded
/// from this server only. The script editor needs inline styles.
pub fn policy(page: Option<&[u8]>) -> HeaderValue {
    let scripts: String =
        page.and_then(|page| std::str::from_utf8(page).ok()).map(inline_scripts).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'{scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// Returns a hash source for each inline script in a page of our own build.
fn inline_scripts(page: &str) -> String {
    let scripts = page.split("<script").skip(1).filter_map(|tag| {
        let (attributes, rest) = tag.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        let hash = STANDARD.encode(Sha256::digest(script));
        (!attributes.contains("src=")).then(|| format!(" 'sha256-{hash}'"))
    });
    scripts.collect()
}
