//! The demo PBX's events through its module into the model: what people see of its calls.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::contract::{self, Context, Disposition};
use hookswitch_model::phone::{self, Written};
use hookswitch_model::{
    Call, CallId, CallState, CallView, ModuleId, OperatorState, RequestId, UserId, reduce, view,
};
use hookswitch_script::{Compiled, Engine, Limits, compile};
use ring::hmac;
use serde_json::json;

use hookswitch_core::modules::builtin::{self, BuiltinModule};
use hookswitch_core::modules::sample::{self, Sample};
use hookswitch_core::modules::trial;
use hookswitch_demo_pbx::{CLIENTS, Event, Plan, Strategy, Switch, SwitchError, extensions};

const CLIENT: &str = "+442079460123";

struct Story {
    switch: Switch,
    now: DateTime<Utc>,
    reported: Vec<Event>,
    engine: Engine,
    module: &'static BuiltinModule,
    compiled: Arc<Compiled>,
}

impl Story {
    fn new() -> Self {
        let module = builtin::find("demo").expect("it is built in");
        Self {
            switch: Switch::new("+442079460000".into(), extensions(), "t".into()),
            now: DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
            reported: Vec::new(),
            engine: Engine::new(Limits::default(), tokio::runtime::Handle::current()),
            module,
            compiled: Arc::new(compile(module.source).expect("it compiles")),
        }
    }

    fn then(&mut self, action: impl FnOnce(&mut Switch, DateTime<Utc>) -> Result<Vec<Event>, SwitchError>) {
        self.now += TimeDelta::seconds(5);
        self.reported.extend(action(&mut self.switch, self.now).expect("it can be done"));
    }

    fn ring(&mut self, to: &[&str]) {
        let to: Vec<_> = to.iter().map(|&extension| extension.to_owned()).collect();
        self.then(|switch, now| {
            switch.ring(now, CLIENT.into(), Some("Ada".into()), &to, Strategy::All, Plan::default())
        });
    }

    /// The one call as people see it, whichever way its events arrived.
    async fn seen(&self) -> CallView {
        let straight = self.call(self.reported.iter()).await;
        let reversed = self.call(self.reported.iter().rev()).await;
        assert_eq!(view(&straight), view(&reversed), "the order of arrival changes nothing");
        view(&straight)
    }

    async fn call(&self, events: impl Iterator<Item = &Event>) -> Call {
        let mut call = None;
        for event in events {
            let ran =
                trial::run(&self.engine, &self.compiled, &self.module.manifest.settings, &sample_of(event))
                    .await;
            assert_eq!(ran.problems, Vec::<String>::new(), "{event:?}");
            let result = contract::parse_result(ran.outcome.expect("the module takes it"))
                .expect("it keeps the contract");
            let bound = |number: &str| {
                let known = extensions().into_iter().any(|extension| extension.number == number);
                known.then(|| UserId(uuid::Uuid::from_u128(number.parse().expect("a number"))))
            };
            let source = RequestId(uuid::Uuid::nil());
            let context = Context {
                bound: &bound,
                country: None,
                written: Written::Both,
                received_at: self.now,
                source,
            };
            for keyed in contract::facts(&result, &context) {
                let new = || Call {
                    id: CallId(uuid::Uuid::nil()),
                    module_id: ModuleId(uuid::Uuid::nil()),
                    call_id: Some(event.call_id.clone()),
                    facts: Vec::new(),
                };
                call = Some(reduce(call, keyed.fact, new).expect("there is room").0);
            }
        }
        call.expect("something was reported")
    }
}

fn sample_of(event: &Event) -> Sample {
    let body = serde_json::to_string(event).expect("JSON");
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"secret");
    let signature = format!("sha256={}", hex::encode(hmac::sign(&key, body.as_bytes())));
    let sample = json!({
        "name": "an event",
        "settings": { "webhookSecret": "secret" },
        "request": { "method": "POST", "headers": { "x-pbx-signature": signature }, "body": body },
    });
    sample::parse(&sample.to_string()).expect("a sample")
}

fn operators(view: &CallView) -> Vec<(&str, OperatorState)> {
    view.operators.iter().map(|operator| (operator.extension.as_str(), operator.state)).collect()
}

#[tokio::test]
async fn everybody_rings_one_takes_it_and_it_is_recorded() {
    let mut story = Story::new();
    story.ring(&["101", "102"]);
    let seen = story.seen().await;
    assert_eq!((seen.state, seen.caller_name.as_deref()), (CallState::Ringing, Some("Ada")));
    assert_eq!(operators(&seen), [("101", OperatorState::Ringing), ("102", OperatorState::Ringing)]);
    assert_eq!((seen.line.as_deref(), seen.client_e164.as_deref()), (Some("+442079460000"), Some(CLIENT)));

    story.then(|switch, now| switch.answer(now, "t-1", "102"));
    let seen = story.seen().await;
    assert_eq!(seen.state, CallState::Talking);
    assert_eq!(
        operators(&seen),
        [("101", OperatorState::AnsweredElsewhere), ("102", OperatorState::Talking)]
    );

    story.then(|switch, now| switch.hold(now, "t-1", true));
    assert_eq!(story.seen().await.state, CallState::Held);
    story.then(|switch, now| switch.hold(now, "t-1", false));
    assert_eq!(story.seen().await.state, CallState::Talking);

    story.then(|switch, now| switch.hang_up(now, "t-1", Some("102")));
    let seen = story.seen().await;
    assert_eq!(
        (seen.state, seen.disposition, seen.talk_seconds),
        (CallState::Ended, Disposition::Answered, Some(15))
    );
    assert_eq!(seen.recording, Some(json!({ "recordingId": "t-1" })));
    assert!(!seen.missed);
}

#[tokio::test]
async fn a_transferred_call_is_one_call_with_two_segments() {
    let mut story = Story::new();
    story.ring(&["101"]);
    story.then(|switch, now| switch.answer(now, "t-1", "101"));
    story.then(|switch, now| switch.transfer(now, "t-1", "102"));
    let seen = story.seen().await;
    assert_eq!(operators(&seen), [("101", OperatorState::Held), ("102", OperatorState::Ringing)]);

    story.then(|switch, now| switch.answer(now, "t-1", "102"));
    story.then(|switch, now| switch.redirect(now, "t-1", "103"));
    let seen = story.seen().await;
    assert_eq!((seen.state, seen.segments.len()), (CallState::Ringing, 2));
    story.then(|switch, now| switch.answer(now, "t-1", "103"));
    story.then(|switch, now| switch.hang_up(now, "t-1", None));
    let seen = story.seen().await;
    let had_it: Vec<_> = seen.segments.iter().filter_map(|segment| segment.extension.as_deref()).collect();
    assert_eq!(had_it, ["101", "102", "103"]);
}

#[tokio::test]
async fn nobody_answers_and_it_is_missed() {
    let mut story = Story::new();
    story.ring(&["101", "102"]);
    story.then(|switch, now| switch.hang_up(now, "t-1", None));
    let seen = story.seen().await;
    assert_eq!((seen.state, seen.disposition, seen.missed), (CallState::Ended, Disposition::Cancelled, true));
    assert_eq!(operators(&seen), [("101", OperatorState::Missed), ("102", OperatorState::Missed)]);

    let mut story = Story::new();
    story.then(|switch, now| switch.busy(now, CLIENT.into(), None, "101".into()));
    let seen = story.seen().await;
    assert_eq!((seen.disposition, seen.missed), (Disposition::Busy, true));
    assert_eq!(operators(&seen), [("101", OperatorState::Missed)]);
}

#[tokio::test]
async fn an_outgoing_call_is_the_diallers() {
    let mut story = Story::new();
    story.then(|switch, now| switch.dial(now, "101", CLIENT, Plan::default()));
    let seen = story.seen().await;
    assert_eq!((seen.state, seen.client_e164.as_deref()), (CallState::Ringing, Some(CLIENT)));
    assert_eq!(operators(&seen), [("101", OperatorState::Ringing)]);
    story.then(|switch, now| Ok(switch.tick(now)));
    story.then(|switch, now| switch.hang_up(now, "t-1", Some("101")));
    let seen = story.seen().await;
    assert_eq!((seen.disposition, seen.missed, seen.talk_seconds), (Disposition::Answered, false, Some(5)));
    assert_eq!(operators(&seen), [("101", OperatorState::Ended)]);
}

#[test]
fn clients_have_numbers_of_several_countries() {
    let numbers: HashSet<_> = CLIENTS.map(|(number, _)| number).into();
    assert_eq!(numbers.len(), CLIENTS.len());
    for number in numbers {
        assert_eq!(phone::e164(number, None).as_deref(), Some(number));
    }
}
