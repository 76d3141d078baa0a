use super::*;

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn span(from: &str, to: &str, zone: &str) -> Span {
    Span { from: utc(from), to: utc(to), zone: zone.parse().unwrap() }
}

/// One call in each of these hours.
fn calls(hours: &[&str]) -> Vec<(DateTime<Utc>, CallCounters)> {
    hours.iter().map(|hour| (utc(hour), CallCounters { calls: 1, ..CallCounters::default() })).collect()
}

fn counts(periods: &[Period]) -> Vec<i64> {
    periods.iter().map(|period| period.figures.calls).collect()
}

fn starts(periods: &[Period]) -> Vec<String> {
    periods.iter().map(|period| period.at.unwrap().to_rfc3339()).collect()
}

#[test]
fn a_day_has_its_local_length() {
    // Clocks go back in the night to the 25th: that day begins at 22 and ends at 23 hours UTC.
    let berlin = span("2026-10-23T22:00:00Z", "2026-10-26T23:00:00Z", "Europe/Berlin");
    let hours =
        ["2026-10-24T21:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T22:00:00Z", "2026-10-25T23:00:00Z"];
    let days = periods(By::Day, &berlin, &calls(&hours));
    assert_eq!(counts(&days), [1, 2, 1]);
    assert_eq!(
        starts(&days),
        ["2026-10-23T22:00:00+00:00", "2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00"]
    );
    // The 24th was a Saturday.
    assert_eq!(counts(&periods(By::Weekday, &berlin, &calls(&hours))), [1, 0, 0, 0, 0, 1, 2]);
    let by_hour_of_day = periods(By::HourOfDay, &berlin, &calls(&hours));
    assert_eq!((by_hour_of_day[23].figures.calls, by_hour_of_day[0].figures.calls), (2, 2));
    assert_eq!((by_hour_of_day[0].slot, by_hour_of_day.len()), (Some(0), 24));
}

#[test]
fn a_day_without_a_midnight_begins_right_after() {
    // Clocks go forward at midnight.
    let span = span("2026-04-24T00:00:00Z", "2026-04-25T00:00:00Z", "Africa/Cairo");
    let days = periods(By::Day, &span, &[]);
    assert_eq!(starts(&days), ["2026-04-23T22:00:00+00:00", "2026-04-24T21:00:00+00:00"]);
}

#[test]
fn an_hour_belongs_to_the_day_in_which_it_begins() {
    // Midnight is at half past the hour in UTC.
    let kolkata = span("2026-01-01T18:30:00Z", "2026-01-02T18:30:00Z", "Asia/Kolkata");
    let hours = ["2026-01-01T19:00:00Z", "2026-01-02T18:00:00Z"];
    let days = periods(By::Day, &kolkata, &calls(&hours));
    assert_eq!((counts(&days), starts(&days)), (vec![2], vec!["2026-01-01T18:30:00+00:00".to_owned()]));
    assert_eq!(counts(&periods(By::Hour, &kolkata, &calls(&hours))).len(), 24);
}

#[test]
fn hours_without_calls_are_included() {
    let utc = span("2026-01-01T10:00:00Z", "2026-01-01T13:00:00Z", "UTC");
    let hours = periods(By::Hour, &utc, &calls(&["2026-01-01T11:00:00Z"]));
    assert_eq!(counts(&hours), [0, 1, 0]);
    assert_eq!(starts(&hours)[2], "2026-01-01T12:00:00+00:00");
    let nothing = span("2026-01-01T10:10:00Z", "2026-01-01T10:50:00Z", "UTC");
    assert_eq!(periods(By::Hour, &nothing, &[]), []);
}

#[test]
fn averages_exist_if_the_divisor_is_not_zero() {
    let figures = CallCounters {
        calls: 4,
        answered: 3,
        answers_timed: 2,
        answer_seconds: 9,
        answered_soon: 2,
        talk_seconds: 150,
        missed: 1,
        reached: 1,
        reached_seconds: 600,
    };
    let figures = Figures::from(figures);
    assert_eq!((figures.answered_share, figures.average_answer_seconds), (Some(0.75), Some(4.5)));
    assert_eq!((figures.average_talk_seconds, figures.average_reached_seconds), (Some(50.0), Some(600.0)));
    let none = Figures::from(CallCounters::default());
    assert_eq!((none.answered_share, none.average_answer_seconds), (None, None));
    assert_eq!((none.average_talk_seconds, none.average_reached_seconds), (None, None));
}
