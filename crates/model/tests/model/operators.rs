//! What people see of calls with several operators: ring-all, hunt groups, legs, transfers.

use crate::story::check;

#[test]
fn ring_all_without_leg_ids() {
    check(
        "0 start 101
         0 start 102
         0 start 103
         4 answer 102",
        "talking unknown in +442079460000 0.., answered 4
         101 answeredElsewhere, 102 talking, 103 answeredElsewhere
         102 4..",
    );
    check(
        "0 start 101
         0 start 102
         4 answer 102
         9 end",
        "ended answered in +442079460000 0..9, answered 4, talked 5
         101 answeredElsewhere, 102 ended
         102 4..9",
    );
    check(
        "0 start 101\n 0 start 102\n 9 end d=noAnswer",
        "ended noAnswer in +442079460000 0..9, missed\n 101 missed, 102 missed",
    );
}

#[test]
fn ring_all_with_leg_ids() {
    let ringing = "
         0 start 101 leg=a
         0 start 102 leg=b
         2 end 101 leg=a d=busy";
    check(ringing, "ringing unknown in +442079460000 0..\n 101 left, 102 ringing");
    let answered = format!("{ringing}\n 4 answer 102 leg=b");
    check(&answered, "talking unknown in +442079460000 0.., answered 4\n 101 left, 102 talking\n 102 4..");
    check(
        &format!("{answered}\n 9 end 102 leg=b d=answered"),
        "ended answered in +442079460000 0..9, answered 4, talked 5
         101 answeredElsewhere, 102 ended
         102 4..9",
    );
    check(
        &format!("{ringing}\n 9 end leg=b d=cancelled"),
        "ended cancelled in +442079460000 0..9, missed\n 101 missed, 102 missed",
    );
}

#[test]
fn leg_ids_alone_identify_the_operator_of_an_answer_and_an_end() {
    check(
        "0 start 101 leg=a
         0 start 102 leg=b
         4 answer leg=b
         5 end leg=a
         9 end leg=b",
        "ended answered in +442079460000 0..9, answered 4, talked 5
         101 answeredElsewhere, 102 ended
         102 4..9",
    );
}

#[test]
fn late_start_of_an_ended_leg_does_not_ring() {
    check(
        "0 start 102 leg=b
         1 end 101 leg=a
         2 start 101 leg=a",
        "ringing unknown in +442079460000 0..\n 102 ringing, 101 left",
    );
    check(
        "0 start 102 leg=b
         1 end leg=a
         2 start 101 leg=a",
        "ringing unknown in +442079460000 0..\n 102 ringing, 101 left",
    );
}

#[test]
fn late_answer_of_an_ended_leg_does_not_take_the_call_back() {
    check(
        "0 start 101 leg=a
         0 start 102 leg=b
         3 end 101 leg=a
         4 answer 102 leg=b
         5 answer 101 leg=a",
        "talking unknown in +442079460000 0.., answered 4\n 101 left, 102 talking\n 102 4..",
    );
}

#[test]
fn operator_rings_again_with_a_new_leg() {
    check(
        "0 start 101 leg=a
         0 start 102 leg=b
         9 end leg=a
         9 start 101 leg=c
         12 answer leg=c
         13 end leg=b",
        "talking unknown in +442079460000 0.., answered 12\n 101 talking, 102 answeredElsewhere\n 101 12..",
    );
}

#[test]
fn end_of_the_clients_leg_does_not_take_the_call_from_the_operator() {
    check(
        "0 start 101 leg=a
         4 answer 101 leg=a
         9 end 101 leg=client",
        "talking unknown in +442079460000 0.., answered 4\n 101 talking\n 101 4..",
    );
}

#[test]
fn hunt_group_by_redirect_while_ringing() {
    let ringing = "
         0 start 101
         10 redirect 101 to=102
         10 start 102";
    check(ringing, "ringing unknown in +442079460000 0..\n 101 left, 102 ringing");
    check(
        &format!("{ringing}\n 12 answer 102\n 20 end d=answered"),
        "ended answered in +442079460000 0..20, answered 12, talked 8
         101 answeredElsewhere, 102 ended
         102 12..20",
    );
    check(
        &format!("{ringing}\n 20 end d=noAnswer"),
        "ended noAnswer in +442079460000 0..20, missed\n 101 missed, 102 missed",
    );
}

#[test]
fn blind_transfer_is_one_call_with_two_segments() {
    let transferred = "
         0 start 101
         5 answer 101
         30 redirect 101 to=102";
    check(
        transferred,
        "ringing unknown in +442079460000 0.., answered 5\n 101 left, 102 ringing\n 101 5..30",
    );
    check(
        &format!("{transferred}\n 34 answer 102\n 60 end 102 d=answered"),
        "ended answered in +442079460000 0..60, answered 5, talked 55
         101 left, 102 ended
         101 5..30, 102 34..60",
    );
    check(
        &format!("{transferred}\n 40 end"),
        "ended answered in +442079460000 0..40, answered 5, talked 35
         101 ended, 102 answeredElsewhere
         101 5..30",
    );
}

#[test]
fn transfer_visible_only_by_the_second_answer() {
    check(
        "0 start 101
         5 answer 101
         30 start 102
         34 answer 102",
        "talking unknown in +442079460000 0.., answered 5\n 101 left, 102 talking\n 101 5..34, 102 34..",
    );
}

#[test]
fn transfer_back() {
    check(
        "0 start 101 at=0
         5 answer 101 at=5
         30 redirect 101 at=30 to=102
         34 answer 102 at=34
         50 redirect 102 at=50 to=101
         50 start 101 at=50
         52 answer 101 at=52",
        "talking unknown in +442079460000 0.., answered 5
         101 talking, 102 left
         101 5..30, 102 34..50, 101 52..",
    );
}

#[test]
fn redirect_reported_with_the_calls_first_number() {
    check(
        "0 start 101 at=0
         5 answer 101 at=5
         30 redirect 101 at=30 to=102
         34 answer 102 at=34
         50 redirect 101 at=50 to=103",
        "ringing unknown in +442079460000 0.., answered 5
         101 left, 102 left, 103 ringing
         101 5..30, 102 34..50",
    );
}

#[test]
fn redirect_that_arrives_after_the_answer() {
    check(
        "0 start 101
         5 answer 101
         9 answer 102
         10 redirect 101 to=102",
        "talking unknown in +442079460000 0.., answered 5\n 101 left, 102 talking\n 101 5..9, 102 9..",
    );
    check(
        "9 answer 102
         10 redirect 101 to=102
         11 start 101",
        "talking unknown in +442079460000 9.., answered 9\n 102 talking, 101 left\n 102 9..",
    );
}

#[test]
fn answer_that_could_be_by_anybody() {
    check(
        "0 start 101
         0 start 102
         4 answer
         9 end",
        "ended answered in +442079460000 0..9, answered 4, talked 5
         101 answeredElsewhere, 102 answeredElsewhere
         somebody 4..9",
    );
}

#[test]
fn the_telephone_that_answered_counts_of_an_operators_two() {
    let answered_on_the_first = "
         0 start 101 leg=desk
         0 start 101 leg=mobile
         4 answer 101 leg=desk
         5 end 101 leg=mobile";
    check(answered_on_the_first, "talking unknown in +442079460000 0.., answered 4\n 101 talking\n 101 4..");
    check(
        &format!("{answered_on_the_first}\n 9 end 101 leg=desk d=answered"),
        "ended answered in +442079460000 0..9, answered 4, talked 5\n 101 ended\n 101 4..9",
    );
}
