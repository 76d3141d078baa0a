//! The provider's clock against ours.

use chrono::{DateTime, TimeDelta, Utc};

use crate::fact::{Fact, FactKind};

/// Providers round their times, and clocks drift a little; differences up to this are ignored.
const TOLERANCE: TimeDelta = TimeDelta::seconds(2);
/// A clock that is behind is so by a time zone: a whole number of these,
const ZONE_STEP: TimeDelta = TimeDelta::minutes(15);
/// at least that many,
const FEWEST_STEPS: i32 = 2;
/// at most that many (14 hours).
const MOST_STEPS: i32 = 14 * 4;
/// A report within this time of the event is prompt, not late.
const PROMPT: TimeDelta = TimeDelta::seconds(60);

/// The correction to add to the provider's times of a call.
///
/// Nothing arrives before it happens. So if something did by the provider's clock, that clock is ahead, by as much as
/// the promptest report shows. A clock that is behind looks like late delivery, except that the promptest report is
/// late by a time zone: at least half an hour, in whole quarters of an hour.
pub(super) fn correction(facts: &[Fact]) -> TimeDelta {
    let reported = facts.iter().filter(|fact| is_providers(fact));
    let delays = reported.filter_map(|fact| Some(fact.arrived? - fact.at));
    let Some(least) = delays.min() else { return TimeDelta::zero() };
    if least < -TOLERANCE {
        return least;
    }
    let steps = (least + TOLERANCE).num_seconds() / ZONE_STEP.num_seconds();
    let Some(steps) = i32::try_from(steps).ok().filter(|steps| (FEWEST_STEPS..=MOST_STEPS).contains(steps))
    else {
        return TimeDelta::zero();
    };
    let zone = ZONE_STEP * steps;
    if least - zone <= PROMPT { zone } else { TimeDelta::zero() }
}

/// When the fact happened, by our clock.
pub(super) fn moment(fact: &Fact, correction: TimeDelta) -> DateTime<Utc> {
    let corrected = is_providers(fact).then(|| fact.at.checked_add_signed(correction)).flatten();
    corrected.unwrap_or(fact.at)
}

/// Whether the fact's time is the provider's. A time-out has ours.
const fn is_providers(fact: &Fact) -> bool {
    fact.timed && !matches!(fact.kind, FactKind::TimedOut)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corrected(delays: &[i64]) -> i64 {
        let facts = delays.iter().map(|delay| {
            let arrived = DateTime::UNIX_EPOCH + TimeDelta::days(1);
            let at = arrived - TimeDelta::seconds(*delay);
            let fact = serde_json::json!({ "kind": "start", "at": at, "timed": true, "arrived": arrived });
            serde_json::from_value(fact).expect("a fact")
        });
        correction(&facts.collect::<Vec<_>>()).num_seconds()
    }

    #[test]
    fn events_that_arrive_before_they_happen_reveal_a_fast_clock() {
        assert_eq!(corrected(&[-18_000, -17_995]), -18_000);
        assert_eq!(corrected(&[-90, 400]), -90);
        assert_eq!(corrected(&[-1, -2]), 0, "rounding");
    }

    #[test]
    fn a_delay_of_a_time_zone_reveals_a_slow_clock() {
        assert_eq!(corrected(&[10_801, 10_860, 12_000]), 10_800);
        assert_eq!(corrected(&[19_799]), 19_800, "five and a half hours, and a second fast");
    }

    #[test]
    fn late_delivery_is_not_a_slow_clock() {
        for delays in [&[0, 3600][..], &[125], &[900], &[2000, 3600], &[86_400 * 30], &[]] {
            assert_eq!(corrected(delays), 0, "{delays:?}");
        }
    }
}
