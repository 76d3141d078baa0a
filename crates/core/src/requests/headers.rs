//! A request's headers as stored: credentials are stored separately, encrypted.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::address::Address;

/// Replaces a value that is stored encrypted.
pub(crate) const HIDDEN: &str = "•••••";

/// Parts of the names of headers with credentials.
const SECRET: [&str; 11] = [
    "accesskey",
    "apikey",
    "auth",
    "cookie",
    "credential",
    "jwt",
    "passw",
    "secret",
    "session",
    "subscriptionkey",
    "token",
];

/// Headers by lower-case name; repeated ones are joined as HTTP allows. First those in the clear, with [`HIDDEN`] in
/// place of secret values; then the secret ones.
pub fn kept(headers: &HeaderMap, address: &Address) -> (Map<String, Value>, Map<String, Value>) {
    let (mut clear, mut secret) = (Map::new(), Map::new());
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let value = values.collect::<Vec<_>>().join(", ");
        let name = name.as_str().to_owned();
        // Proxies add headers with the called URL, and with it the token.
        if is_secret(&name) || address.is_in(&value) {
            clear.insert(name.clone(), HIDDEN.into());
            secret.insert(name, value.into());
        } else {
            clear.insert(name, value.into());
        }
    }
    (clear, secret)
}

/// Whether the name suggests credentials.
pub fn is_secret(name: &str) -> bool {
    let name = name.replace(['-', '_'], "");
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_recognized_by_name() {
        for name in [
            "authorization",
            "proxy-authorization",
            "cookie",
            "x-api-key",
            "api_key",
            "x-auth-token",
            "x-gitlab-token",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["content-type", "user-agent", "x-signature", "x-request-id", "host"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
