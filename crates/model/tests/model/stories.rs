//! Stories that providers really tell. [`crate::story`] describes the format.

use crate::story::check;

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
    // The company's number rings at the operator who dials: it is not a client, whichever event comes first.
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
fn the_providers_order_decides_which_party_came_first() {
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
    // A transferred call continues at its target.
    check(
        "0 start 101 leg=a
         4 answer 101 leg=a
         8 redirect 101 leg=a to=102
         9 end 101 leg=a",
        "ringing unknown in +442079460000 0.., answered 4\n 101 left, 102 ringing\n 101 4..8",
    );
    // The caller waits: their own leg continues.
    check(
        "0 start line leg=client
         1 start 101 leg=a
         9 end 101 leg=a d=noAnswer",
        "ringing unknown in +442079460000 0..\n 101 left",
    );
}

#[test]
fn an_operator_who_consulted_a_colleague_has_the_call_again() {
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
    // Before the start: only it reveals the call's direction.
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
