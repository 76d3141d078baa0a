//! Which call an event belongs to, mostly for providers without call ids.

use crate::story::{empty_call, fact, lines, shown};
use hookswitch_model::contract::KeyedFact;
use hookswitch_model::{Call, CallId, CallKey, matching, reduce};
use uuid::Uuid;

/// Applies the events in order, each to the call chosen by matching; returns the calls' views as text.
pub fn calls<'a>(story: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut calls: Vec<(CallKey, Call)> = vec![];
    for (request, line) in (1..).zip(story) {
        let KeyedFact { key, fact } = fact(line, request);
        let candidates: Vec<Call> =
            calls.iter().filter(|(known, _)| *known == key).map(|(_, call)| call.clone()).collect();
        let chosen = matching::choose(&key, &fact, &candidates).cloned();
        let new = empty_call(calls.len() as u128);
        let (call, _) = reduce(chosen, fact, || new).expect("there is room");
        match calls.iter_mut().find(|(_, known)| known.id == call.id) {
            Some((_, known)) => *known = call,
            None => calls.push((key, call)),
        }
    }
    calls.iter().map(|(_, call)| shown(&hookswitch_model::view(call)).replace('\n', "; ")).collect()
}

#[track_caller]
fn check(story: &str, expected: &[&str]) {
    assert_eq!(calls(lines(story)), expected, "\nof the story{story}");
}

#[test]
fn calls_with_ids_stay_apart() {
    check(
        "0 start 101 id=a
         1 start 101 id=b
         2 answer 101 id=b
         5 end 101 id=a d=noAnswer
         6 end 101 id=b",
        &[
            "ended noAnswer in +442079460000 0..5, missed; 101 missed",
            "ended answered in +442079460000 1..6, answered 2, talked 4; 101 ended; 101 2..6",
        ],
    );
}

#[test]
fn repeated_events_without_ids_are_one_call() {
    check(
        "0 start 101 id=-
         1 start 101 id=-
         2 answer 101 id=-
         3 start 101 id=-
         5 end 101 id=- d=answered
         9 end 101 id=- d=answered
         10 answer 101 id=-",
        &["ended answered in +442079460000 0..5, answered 2, talked 3; 101 ended; 101 2..5"],
    );
}

#[test]
fn start_after_the_end_is_a_new_call() {
    check(
        "0 start 101 id=-
         5 end 101 id=- d=noAnswer
         8 start 101 id=-",
        &[
            "ended noAnswer in +442079460000 0..5, missed; 101 missed",
            "ringing unknown in +442079460000 8..; 101 ringing",
        ],
    );
}

#[test]
fn late_start_belongs_to_the_call_that_never_had_one() {
    check(
        "5 end 101 id=- d=noAnswer
         8 start 101 id=-",
        &["ended noAnswer in +442079460000 5..5, missed; 101 missed"],
    );
}

#[test]
fn spellings_of_the_clients_number_are_one_caller() {
    check(
        "0 start 101 id=- from=02079460000
         5 end 101 id=- from=+442079460000 d=noAnswer",
        &["ended noAnswer in +442079460000 0..5, missed; 101 missed"],
    );
}

#[test]
fn events_with_times_go_to_the_call_of_that_time() {
    let story = "
         0 start 101 id=- at=0
         5 end 101 id=- at=5 d=noAnswer
         8 start 101 id=- at=8
         9 start 101 id=- at=0
         9 end 101 id=- at=5 d=noAnswer";
    check(
        story,
        &[
            "ended noAnswer in +442079460000 0..5, missed; 101 missed",
            "ringing unknown in +442079460000 8..; 101 ringing",
        ],
    );
}

#[test]
fn record_goes_to_the_answered_call_that_waits_for_it() {
    let both = "
         0 start 101 id=-
         1 answer 101 id=-
         9 end 101 id=- d=answered
         20 start 101 id=-
         30 record 101 id=- d=answered talk=8 data=first";
    let first =
        "ended answered in +442079460000 0..9, answered 1, talked 8, recording first; 101 ended; 101 1..9";
    check(both, &[first, "ringing unknown in +442079460000 20..; 101 ringing"]);
    // The same record again changes nothing; the second call's own record finds it, even before its end.
    check(
        &format!(
            "{both}
             31 record 101 id=- d=answered talk=8 data=first
             32 answer 101 id=-
             40 record 101 id=- d=answered talk=7 data=second"
        ),
        &[
            first,
            "talking unknown in +442079460000 20.., answered 32, talked 7, recording second; 101 talking; 101 32..",
        ],
    );
}

#[test]
fn late_record_alone_makes_a_call() {
    check(
        "0 start 101 id=-
         9 end 101 id=- d=answered
         90000 record 101 id=- d=answered talk=3 data=other",
        &[
            "ended answered in +442079460000 0..9; 101 ended",
            "ended answered in +442079460000 90000..90000, talked 3, recording other; 101 ended",
        ],
    );
}

const YESTERDAYS: &str = "
    0 start 101 id=a
    9 end 101 id=a d=noAnswer";
const MISSED: &str = "ended noAnswer in +442079460000 0..9, missed; 101 missed";

#[test]
fn an_id_used_again_between_other_numbers_is_a_new_call() {
    check(
        &format!(
            "{YESTERDAYS}
             90000 start 102 id=a from=+33123456789
             90005 answer id=a
             90010 record id=a talk=7"
        ),
        &[
            MISSED,
            "talking unknown in +33123456789 90000.., answered 90005, talked 7; 102 talking; 102 90005..",
        ],
    );
    // Whichever of its events comes first, however long the old call remained a guess.
    check(
        &format!("{YESTERDAYS}\n 90005 record 102 id=a from=+33123456789 d=answered talk=7"),
        &[MISSED, "ended answered in +33123456789 90005..90005, talked 7; 102 ended"],
    );
}

#[test]
fn an_id_stays_with_its_call_for_a_day_and_with_the_same_client_for_good() {
    check(
        &format!("{YESTERDAYS}\n 80000 start 102 id=a from=+33123456789"),
        &[MISSED.replace("101 missed", "101 missed, 102 missed").as_str()],
    );
    check(
        &format!("{YESTERDAYS}\n 90000 end 102 id=a d=busy"),
        &[MISSED.replace("101 missed", "101 missed, 102 missed").as_str()],
    );
    // A call that goes on has no end to count from.
    check(
        "0 start 101 id=a
         5 answer 101 id=a
         90000 start 102 id=a from=+33123456789",
        &["talking unknown in +442079460000 0.., answered 5; 101 talking, 102 ringing; 101 5.."],
    );
}

#[test]
fn id_decides_whatever_the_call_says() {
    let keyed = fact("0 start 101 id=a", 1);
    let call = Call { id: CallId(Uuid::nil()), facts: vec![], ..empty_call(0) };
    let chosen = matching::choose(&keyed.key, &keyed.fact, std::slice::from_ref(&call));
    assert_eq!(chosen, Some(&call));
}
