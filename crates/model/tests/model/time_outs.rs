//! Time-outs and records: how a call ends without an end. [`crate::story`] describes the format.

use crate::story::check;

#[test]
fn a_time_out_is_refuted_by_the_next_event() {
    let waiting = "0 start line\n 600 timeout";
    check(waiting, "ended unknown in +442079460000 0..600, missed");
    check(
        &format!("{waiting}\n 700 start 101"),
        "ringing unknown in +442079460000 0..
         101 ringing",
    );
    check(
        &format!("{waiting}\n 700 start 101\n 705 answer 101\n 800 end 101 d=answered"),
        "ended answered in +442079460000 0..800, answered 705, talked 95
         101 ended
         101 705..800",
    );
}

#[test]
fn a_time_out_stands_until_something_new_is_heard() {
    let over = "ended unknown in +442079460000 0..3600, answered 5, talked 3595\n 101 ended\n 101 5..3600";
    let timed_out = "0 start 101\n 5 answer 101\n 3600 timeout";
    check(timed_out, over);
    // A repetition is nothing new, and a recording is about a call that is over.
    check(&format!("{timed_out}\n 3700 answer 101"), over);
    check(
        &format!("{timed_out}\n 3700 record data=link"),
        "ended unknown in +442079460000 0..3600, answered 5, talked 3595, recording link
         101 ended
         101 5..3600",
    );
    // An event is new if it arrived after the last one the guess knew of, even if before the guess was made.
    check(
        "0 start 101
         600 timeout heard=0
         599 answer 101",
        "talking unknown in +442079460000 0.., answered 599\n 101 talking\n 101 599..",
    );
    check(
        &format!("{timed_out}\n 3700 hold 101\n 9000 timeout"),
        "ended unknown in +442079460000 0..9000, answered 5, talked 8995\n 101 ended\n 101 5..9000",
    );
}

#[test]
fn an_end_after_a_time_out_is_the_end() {
    check(
        "0 start 101
         5 answer 101
         3600 timeout
         4000 end d=answered",
        "ended answered in +442079460000 0..4000, answered 5, talked 3995\n 101 ended\n 101 5..4000",
    );
}

#[test]
fn another_operator_answers_after_a_time_out_while_talking() {
    check(
        "0 start 101
         5 answer 101
         3600 timeout
         4000 answer 102",
        "talking unknown in +442079460000 0.., answered 5
         101 left, 102 talking
         101 5..4000, 102 4000..",
    );
}

#[test]
fn a_record_ends_a_call_that_stays_silent() {
    check(
        "0 start 101
         5 answer 101
         66 record d=answered talk=60 data=link
         126 timeout",
        "ended answered in +442079460000 0..65, answered 5, talked 60, recording link
         101 ended
         101 5..65",
    );
    check(
        "0 start 101
         20 record d=busy talk=0
         80 timeout",
        "ended busy in +442079460000 0..20, talked 0, missed\n 101 missed",
    );
    // A time-out first, and the record much later.
    check(
        "0 start 101
         5 answer 101
         14405 timeout
         20000 record d=answered talk=60",
        "ended answered in +442079460000 0..65, answered 5, talked 60\n 101 ended\n 101 5..65",
    );
    // The call goes on: the record was of a part.
    check(
        "0 start 101
         5 answer 101
         30 record d=answered talk=20
         90 timeout
         95 redirect 101 to=102",
        "ringing unknown in +442079460000 0.., answered 5, talked 20\n 101 left, 102 ringing\n 101 5..95",
    );
}

#[test]
fn records_with_different_lengths() {
    check(
        "0 start 101
         5 answer 101
         66 end 101 d=answered
         70 record talk=40 data=first
         71 record talk=61 data=second",
        "ended answered in +442079460000 0..66, answered 5, talked 61, recording second
         101 ended
         101 5..66",
    );
}
