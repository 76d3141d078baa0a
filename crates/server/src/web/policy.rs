//! What a page of the web app may load and do.

use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The policy for the page given, with the scripts that stand in it, or for a file that holds no scripts of its own. Only from
/// this server: scripts, workers, pictures, recordings, requests, sockets. The script editor sets styles as it goes.
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

/// The scripts in a page that our own build made, each as a source with its hash.
fn inline_scripts(page: &str) -> String {
    let scripts = page.split("<script").skip(1).filter_map(|tag| {
        let (attributes, rest) = tag.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        let hash = STANDARD.encode(Sha256::digest(script));
        (!attributes.contains("src=")).then(|| format!(" 'sha256-{hash}'"))
    });
    scripts.collect()
}
