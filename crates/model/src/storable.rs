//! Values as both databases can store them. Convert a value before comparing it with a stored one.

use chrono::{DateTime, SubsecRound, TimeZone, Utc};

/// Replaces U+0000, which PostgreSQL cannot hold.
#[must_use]
pub fn text(text: &str) -> String {
    text.replace('\0', "\u{2400}")
}

/// Cuts a time to whole microseconds and to the years 1 to 9999 (a provider may send any).
#[must_use]
pub fn time(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6).clamp(far_past(), far_future())
}

/// The earliest time that can be stored.
#[must_use]
pub fn far_past() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(1, 1, 1, 0, 0, 0).single().unwrap_or_default()
}

/// The latest time that can be stored.
#[must_use]
pub fn far_future() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(9999, 12, 31, 0, 0, 0).single().unwrap_or_default()
}
