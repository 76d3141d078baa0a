//! Scenes, played one after another.

use super::*;
use crate::panel::CLIENTS;
use crate::pbx::extensions;

struct Stage {
    switch: Switch,
    now: DateTime<Utc>,
    cast: Cast,
}

impl Stage {
    /// I am 101; 103 comes before 102, as if somebody saw its calls.
    fn new() -> Self {
        let client = Client { number: CLIENTS[0].0.into(), name: None };
        let colleagues = ["103", "102"].map(str::to_owned).into();
        let switch = Switch::new("+442079460000".into(), extensions(), "t".into());
        Self { switch, now: DateTime::UNIX_EPOCH, cast: Cast { me: "101".into(), colleagues, client } }
    }

    fn play(&mut self, scene: Scene) -> &mut Self {
        scene
            .play(&mut self.switch, self.now, &self.cast)
            .unwrap_or_else(|error| panic!("{scene:?}: {error}"));
        self
    }

    fn refuses(&mut self, scene: Scene) -> String {
        scene.play(&mut self.switch, self.now, &self.cast).expect_err("it cannot be played").to_string()
    }

    /// `from: extension state, …` of each call that is up.
    fn calls(&self) -> Vec<String> {
        let legs = |call: &Call| {
            call.legs
                .iter()
                .map(|leg| format!("{} {:?}", leg.extension, leg.state))
                .collect::<Vec<_>>()
                .join(", ")
        };
        self.switch.calls().map(|call| format!("{}: {}", call.from, legs(call))).collect()
    }

    fn is(&self, calls: &[&str]) {
        let expected: Vec<_> = calls.iter().map(|call| call.replace("client", CLIENTS[0].0)).collect();
        assert_eq!(self.calls(), expected);
    }
}

#[test]
fn a_client_calls_and_i_use_my_phone() {
    let mut stage = Stage::new();
    stage.play(Scene::RingMe).is(&["client: 101 Ringing"]);
    stage.play(Scene::AnswerOnPhone).is(&["client: 101 Talking"]);
    stage.play(Scene::HoldOnPhone).is(&["client: 101 Held"]);
    assert_eq!(stage.refuses(Scene::HoldOnPhone), "the call is on hold already");
    stage.play(Scene::ResumeOnPhone).is(&["client: 101 Talking"]);
    stage.play(Scene::HangUpOnPhone).is(&[]);
    stage.play(Scene::RingMe).play(Scene::HangUpOnPhone).is(&[]);
}

#[test]
fn clients_who_do_not_get_through() {
    let mut stage = Stage::new();
    stage.play(Scene::Busy).is(&[]);
    stage.play(Scene::Missed).is(&["client: 101 Ringing"]);
    stage.now += GIVES_UP;
    stage.switch.tick(stage.now);
    stage.is(&[]);
    stage.play(Scene::RingMe).play(Scene::ClientHangsUp).is(&[]);
}

#[test]
fn both_phones_ring_and_either_may_take_it() {
    let mut stage = Stage::new();
    stage.play(Scene::RingBoth).is(&["client: 101 Ringing, 103 Ringing"]);
    stage.play(Scene::ColleagueAnswers).is(&["client: 103 Talking"]);
    stage.play(Scene::RingBoth).is(&["client: 103 Talking", "client: 101 Ringing, 102 Ringing"]);
    stage.play(Scene::AnswerOnPhone).is(&["client: 103 Talking", "client: 101 Talking"]);
    assert_eq!(stage.refuses(Scene::ColleagueAnswers), "no other phone rings");
    assert_eq!(stage.play(Scene::ClientHangsUp).calls().len(), 1, "mine first");
    stage.play(Scene::ClientHangsUp).is(&[]);
}

#[test]
fn calls_go_from_me_to_a_colleague_and_back() {
    let mut stage = Stage::new();
    stage.play(Scene::RingMe).play(Scene::TransferToColleague).is(&["client: 103 Ringing"]);
    stage.play(Scene::ColleagueAnswers).play(Scene::ColleagueTransfersToMe);
    stage.is(&["client: 103 Held, 101 Ringing"]);
    stage.play(Scene::AnswerOnPhone).is(&["client: 101 Talking"]);
    stage.play(Scene::AttendedTransferToColleague).is(&["client: 101 Held, 103 Ringing"]);
    stage.play(Scene::ColleagueAnswers).is(&["client: 103 Talking"]);
}

#[test]
fn a_colleague_passes_on_a_call_that_they_only_just_got() {
    let mut stage = Stage::new();
    stage.play(Scene::ColleagueTransfersToMe).is(&["client: 103 Held, 101 Ringing"]);
    stage.play(Scene::ClientHangsUp).is(&[]);
    stage.play(Scene::Internal).is(&["103: 101 Ringing"]);
}

#[test]
fn with_no_call_there_is_nothing_to_do() {
    let mut stage = Stage::new();
    let scenes = [Scene::AnswerOnPhone, Scene::HangUpOnPhone, Scene::HoldOnPhone, Scene::ResumeOnPhone];
    for scene in scenes.into_iter().chain([Scene::ClientHangsUp, Scene::TransferToColleague]) {
        assert_eq!(stage.refuses(scene), "extension 101 has no call");
    }
    assert_eq!(stage.refuses(Scene::ColleagueAnswers), "no other phone rings");
    stage.cast.colleagues.clear();
    assert_eq!(stage.refuses(Scene::RingBoth), "no other phone is free");
}

#[test]
fn a_call_that_i_talk_in_comes_before_one_that_rings() {
    let mut stage = Stage::new();
    stage.play(Scene::RingMe).play(Scene::AnswerOnPhone).play(Scene::HoldOnPhone);
    stage.play(Scene::RingMe).is(&["client: 101 Held", "client: 101 Ringing"]);
    stage.play(Scene::AnswerOnPhone).is(&["client: 101 Held", "client: 101 Talking"]);
    stage.play(Scene::HangUpOnPhone).is(&["client: 101 Held"]);
}
