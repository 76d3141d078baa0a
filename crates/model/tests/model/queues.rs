//! Voicemail, queues and announcements. [`crate::story`] describes the format.

use crate::story::check;

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
    // Reported by the answer, by the end, by the record, or by the end of its leg.
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
fn an_operator_who_talked_before_voicemail_counts_as_talking() {
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
    // The second answer of a queue may name nobody either; it is by the operator who is ringing then.
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
fn an_answer_that_names_nobody_is_by_the_only_operator_rung() {
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
