//! Limits how many places each holder may take.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of places taken per holder. Holders without a place are forgotten.
#[derive(Debug, Clone)]
pub struct Places<K: Eq + Hash> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
    most: usize,
}

/// A place, released when dropped.
#[derive(Debug)]
pub struct Place<K: Eq + Hash> {
    taken: Arc<Mutex<HashMap<K, usize>>>,
    holder: K,
}

impl<K: Eq + Hash + Copy> Places<K> {
    /// `most` is the number of places per holder.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// Takes a place for this holder; `None` if they already have the maximum.
    #[must_use]
    pub fn take(&self, holder: K) -> Option<Place<K>> {
        let mut all = lock(&self.taken);
        let taken = all.get(&holder).copied().unwrap_or_default();
        if taken >= self.most {
            return None;
        }
        all.insert(holder, taken + 1);
        Some(Place { taken: Arc::clone(&self.taken), holder })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut all = lock(&self.taken);
        if let Some(taken) = all.get_mut(&self.holder) {
            *taken -= 1;
            if *taken == 0 {
                all.remove(&self.holder);
            }
        }
    }
}

fn lock<K>(taken: &Mutex<HashMap<K, usize>>) -> MutexGuard<'_, HashMap<K, usize>> {
    // Nothing panics while holding it.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts as one address: an IPv4 address, or the /64 network of an IPv6 address, since whoever has one of its
/// addresses has the whole network.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_holder_has_its_own_limit() {
        let places = Places::new(2);
        let (first, _second) = (places.take("ann"), places.take("ann"));
        assert!(places.take("ann").is_none());
        assert!(places.take("bob").is_some());
        drop(first);
        assert!(places.take("ann").is_some(), "a released place is free");
        assert_eq!(lock(&places.taken).len(), 1, "a holder without places is forgotten");
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let network = |address: &str| network(address.parse().unwrap()).to_string();
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }
}
