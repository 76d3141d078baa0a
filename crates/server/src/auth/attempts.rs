//! How often somebody may try to sign in.

use std::net::IpAddr;
use std::num::NonZeroU32;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{ApiError, ApiResult};

/// Names and addresses remembered before those that waited long enough are forgotten.
const REMEMBERED: usize = 10_000;

/// Counts tries by login name and address, and by address alone (ten times as many), so that neither one account nor all of
/// them can be guessed at.
#[derive(Debug)]
pub struct Attempts {
    by_login: DefaultKeyedRateLimiter<(String, IpAddr)>,
    by_address: DefaultKeyedRateLimiter<IpAddr>,
}

impl Attempts {
    /// That many a minute, all at once if need be.
    #[must_use]
    pub fn new(per_minute: NonZeroU32) -> Self {
        let ten_times = per_minute.saturating_mul(NonZeroU32::MIN.saturating_add(9));
        Self {
            by_login: RateLimiter::keyed(Quota::per_minute(per_minute)),
            by_address: RateLimiter::keyed(Quota::per_minute(ten_times)),
        }
    }

    /// Counts a try.
    ///
    /// # Errors
    /// 429 with the seconds to wait.
    pub fn count(&self, login: &str, address: IpAddr) -> ApiResult<()> {
        if self.by_login.len().max(self.by_address.len()) > REMEMBERED {
            self.by_login.retain_recent();
            self.by_address.retain_recent();
        }
        let now = DefaultClock::default().now();
        let by_address = self.by_address.check_key(&address).map_err(|until| until.wait_time_from(now));
        let by_login = || {
            let key = (login.to_lowercase(), address);
            self.by_login.check_key(&key).map_err(|until| until.wait_time_from(now))
        };
        by_address.and_then(|()| by_login()).map_err(|wait| {
            let seconds = wait.as_secs() + 1;
            ApiError::too_many(seconds, format!("Too many tries. Try again in {seconds} seconds."))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_login_is_tried_a_few_times_and_one_address_a_few_more() {
        let attempts = Attempts::new(NonZeroU32::new(2).unwrap());
        let (here, there) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));

        assert!(attempts.count("ann", here).is_ok());
        assert!(attempts.count("ANN", here).is_ok());
        assert_eq!(attempts.count("ann", here).unwrap_err().code(), "tooMany");
        assert!(attempts.count("ann", there).is_ok(), "nobody is locked out from elsewhere");

        let refused = (0..30).find(|n| attempts.count(&format!("login {n}"), here).is_err());
        assert_eq!(refused, Some(17), "20 a minute from one address, of which 3 were ann's");
    }
}
