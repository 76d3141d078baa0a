//! Name resolution restricted to allowed addresses.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{AllowRule, is_public};

/// Resolves through the system and drops addresses that are neither public nor allowed. Connections go to exactly the
/// addresses checked here.
pub struct GuardedResolver(pub Arc<[AllowRule]>);

/// The error for a name that resolved only to forbidden addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it resolves to {0}")]
pub struct OnlyRefused(pub IpAddr);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let rules = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let (allowed, refused): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| {
                is_public(address.ip()) || rules.iter().any(|rule| rule.allows_address(*address))
            });
            match refused.first() {
                Some(address) if allowed.is_empty() => Err(OnlyRefused(address.ip()).into()),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}
