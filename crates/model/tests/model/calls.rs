//! What people see of calls, story by story. [`crate::story`] describes the format.

use hookswitch_model::view;

use crate::story::{self, call, check, facts_of};

#[test]
fn incoming_call_answered() {
    check("0 start 101", "ringing unknown in +442079460000 0..\n 101 ringing");
    check(
        "0 start 101
         5 answer 101",
        "talking unknown in +442079460000 0.., answered 5
         101 talking
         101 5..",
    );
    check(
        "0 start 101
         5 answer 101
         65 end 101 d=answered
         99 record talk=58 data=link",
        "ended answered in +442079460000 0..65, answered 5, talked 58, recording link
         101 ended
         101 5..65",
    );
}

#[test]
fn operator_is_known_only_with_the_answer() {
    check(
        "0 start line
         3 start 101
         5 answer 101
         9 end line d=answered",
        "ended answered in +442079460000 0..9, answered 5, talked 4
         101 ended
         101 5..9",
    );
}

#[test]
fn missed_call() {
    check(
        "0 start 101
         20 end 101 d=no_answer",
        "ended noAnswer in +442079460000 0..20, missed\n 101 missed",
    );
    check(
        "0 start line
         20 end line d=cancelled",
        "ended cancelled in +442079460000 0..20, missed",
    );
}

#[test]
fn busy_and_voicemail() {
    check("0 start 101\n 1 end 101 d=busy", "ended busy in +442079460000 0..1, missed\n 101 missed");
    check(
        "0 start 101
         30 end 101 d=voicemail
         35 record talk=9 d=voicemail data=message",
        "ended voicemail in +442079460000 0..30, talked 9, recording message, missed\n 101 missed",
    );
}

#[test]
fn hold_and_resume() {
    let held = "
         0 start 101
         5 answer 101
         10 hold 101";
    check(held, "held unknown in +442079460000 0.., answered 5\n 101 held\n 101 5..");
    let again = format!("{held}\n 20 unhold 101\n 30 hold 101");
    check(&again, "held unknown in +442079460000 0.., answered 5\n 101 held\n 101 5..");
    check(
        &format!("{again}\n 40 unhold"),
        "talking unknown in +442079460000 0.., answered 5\n 101 talking\n 101 5..",
    );
    check(
        &format!("{again}\n 40 end"),
        "ended answered in +442079460000 0..40, answered 5, talked 35\n 101 ended\n 101 5..40",
    );
}

#[test]
fn repeated_answer_does_not_resume() {
    check(
        "0 start 101
         5 answer 101 seq=2
         10 hold 101 seq=3
         11 answer 101 seq=4",
        "held unknown in +442079460000 0.., answered 5\n 101 held\n 101 5..",
    );
}

#[test]
fn end_before_start() {
    check(
        "3 end 101 d=noAnswer
         4 start 101",
        "ended noAnswer in +442079460000 3..3, missed\n 101 missed",
    );
    check(
        "3 end 101 d=answered
         4 answer 101
         5 start 101",
        "ended answered in +442079460000 3..3, answered 3, talked 0\n 101 ended\n 101 3..3",
    );
}

#[test]
fn answer_before_start_names_its_only_operator() {
    check(
        "3 answer
         4 start 101",
        "talking unknown in +442079460000 3.., answered 3\n 101 talking\n 101 3..",
    );
}

#[test]
fn record_before_the_end() {
    check(
        "0 start 101
         5 answer 101
         60 record talk=50 data=link
         61 end d=answered",
        "ended answered in +442079460000 0..61, answered 5, talked 50, recording link
         101 ended
         101 5..61",
    );
}

#[test]
fn record_creates_its_call() {
    check(
        "70 record 101 d=answered talk=50 data=link",
        "ended answered in +442079460000 70..70, talked 50, recording link\n 101 ended",
    );
    check(
        "70 record 101 d=noAnswer talk=0",
        "ended noAnswer in +442079460000 70..70, talked 0, missed\n 101 missed",
    );
    check("70 record 101 talk=50", "ended answered in +442079460000 70..70, talked 50\n 101 ended");
}

#[test]
fn record_by_id_waits_for_its_call() {
    check("1 record data=link", "ended unknown nowhere 1..1, recording link");
    check(
        "1 record data=link
         2 start 101
         3 answer 101
         9 end d=answered",
        "ended answered in +442079460000 2..9, answered 3, talked 6, recording link
         101 ended
         101 3..9",
    );
}

#[test]
fn record_of_an_unanswered_call_has_no_recording() {
    check(
        "0 start 101
         9 end d=noAnswer
         12 record talk=7 data=silence",
        "ended noAnswer in +442079460000 0..9, talked 7, missed\n 101 missed",
    );
}

#[test]
fn outgoing_call_nobody_answered() {
    check(
        "0 start 101 dir=out
         20 end 101 dir=out d=noAnswer",
        "ended noAnswer out +442079460000 0..20\n 101 ended",
    );
}

#[test]
fn internal_call_belongs_to_the_called_operator() {
    check(
        "0 start 102 dir=internal from=101
         2 answer 102 dir=internal from=101
         5 end d=answered",
        "ended answered internal 0..5, answered 2, talked 3\n 102 ended\n 102 2..5",
    );
    check(
        "0 start 102 dir=internal from=101
         5 end d=noAnswer",
        "ended noAnswer internal 0..5\n 102 missed",
    );
}

#[test]
fn answer_reported_only_by_the_end() {
    check(
        "0 start 101
         0 start 102
         9 end 102 d=answered",
        "ended answered in +442079460000 0..9\n 101 answeredElsewhere, 102 ended",
    );
    check(
        "0 start 101
         0 start 102
         9 end d=answered",
        "ended answered in +442079460000 0..9\n 101 ended, 102 ended",
    );
}

#[test]
fn operator_without_a_bound_user() {
    check(
        "0 start 901\n 2 answer 901",
        "talking unknown in +442079460000 0.., answered 2\n 901 talking (nobody)\n 901 2..",
    );
}

#[test]
fn anonymous_caller() {
    check("0 start 101 from=anonymous", "ringing unknown in anonymous 0..\n 101 ringing");
    check(
        "0 start 101 from=anonymous
         2 answer 101 from=02079460000",
        "talking unknown in +442079460000 0.., answered 2\n 101 talking\n 101 2..",
    );
}

#[test]
fn the_earlier_of_two_equal_reports_counts() {
    let reports = ["0 start 101", "9 answer 101", "5 answer 101"];
    let call = call((1..).zip(reports).map(|(request, line)| story::fact(line, request)));
    assert_eq!(call.facts.len(), 2);
    assert_eq!(view(&call).answered_at, Some(story::time(5)));
}

#[test]
fn control_functions_get_the_numbers_of_the_first_event_with_the_operator() {
    let call = call(facts_of(
        "0 start 101
         5 answer 101
         9 redirect 101 to=102
         12 end line",
    ));
    let numbers: Vec<_> = view(&call).operators.into_iter().map(|o| [o.src, o.dst]).collect();
    assert_eq!(numbers, [["+442079460000", "101"], ["+442079460000", "102"]]);
}

#[test]
fn full_call_can_still_end() {
    let holds = (0..600).map(|second| story::fact(&format!("{second} hold"), 1));
    let mut full = story::empty_call(1);
    let mut refused = 0;
    for hold in holds {
        match hookswitch_model::reduce(Some(full.clone()), hold.fact, || story::empty_call(1)) {
            Ok((call, _)) => full = call,
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("same callId"), "{error}");
            }
        }
    }
    assert_eq!((full.facts.len(), refused), (500, 100));
    let end = story::fact("700 end", 2).fact;
    let (call, _) = hookswitch_model::reduce(Some(full), end, || story::empty_call(1)).expect("an end fits");
    assert!(view(&call).ended_at.is_some());
}
