//! Stories that providers really tell: [`crate::story`] says how to read them.

use crate::story::check;

#[test]
fn a_time_out_is_taken_back_by_the_next_event() {
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
    // The same again is nothing new, and a recording tells of a call that is over.
    check(&format!("{timed_out}\n 3700 answer 101"), over);
    check(
        &format!("{timed_out}\n 3700 record data=link"),
        "ended unknown in +442079460000 0..3600, answered 5, talked 3595, recording link
         101 ended
         101 5..3600",
    );
    // Nor is what arrived before the guess and was written after it; what arrived after what the guess knew is.
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
fn another_answers_after_a_time_out_of_talking() {
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
    // A time-out first, and the record long after.
    check(
        "0 start 101
         5 answer 101
         14405 timeout
         20000 record d=answered talk=60",
        "ended answered in +442079460000 0..65, answered 5, talked 60\n 101 ended\n 101 5..65",
    );
    // It goes on: the record was of a part.
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

#[test]
fn later_legs_change_neither_client_nor_direction() {
    let talking = "
         0 start line name=Ada
         1 start 101
         5 answer 101";
    let seen = |rest: &str| {
        format!("talking unknown in +442079460000 (Ada) 0.., answered 5\n 101 talking{rest}\n 101 5..")
    };
    check(talking, &seen(""));
    // A consulted party, an added one, the operator's own leg, and a colleague.
    check(&format!("{talking}\n 20 start 101 dir=out from=+33123456789 name=Zoe"), &seen(""));
    check(&format!("{talking}\n 20 start 101 from=+12025550100 name=Zoe"), &seen(""));
    check(&format!("{talking}\n 0 start 101 from=+4930901820 name=Company"), &seen(""));
    check(&format!("{talking}\n 20 start 102 dir=internal from=101"), &seen(", 102 ringing"));
}

#[test]
fn the_operators_own_leg_first() {
    // The company's number rings at the operator who dials: no client, whichever comes first.
    check(
        "0 start 101 from=+4930901820
         2 answer 101 from=+4930901820
         3 start 101 dir=out line=+4930901820
         9 answer 101 dir=out
         20 end",
        "ended answered out +442079460000 0..20, answered 9, talked 11\n 101 ended\n 101 9..20",
    );
}

#[test]
fn the_providers_order_says_which_party_came_first() {
    check(
        "21 start 101 dir=out from=+33123456789 at=20
         22 answer 101 at=5
         23 start 101 at=0",
        "talking unknown in +442079460000 0.., answered 5\n 101 talking\n 101 5..",
    );
    check(
        "1 start 101 dir=out from=+33123456789 seq=3
         2 answer 101 seq=2
         3 start 101 seq=1",
        "talking unknown in +442079460000 1.., answered 1\n 101 talking\n 101 1..",
    );
}

#[test]
fn a_caller_without_a_number_stays_one() {
    check(
        "0 start line from=anonymous
         1 start 101 from=+4930901820
         2 answer 101 from=+4930901820",
        "talking unknown in anonymous 0.., answered 2\n 101 talking\n 101 2..",
    );
}

#[test]
fn voicemail_answers() {
    let missed = "ended voicemail in +442079460000 0..50, talked 20, recording message, missed\n 101 missed";
    check(
        "0 start 101
         30 answer 101 d=voicemail
         50 end 101 d=answered
         51 record talk=20 d=answered data=message",
        missed,
    );
    // Told by the answer, by the end, by the record, or by the end of its leg.
    check(
        "0 start 101
         30 answer line
         50 end line d=voicemail
         51 record talk=20 data=message",
        missed,
    );
    check(
        "0 start 101
         30 answer line
         50 end line
         51 record talk=20 d=voicemail data=message",
        missed,
    );
    check(
        "0 start 101 leg=a
         29 end 101 leg=a d=cancelled
         29 start line leg=v
         30 answer line leg=v
         50 end line leg=v d=voicemail
         51 record talk=20 data=message",
        missed,
    );
    check("0 start 101\n 30 answer 101 d=voicemail", "ringing unknown in +442079460000 0..\n 101 left");
}

#[test]
fn voicemail_after_the_operators_rang() {
    check(
        "0 start 101 leg=a
         0 start 102 leg=b
         20 end 101 leg=a d=cancelled
         20 end 102 leg=b d=cancelled
         20 answer leg=v d=voicemail
         40 end leg=v d=voicemail
         45 record talk=20 data=message",
        "ended voicemail in +442079460000 0..40, talked 20, recording message, missed
         101 missed, 102 missed",
    );
}

#[test]
fn an_operator_who_talked_before_voicemail_did_talk() {
    check(
        "0 start 101
         5 answer 101
         30 redirect 101 to=700
         35 answer line d=voicemail
         50 end d=voicemail",
        "ended answered in +442079460000 0..50, answered 5, talked 45
         101 ended, 700 answeredElsewhere
         101 5..30",
    );
}

#[test]
fn a_queue_answers_before_anybody_rings() {
    let queued = "
         0 start line
         1 answer line";
    check(queued, "ringing unknown in +442079460000 0..");
    let ringing = format!("{queued}\n 30 start 101");
    check(&ringing, "ringing unknown in +442079460000 0..\n 101 ringing");
    check(
        &format!("{ringing}\n 60 end line d=answered\n 61 record line talk=59 d=answered data=music"),
        "ended noAnswer in +442079460000 0..60, talked 59, recording music, missed\n 101 missed",
    );
    check(
        &format!("{ringing}\n 35 answer 101\n 95 end d=answered"),
        "ended answered in +442079460000 0..95, answered 35, talked 60\n 101 ended\n 101 35..95",
    );
    // The second answer of a queue may name nobody either; then it is whoever it rings at.
    check(
        &format!("{ringing}\n 35 answer line leg=x\n 95 end d=answered"),
        "ended answered in +442079460000 0..95, answered 35, talked 60\n 101 ended\n 101 35..95",
    );
}

#[test]
fn a_queue_with_an_extension_of_its_own() {
    check(
        "0 start 900
         1 answer 900
         30 start 101
         60 end d=cancelled",
        "ended cancelled in +442079460000 0..60, missed\n 900 missed (nobody), 101 missed",
    );
    check(
        "0 start line
         1 answer 900
         30 start 101
         35 answer 101
         60 end",
        "ended answered in +442079460000 0..60, answered 35, talked 25
         900 answeredElsewhere (nobody), 101 ended
         101 35..60",
    );
}

#[test]
fn an_announcement_and_the_caller_hangs_up() {
    check(
        "0 start line
         1 answer line
         20 end line d=answered",
        "ended noAnswer in +442079460000 0..20, missed",
    );
    check(
        "0 start 101 leg=a
         20 end 101 leg=a d=noAnswer
         21 answer line leg=i
         30 end line leg=i d=cancelled",
        "ended cancelled in +442079460000 0..30, missed\n 101 missed",
    );
}

#[test]
fn an_answer_that_names_nobody_is_the_only_operators_who_was_rung() {
    for answer in ["answer", "answer line"] {
        check(
            &format!("0 start line\n 1 start 101\n 5 {answer}\n 60 end d=answered"),
            "ended answered in +442079460000 0..60, answered 5, talked 55\n 101 ended\n 101 5..60",
        );
    }
}

#[test]
fn the_queues_record_names_who_talked() {
    check(
        "0 start line
         1 answer line
         30 start 101
         60 end line d=answered
         61 record 101 talk=25 d=answered data=link",
        "ended answered in +442079460000 0..60, talked 25, recording link\n 101 ended",
    );
}

#[test]
fn state_follows_who_is_active() {
    check(
        "0 start 101 leg=a
         0 start 102 leg=b
         4 answer 101 leg=a
         9 end 101 leg=a d=answered",
        "ended answered in +442079460000 0..9, answered 4, talked 5
         101 ended, 102 answeredElsewhere
         101 4..9",
    );
    // A transferred call goes on where it went.
    check(
        "0 start 101 leg=a
         4 answer 101 leg=a
         8 redirect 101 leg=a to=102
         9 end 101 leg=a",
        "ringing unknown in +442079460000 0.., answered 4\n 101 left, 102 ringing\n 101 4..8",
    );
    // The caller waits: their own leg goes on.
    check(
        "0 start line leg=client
         1 start 101 leg=a
         9 end 101 leg=a d=noAnswer",
        "ringing unknown in +442079460000 0..\n 101 left",
    );
}

#[test]
fn who_consulted_a_colleague_has_the_call_again() {
    let consulting = "
         0 start 101 leg=a
         4 answer 101 leg=a
         9 hold 101 leg=a
         10 start 102 leg=b dir=internal from=101
         12 answer 102 leg=b dir=internal from=101
         20 end 102 leg=b";
    check(
        consulting,
        "talking unknown in +442079460000 0.., answered 4
         101 talking, 102 left
         101 4..12, 102 12..20, 101 20..",
    );
    check(
        &format!("{consulting}\n 30 end 101 leg=a"),
        "ended answered in +442079460000 0..30, answered 4, talked 26
         101 ended, 102 left
         101 4..12, 102 12..20, 101 20..30",
    );
}

#[test]
fn extensions_count_without_numbers() {
    check(
        "0 start line
         3 start src-ext=101
         5 answer src-ext=101
         9 end",
        "ended answered in +442079460000 0..9, answered 5, talked 4\n 101 ended\n 101 5..9",
    );
    check(
        "0 start line dst-ext=101 dir=out
         5 answer dst-ext=101
         9 end",
        "ended answered out +442079460000 0..9, answered 5, talked 4\n 101 ended\n 101 5..9",
    );
    // Before the start: which way the call goes is only known then.
    check(
        "0 answer src-ext=101\n 3 start line",
        "talking unknown in +442079460000 0.., answered 0\n 101 talking\n 101 0..",
    );
}

#[test]
fn a_providers_clock_that_is_hours_off() {
    let talked = "ended answered in +442079460000 0..65, answered 5, talked 60\n 101 ended\n 101 5..65";
    for zone in [18_000, -18_000, 90, -19_800, 2_222] {
        let (start, answer, end) = (zone, 5 + zone, 65 + zone);
        check(&format!("0 start 101\n 5 answer 101 at={answer}\n 65 end 101 d=answered"), talked);
        check(&format!("0 start 101 at={start}\n 5 answer 101\n 65 end 101 d=answered"), talked);
        check(&format!("0 start 101 at={start}\n 5 answer 101\n 65 end 101 at={end} d=answered"), talked);
        check(&format!("0 start 101 at={start}\n 5 answer 101 at={answer}\n 65 end 101 at={end}"), talked);
    }
}

#[test]
fn late_delivery_is_not_taken_for_a_wrong_clock() {
    let talked = "ended answered in +442079460000 0..65, answered 5, talked 60\n 101 ended\n 101 5..65";
    check("0 start 101\n 400 answer 101 at=5\n 401 end 101 at=65", talked);
    check("300 start 101 at=0\n 300 answer 101 at=5\n 300 end 101 at=65", talked);
    check("0 start 101 at=0\n 3605 answer 101 at=5\n 3665 end 101 at=65", talked);
}

#[test]
fn hold_after_the_end_and_a_start_for_each_operator() {
    check(
        "0 start 101
         5 answer 101
         9 end d=answered
         10 hold 101",
        "ended answered in +442079460000 0..9, answered 5, talked 4\n 101 ended\n 101 5..9",
    );
    let five: String = (101..=105).map(|operator| format!("0 start {operator}\n")).collect();
    check(
        &format!("{five} 7 answer 104\n 9 end d=answered"),
        "ended answered in +442079460000 0..9, answered 7, talked 2
         101 answeredElsewhere, 102 answeredElsewhere, 103 answeredElsewhere, 104 ended, 105 answeredElsewhere
         104 7..9",
    );
}

#[test]
fn a_chain_of_redirects() {
    check(
        "0 start 101
         10 redirect 101 to=102
         20 redirect 102 to=103
         22 start 103
         25 answer 103
         40 redirect 103 to=+33123456789
         50 end d=answered",
        "ended answered in +442079460000 0..50, answered 25, talked 25
         101 answeredElsewhere, 102 answeredElsewhere, 103 ended, +33123456789 answeredElsewhere (nobody)
         103 25..40",
    );
}
