//! What scripts may reach in addition to public addresses, as configured by the server's administrator.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::Deserialize;
use url::Host;

/// A host name, an address or a network; the first two may have a port.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum AllowRule {
    /// The host of a URL as written there, whatever it resolves to.
    Name {
        /// In lower case, ASCII (punycode).
        name: String,
        /// Any port when `None`.
        port: Option<u16>,
    },
    /// An address, in the URL or resolved.
    Network {
        /// A single address is a network of one.
        network: IpNet,
        /// Any port when `None`.
        port: Option<u16>,
    },
}

/// Why a string is not a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "neither a host name, an address nor a network like 10.0.0.0/8 (host names and addresses may have a port)"
)]
pub struct AllowRuleError;

impl AllowRule {
    /// Whether the host name in the URL is allowed.
    #[must_use]
    pub(crate) fn allows_name(&self, host: &str, port: u16) -> bool {
        matches!(self, Self::Name { name, port: only } if name == host && only.is_none_or(|only| only == port))
    }

    /// Whether the address to connect to is allowed.
    #[must_use]
    pub(crate) fn allows_address(&self, address: SocketAddr) -> bool {
        let ip = address.ip().to_canonical();
        matches!(self, Self::Network { network, port } if network.contains(&ip) && port.is_none_or(|port| port == address.port()))
    }
}

impl TryFrom<String> for AllowRule {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|error: AllowRuleError| format!("`{text}`: {error}"))
    }
}

impl FromStr for AllowRule {
    type Err = AllowRuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(network) = text.parse::<IpNet>() {
            return Ok(Self::Network { network, port: None });
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Ok(Self::Network { network: ip.into(), port: None });
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self::Network { network: address.ip().into(), port: Some(address.port()) });
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| AllowRuleError)?)),
            None => (text, None),
        };
        match Host::parse(host) {
            Ok(Host::Domain(name)) if !name.contains('*') => Ok(Self::Name { name, port }),
            _ => Err(AllowRuleError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_name_an_address_or_a_network() {
        let name: AllowRule = "PBX.internal:8088".parse().unwrap();
        assert!(name.allows_name("pbx.internal", 8088));
        assert!(!name.allows_name("pbx.internal", 80));
        assert!(!name.allows_name("evil-pbx.internal", 8088));

        let network: AllowRule = "192.168.7.0/24".parse().unwrap();
        assert!(network.allows_address("192.168.7.9:1".parse().unwrap()));
        assert!(network.allows_address("[::ffff:192.168.7.9]:1".parse().unwrap()));
        assert!(!network.allows_address("192.168.8.9:1".parse().unwrap()));

        let address: AllowRule = "[::1]:8088".parse().unwrap();
        assert!(address.allows_address("[::1]:8088".parse().unwrap()));
        assert!(!address.allows_address("[::1]:8089".parse().unwrap()));
    }

    #[test]
    fn other_text_is_rejected() {
        for text in ["", "*", "*.internal", "http://pbx", "pbx:port", "10.0.0.0/33", "a b"] {
            assert_eq!(text.parse::<AllowRule>(), Err(AllowRuleError), "{text}");
        }
    }
}
