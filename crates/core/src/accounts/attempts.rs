//! Limits how often anybody may try to sign in.
//!
//! Three things are counted: tries from one network, tries from one network with one login, and wrong passwords for one
//! login from anywhere. Only hashes are stored, a bounded number of them; the least recently used is evicted first.

use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use lru::LruCache;

use crate::error::{Error, Result};
use crate::places::network;

/// Entries kept per kind; less than 10 MB in all.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(20_000).expect("not zero");
/// The longest a stranger waits for a turn with a login under attack.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(60);
/// Wrong passwords remembered per login, as a multiple of those that cost nothing.
const MOST_FAILURES: f64 = 8.0;

/// Counts sign-in attempts.
#[derive(Debug)]
pub struct Attempts {
    per_minute: f64,
    keys: RandomState,
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    /// Tries from a network: ten times as many are allowed as with one login.
    from: LruCache<u64, Bucket>,
    /// Tries from a network with a login.
    with: LruCache<u64, Bucket>,
    /// Wrong passwords from strangers for a login, and when they were last counted.
    failures: LruCache<u64, Failures>,
    /// When a network may try a login under attack.
    turns: LruCache<u64, DateTime<Utc>>,
    /// Networks from which a login was used successfully: they are not strangers.
    known: LruCache<u64, ()>,
}

/// The tries left at a given time.
#[derive(Debug)]
struct Bucket {
    left: f64,
    at: DateTime<Utc>,
}

#[derive(Debug)]
struct Failures {
    count: f64,
    at: DateTime<Utc>,
}

impl Attempts {
    /// Allows this many tries a minute from one network with one login, all at once if need be.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        let counts = Counts {
            from: LruCache::new(REMEMBERED),
            with: LruCache::new(REMEMBERED),
            failures: LruCache::new(REMEMBERED),
            turns: LruCache::new(REMEMBERED),
            known: LruCache::new(REMEMBERED),
        };
        Self { per_minute: per_minute.get().into(), keys: RandomState::new(), counts: Mutex::new(counts) }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn count(&self, login: &str, address: IpAddr, now: DateTime<Utc>) -> Result<()> {
        let (network, login) = (network(address), login.to_lowercase());
        let from = self.keys.hash_one(network);
        let with = self.keys.hash_one((&login, network));
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = take(&mut counts.from, from, self.per_minute * 10.0, now)
            .and_then(|()| take(&mut counts.with, with, self.per_minute, now));
        let turn = tries.and_then(|()| {
            if counts.known.get(&with).is_some() {
                return Ok(());
            }
            let failures = counts.failures.get(&self.keys.hash_one(&login));
            let wait = failures.map_or(TimeDelta::zero(), |failures| failures.wait(self.per_minute, now));
            turn(&mut counts.turns, with, wait, now)
        });
        turn.map_err(|wait| {
            let seconds = u64::try_from(wait.num_seconds()).unwrap_or_default() + 1;
            Error::too_many(seconds, format!("Too many tries. Try again in {seconds} seconds."))
        })
    }

    /// Records a wrong password. Strangers then wait longer for their turns with this login.
    pub fn failed(&self, login: &str, address: IpAddr, now: DateTime<Utc>) {
        let login = login.to_lowercase();
        let with = self.keys.hash_one((&login, network(address)));
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.known.peek(&with).is_some() {
            return;
        }
        let failures = counts
            .failures
            .get_or_insert_mut(self.keys.hash_one(&login), || Failures { count: 0.0, at: now });
        let count = failures.now(self.per_minute, now) + 1.0;
        *failures = Failures { count: count.min(MOST_FAILURES * self.per_minute), at: now };
    }

    /// Records a correct password: this network is no longer a stranger to the login.
    pub fn succeeded(&self, login: &str, address: IpAddr) {
        let with = self.keys.hash_one((login.to_lowercase(), network(address)));
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).known.put(with, ());
    }
}

impl Failures {
    /// The failures that still count: per minute, as many are forgotten as may be tried.
    fn now(&self, per_minute: f64, now: DateTime<Utc>) -> f64 {
        (self.count - minutes(now - self.at) * per_minute).max(0.0)
    }

    /// Nothing at first, then a second, doubling with every further minute's worth of wrong passwords.
    fn wait(&self, per_minute: f64, now: DateTime<Utc>) -> TimeDelta {
        let times = self.now(per_minute, now) / per_minute;
        if times < 1.0 {
            return TimeDelta::zero();
        }
        let seconds = (times.floor() - 1.0).exp2() as i64;
        TimeDelta::seconds(seconds).min(LONGEST_WAIT)
    }
}

/// Takes one of the allowed tries, or returns how long to wait for the next.
fn take(
    buckets: &mut LruCache<u64, Bucket>,
    key: u64,
    per_minute: f64,
    now: DateTime<Utc>,
) -> Result<(), TimeDelta> {
    let bucket = buckets.get_or_insert_mut(key, || Bucket { left: per_minute, at: now });
    let left = (bucket.left + minutes(now - bucket.at) * per_minute).min(per_minute);
    let taken = left >= 1.0;
    *bucket = Bucket { left: if taken { left - 1.0 } else { left }, at: now };
    let wait = || TimeDelta::milliseconds(((1.0 - left) / per_minute * 60_000.0) as i64);
    if taken { Ok(()) } else { Err(wait()) }
}

/// Lets a network through once it has waited. The turn belongs to the network, so that others cannot take it away.
fn turn(
    turns: &mut LruCache<u64, DateTime<Utc>>,
    key: u64,
    wait: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), TimeDelta> {
    if wait.is_zero() {
        return Ok(());
    }
    let at = *turns.get_or_insert(key, || now + wait);
    if at > now {
        return Err(at - now);
    }
    turns.pop(&key);
    Ok(())
}

/// A clock that was set back counts as stopped.
fn minutes(time: TimeDelta) -> f64 {
    time.as_seconds_f64().max(0.0) / 60.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: DateTime<Utc> = DateTime::UNIX_EPOCH;

    fn after(seconds: i64) -> DateTime<Utc> {
        START + TimeDelta::seconds(seconds)
    }

    fn attempts() -> Attempts {
        Attempts::new(NonZeroU32::new(2).unwrap())
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn one_login_is_tried_a_few_times_and_one_address_a_few_more() {
        let attempts = attempts();
        assert!(attempts.count("ann", address(1), START).is_ok());
        assert!(attempts.count("ANN", address(1), START).is_ok());
        assert_eq!(attempts.count("ann", address(1), START).unwrap_err().code(), "tooMany");
        assert!(attempts.count("ann", address(2), START).is_ok(), "nobody is locked out elsewhere");
        assert!(attempts.count("ann", address(1), after(30)).is_ok(), "one more after half a minute");

        let refused = (0..30).find(|n| attempts.count(&format!("login {n}"), address(3), START).is_err());
        assert_eq!(refused, Some(20), "20 a minute from one address");
    }

    #[test]
    fn one_ipv6_network_is_one_address() {
        let attempts = attempts();
        let host = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 7, 0, 0, 0, n]);
        assert!(attempts.count("ann", host(1), START).is_ok());
        assert!(attempts.count("ann", host(2), START).is_ok());
        assert!(attempts.count("ann", host(3), START).is_err());
        assert!(attempts.count("ann", IpAddr::from([0x2001, 0xdb8, 0, 8, 0, 0, 0, 1]), START).is_ok());
    }

    /// One wrong password from each of these addresses; returns how many were let through.
    fn guess(attempts: &Attempts, from: std::ops::Range<u32>, now: DateTime<Utc>) -> usize {
        let tried = from.filter(|n| {
            let admitted = attempts.count("ann", address(*n), now).is_ok();
            if admitted {
                attempts.failed("ann", address(*n), now);
            }
            admitted
        });
        tried.count()
    }

    #[test]
    fn guessing_from_many_addresses_gets_slow_and_locks_nobody_out() {
        let attempts = attempts();
        attempts.succeeded("ann", address(1));
        assert_eq!(guess(&attempts, 100..1100, START), 2, "two wrong passwords cost nothing");
        let mut guesses = 2;
        for second in 1..600 {
            guesses += guess(&attempts, 100..200, after(second));
        }
        assert!(guesses < 100 * 12, "{guesses} guesses in ten minutes; each address alone could make 20");

        assert!(attempts.count("ann", address(1), after(600)).is_ok(), "from where she has signed in before");
        let wait = attempts.count("ann", address(2), after(600)).unwrap_err();
        assert_eq!(wait.code(), "tooMany");
        guess(&attempts, 100..200, after(660));
        assert!(attempts.count("ann", address(2), after(661)).is_ok(), "elsewhere after a minute at most");
        assert!(attempts.count("bob", address(3), after(661)).is_ok(), "other logins are not affected");
        assert!(attempts.count("ann", address(4), after(1300)).is_ok(), "later it is forgotten");
    }

    #[test]
    fn a_flood_of_logins_is_bounded() {
        let attempts = attempts();
        for n in 0..50_000 {
            let login = format!("login {n}");
            if attempts.count(&login, address(n), START).is_ok() {
                attempts.failed(&login, address(n), START);
            }
        }
        let counts = attempts.counts.lock().unwrap();
        for kept in [counts.from.len(), counts.with.len(), counts.failures.len(), counts.turns.len()] {
            assert!(kept <= REMEMBERED.get(), "{kept}");
        }
    }

    #[test]
    fn a_clock_set_back_changes_nothing() {
        let attempts = attempts();
        assert!(attempts.count("ann", address(1), after(60)).is_ok());
        assert!(attempts.count("ann", address(1), START).is_ok());
        assert!(attempts.count("ann", address(1), START).is_err());
        assert!(attempts.count("ann", address(1), after(30)).is_ok());
    }
}
