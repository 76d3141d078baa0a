//! Converts local times with the IANA time zones.

use chrono::offset::{MappedLocalTime, Offset as _};
use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone as _, Utc};
use chrono_tz::Tz;
use rquickjs::{Ctx, Exception, Object};

use super::{define, shown};

/// A space replaces the `T` between date and time.
const FORMATS: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];

pub(super) fn install<'js>(natives: &Object<'js>) -> rquickjs::Result<()> {
    define(natives, "zonedTime", |ctx: Ctx<'js>, local: String, zone: String| {
        let moment = zone_named(&zone).and_then(|zone| Ok(moment(zone, time(&local)?)));
        let millis = moment.map(|moment| moment.timestamp_millis() as f64);
        millis.map_err(|problem| Exception::throw_range(&ctx, &problem))
    })
}

fn zone_named(name: &str) -> Result<Tz, String> {
    name.parse().map_err(|_| {
        format!("unknown time zone {}: use a name of the IANA database such as Europe/Berlin", shown(name))
    })
}

fn time(local: &str) -> Result<NaiveDateTime, String> {
    let spaced = local.trim().replacen('T', " ", 1);
    let read = FORMATS.iter().find_map(|format| NaiveDateTime::parse_from_str(&spaced, format).ok());
    read.ok_or_else(|| {
        format!(
            "{} is not a local time: write it as 2026-03-02 14:00:00, without a zone or an offset",
            shown(local)
        )
    })
}

/// When it is this local time in the zone. Of a time that occurs twice, when clocks go back, the first; a time skipped
/// when clocks go forward is read with the earlier offset, as on a clock nobody moved.
fn moment(zone: Tz, time: NaiveDateTime) -> DateTime<Utc> {
    match zone.from_local_datetime(&time) {
        MappedLocalTime::Single(moment) | MappedLocalTime::Ambiguous(moment, _) => moment.to_utc(),
        MappedLocalTime::None => {
            let day_before = time.checked_sub_signed(TimeDelta::days(1)).unwrap_or(time);
            let offset = zone.offset_from_utc_datetime(&day_before).fix();
            let moment = time.checked_sub_offset(offset).unwrap_or(time);
            moment.and_utc()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(local: &str, zone: &str) -> String {
        let moment = moment(zone_named(zone).unwrap(), time(local).unwrap());
        moment.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string()
    }

    #[test]
    fn clocks_go_forward_and_back() {
        for (local, zone, expected) in [
            ("2026-03-29 01:59:59", "Europe/Berlin", "2026-03-29T00:59:59Z"),
            ("2026-03-29 02:30:00", "Europe/Berlin", "2026-03-29T01:30:00Z"),
            ("2026-03-29 03:00:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2026-10-25 02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            ("2026-10-25 03:00:00", "Europe/Berlin", "2026-10-25T02:00:00Z"),
            ("2026-03-08 02:30:00", "America/New_York", "2026-03-08T07:30:00Z"),
            // A day skipped by Samoa.
            ("2011-12-30 12:00:00", "Pacific/Apia", "2011-12-30T22:00:00Z"),
        ] {
            assert_eq!(at(local, zone), expected, "{local} in {zone}");
        }
    }
}
