//! A request of a sample or scenario to the webhook.

use std::collections::BTreeMap;

use url::form_urlencoded;

use super::sample::WebhookRequest;
use crate::requests::address::{self, Address};

/// The token of every webhook URL in samples and scenarios.
pub const TOKEN: &str = "sample";
/// The module's id in webhook URLs of samples, and in what scenarios show of theirs.
pub const MODULE: &str = "sample";
/// The server's public URL in samples and scenarios.
pub const PUBLIC_URL: &str = "https://hookswitch.example";

/// The server's default limit for a body, and the limit for what recipes may make of a request.
pub(crate) const MOST_BYTES: usize = 1 << 20;

/// The request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub method: String,
    /// Path and query, with the token.
    pub target: String,
    /// By name, in lower case.
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Outgoing {
    /// Creates an unsigned request to a module's webhook.
    #[must_use]
    pub fn new(request: &WebhookRequest, module: &str) -> Self {
        Self {
            method: request.method.clone(),
            target: target(request, module),
            headers: request.headers.clone(),
            body: request.body.clone().unwrap_or_default().into_bytes(),
        }
    }

    /// The value of `request.url` for the script.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{PUBLIC_URL}{}", self.target)
    }

    /// The parameters, without the token.
    #[must_use]
    pub fn parameters(&self) -> Vec<(String, String)> {
        Address::find(&self.target, TOKEN).map(|address| address.parameters()).unwrap_or_default()
    }
}

/// The webhook URL of a module in samples and scenarios.
#[must_use]
pub fn webhook_url(module: &str) -> String {
    format!("{PUBLIC_URL}{}{module}?token={TOKEN}", address::PREFIX)
}

/// The webhook's address with what the provider appends to it: a path before the query, parameters after the token.
fn target(request: &WebhookRequest, module: &str) -> String {
    let written = request.url.as_deref().unwrap_or(&request.path);
    let (path, query) = written.split_once('?').unwrap_or((written, ""));
    let mut target = format!("{}{module}{path}?token={TOKEN}", address::PREFIX);
    if !query.is_empty() {
        target.push('&');
        target.push_str(query);
    }
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &request.query {
        let values = value.as_array().map_or_else(|| std::slice::from_ref(value), Vec::as_slice);
        for value in values {
            pairs.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
        }
    }
    let pairs = pairs.finish();
    if !pairs.is_empty() {
        target.push('&');
        target.push_str(&pairs);
    }
    target
}
