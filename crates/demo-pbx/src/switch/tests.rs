//! What the demo PBX reports, told as stories.

use super::*;

struct Story {
    switch: Switch,
    now: DateTime<Utc>,
}

const CLIENT: &str = "+442079460123";

impl Story {
    fn new() -> Self {
        let extensions = crate::pbx::extensions();
        let switch = Switch::new("+442079460000".into(), extensions, "t".into());
        Self { switch, now: DateTime::UNIX_EPOCH }
    }

    /// Does something and tells what it caused.
    fn then(&mut self, action: impl FnOnce(&mut Switch, DateTime<Utc>) -> Done) -> Vec<String> {
        told(&action(&mut self.switch, self.now).expect("it can be done"))
    }

    fn refused(&mut self, action: impl FnOnce(&mut Switch, DateTime<Utc>) -> Done) -> String {
        action(&mut self.switch, self.now).expect_err("it cannot be done").to_string()
    }

    fn ring(&mut self, to: &[&str], strategy: Strategy, plan: Plan) -> Vec<String> {
        let to: Vec<_> = to.iter().map(|&extension| extension.to_owned()).collect();
        self.then(|switch, now| switch.ring(now, CLIENT.into(), None, &to, strategy, plan))
    }

    fn after(&mut self, seconds: i64) -> Vec<String> {
        self.now += TimeDelta::seconds(seconds);
        told(&self.switch.tick(self.now))
    }
}

/// `event extension -> redirect (outcome talk)`
fn told(events: &[Event]) -> Vec<String> {
    let one = |event: &Event| {
        let mut line = format!("{:?}", event.event);
        for part in [event.extension.as_deref(), event.redirect_to.as_deref()].into_iter().flatten() {
            line = format!("{line} {part}");
        }
        if let Some(outcome) = event.outcome {
            line = format!("{line} {outcome:?} {}", event.talk_seconds.unwrap_or_default());
        }
        line
    };
    events.iter().map(one).collect()
}

#[test]
fn one_phone_rings_is_picked_up_and_hung_up() {
    let mut story = Story::new();
    assert_eq!(story.ring(&["101"], Strategy::All, Plan::default()), ["Ringing 101"]);
    assert_eq!(
        story.refused(|switch, now| switch.answer(now, "t-1", "102")),
        "the call does not ring at 102"
    );
    assert_eq!(story.then(|switch, now| switch.answer(now, "t-1", "101")), ["Answered 101"]);
    assert!(story.after(42).is_empty());
    assert_eq!(story.then(|switch, now| switch.hang_up(now, "t-1", None)), ["Ended Answered 42", "Recorded"]);
    assert_eq!(story.refused(|switch, now| switch.hang_up(now, "t-1", None)), "there is no call t-1");
    assert!(story.switch.recorded("t-1").is_some());
    assert_eq!(story.switch.next_deadline(), None);
}

#[test]
fn when_all_ring_one_takes_it_and_the_others_stop() {
    let mut story = Story::new();
    let ringing = story.ring(&["101", "102", "103"], Strategy::All, Plan::default());
    assert_eq!(ringing, ["Ringing 101", "Ringing 102", "Ringing 103"]);
    assert_eq!(story.then(|switch, now| switch.hang_up(now, "t-1", Some("103"))), ["LegEnded 103"]);
    assert_eq!(story.then(|switch, now| switch.answer(now, "t-1", "102")), ["Answered 102", "LegEnded 101"]);
}

#[test]
fn a_hunt_group_rings_one_after_another() {
    let mut story = Story::new();
    assert_eq!(story.ring(&["101", "102"], Strategy::Hunt, Plan::default()), ["Ringing 101"]);
    assert_eq!(story.after(10), ["Ringing 102", "LegEnded 101"]);
    assert_eq!(story.after(30), ["Ended NoAnswer 0"]);
}

#[test]
fn a_call_can_go_by_itself() {
    let mut story = Story::new();
    let seconds = |seconds| Some(TimeDelta::seconds(seconds));
    let plan = Plan { answer_after: seconds(2), talk_for: seconds(5), give_up_after: None };
    story.ring(&["101"], Strategy::All, plan);
    assert_eq!(story.after(2), ["Answered 101"]);
    assert_eq!(story.after(5), ["Ended Answered 5", "Recorded"]);
    story.ring(&["101"], Strategy::All, Plan { give_up_after: seconds(3), ..Plan::default() });
    assert_eq!(story.after(3), ["Ended Cancelled 0"]);
}

#[test]
fn nobody_touches_it_and_it_still_ends() {
    let mut story = Story::new();
    story.ring(&["101"], Strategy::All, Plan::default());
    assert_eq!(story.after(30), ["Ended NoAnswer 0"]);
    story.ring(&["101"], Strategy::All, Plan::default());
    story.then(|switch, now| switch.answer(now, "t-2", "101"));
    assert_eq!(story.after(600), ["Ended Answered 600", "Recorded"]);
}

#[test]
fn a_busy_phone_does_not_ring() {
    let mut story = Story::new();
    let busy = |switch: &mut Switch, now| switch.busy(now, CLIENT.into(), None, "101".into());
    assert_eq!(story.then(busy), ["Ringing", "Ended 101 Busy 0"]);
    story.ring(&["102"], Strategy::All, Plan::default());
    story.then(|switch, now| switch.answer(now, "t-2", "102"));
    assert_eq!(story.ring(&["101", "102"], Strategy::All, Plan::default()), ["Ringing 101"]);
    assert_eq!(story.ring(&["102"], Strategy::All, Plan::default()), ["Ringing", "Ended 102 Busy 0"]);
    assert_eq!(
        story.refused(|switch, now| switch.dial(now, "102", CLIENT, Plan::default())),
        "extension 102 is busy"
    );
}

#[test]
fn a_second_call_rings_while_the_first_waits() {
    let mut story = Story::new();
    story.ring(&["101"], Strategy::All, Plan::default());
    assert_eq!(story.ring(&["101"], Strategy::All, Plan::default()), ["Ringing 101"]);
    story.then(|switch, now| switch.answer(now, "t-1", "101"));
    assert_eq!(story.refused(|switch, now| switch.answer(now, "t-2", "101")), "extension 101 talks already");
    story.then(|switch, now| switch.hold(now, "t-1", true));
    assert_eq!(story.then(|switch, now| switch.answer(now, "t-2", "101")), ["Answered 101"]);
}

#[test]
fn an_operator_dials_and_the_client_answers() {
    let mut story = Story::new();
    assert_eq!(story.then(|switch, now| switch.dial(now, "101", CLIENT, Plan::default())), ["Ringing 101"]);
    assert_eq!(story.after(2), ["Answered 101"]);
    assert_eq!(
        story.then(|switch, now| switch.hang_up(now, "t-1", Some("101"))),
        ["Ended Answered 0", "Recorded"]
    );
    story.then(|switch, now| switch.generate(now, "101", CLIENT, Plan::default()));
    assert!(story.after(2).is_empty());
    assert_eq!(story.then(|switch, now| switch.hang_up(now, "t-2", None)), ["Ended Busy 0"]);
    assert!(
        story
            .refused(|switch, now| switch.dial(now, "101", "?", Plan::default()))
            .contains("is not a number")
    );
}

#[test]
fn two_operators_talk() {
    let mut story = Story::new();
    let events = story.switch.dial(story.now, "101", "102", Plan::default()).expect("both are free");
    assert_eq!((events[0].direction, events[0].from.as_str()), (Direction::Internal, "101"));
    assert_eq!(told(&events), ["Ringing 102"]);
    assert_eq!(story.then(|switch, now| switch.hang_up(now, "t-1", Some("101"))), ["Ended Cancelled 0"]);
}

#[test]
fn hold_and_resume() {
    let mut story = Story::new();
    story.ring(&["101"], Strategy::All, Plan::default());
    assert_eq!(story.refused(|switch, now| switch.hold(now, "t-1", true)), "nobody talks yet");
    story.then(|switch, now| switch.answer(now, "t-1", "101"));
    assert_eq!(story.then(|switch, now| switch.hold(now, "t-1", true)), ["Held 101"]);
    assert_eq!(story.refused(|switch, now| switch.hold(now, "t-1", true)), "the call is on hold already");
    assert_eq!(story.then(|switch, now| switch.hold(now, "t-1", false)), ["Resumed 101"]);
    assert!(story.then(|switch, _| switch.mute("t-1", true)).is_empty());
    assert!(story.then(|switch, _| switch.dtmf("t-1", "12#")).is_empty());
    let call = story.switch.calls().next().expect("it is up");
    assert_eq!((call.digits.as_str(), call.legs[0].muted), ("12#", true));
}

#[test]
fn a_redirect_moves_the_call_at_once() {
    let mut story = Story::new();
    story.ring(&["101"], Strategy::All, Plan::default());
    story.then(|switch, now| switch.answer(now, "t-1", "101"));
    let moved = story.then(|switch, now| switch.redirect(now, "t-1", "102"));
    assert_eq!(moved, ["Redirected 101 102", "Ringing 102", "LegEnded 101"]);
    assert_eq!(story.then(|switch, now| switch.answer(now, "t-1", "102")), ["Answered 102"]);
    assert_eq!(story.refused(|switch, now| switch.redirect(now, "t-1", "102")), "extension 102 is busy");
    assert_eq!(story.refused(|switch, now| switch.redirect(now, "t-1", "999")), "there is no extension 999");
}

#[test]
fn an_attended_transfer_waits_for_the_other() {
    let mut story = Story::new();
    story.ring(&["101"], Strategy::All, Plan::default());
    story.then(|switch, now| switch.answer(now, "t-1", "101"));
    assert_eq!(story.then(|switch, now| switch.transfer(now, "t-1", "102")), ["Held 101", "Ringing 102"]);
    assert_eq!(story.after(20), ["LegEnded 102", "Resumed 101"]);
    story.then(|switch, now| switch.transfer(now, "t-1", "102"));
    let taken = story.then(|switch, now| switch.answer(now, "t-1", "102"));
    assert_eq!(taken, ["Redirected 101 102", "Answered 102", "LegEnded 101"]);
}

#[test]
fn there_are_only_so_many_calls() {
    let mut story = Story::new();
    for _ in 0..MAX_CALLS {
        story
            .then(|switch, now| switch.start(now, Direction::Incoming, CLIENT.into(), "x".into(), |_, _| {}));
    }
    let to = ["101".to_owned()];
    let one_more = story
        .refused(|switch, now| switch.ring(now, CLIENT.into(), None, &to, Strategy::All, Plan::default()));
    assert_eq!(one_more, "100 calls are up; end some first");
}
