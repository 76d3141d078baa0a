//! A request's headers as they are kept: what proves who sent it is kept apart, encrypted.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::address::Address;

/// Stands for a value that is kept encrypted.
pub const HIDDEN: &str = "•••••";

/// Parts of the names of headers whose values prove who somebody is.
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

/// Headers by name, in lower case; repeated ones joined as HTTP allows. First those that may be read, with [`HIDDEN`] in the
/// place of the others; then those others.
pub fn kept(headers: &HeaderMap, address: &Address) -> (Map<String, Value>, Map<String, Value>) {
    let (mut clear, mut secret) = (Map::new(), Map::new());
    for name in headers.keys() {
        let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let value = values.collect::<Vec<_>>().join(", ");
        let name = name.as_str().to_owned();
        // Proxies add headers with the address that was called, and with it the token.
        if is_secret(&name) || address.is_in(&value) {
            clear.insert(name.clone(), HIDDEN.into());
            secret.insert(name, value.into());
        } else {
            clear.insert(name, value.into());
        }
    }
    (clear, secret)
}

/// Whether a name is that of something that proves who somebody is.
pub fn is_secret(name: &str) -> bool {
    let name = name.replace(['-', '_'], "");
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proves_who_sends_is_secret_by_its_name() {
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
