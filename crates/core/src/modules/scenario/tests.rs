use super::*;

fn wrong(text: &str) -> String {
    parse(text).expect_err("it is wrong")
}

#[test]
fn a_scenario_is_steps_and_the_calls_they_make() {
    let scenario = parse(
        r#"{ "name": "n", "shows": ["incoming", "ringAll"], "members": ["101"],
             "steps": [{ "sample": "01" }, { "after": 2.5, "do": "dtmf", "by": "101", "digits": "1" }, { "after": 90 }],
             "calls": [{ "state": "ended", "clientNumber": null }],
             "orders": { "shuffled": "it has no times" } }"#,
    )
    .expect("it is right");
    assert_eq!(scenario.steps[0].delay(true), TimeDelta::zero());
    assert_eq!(scenario.steps[1].delay(false), TimeDelta::milliseconds(2500));
    assert_eq!(scenario.orders.twice, Switch::On);
    assert_eq!(scenario.orders.shuffled, Switch::Off("it has no times".into()));
}

#[test]
fn every_word_of_shows_is_in_the_table() {
    for (shows, word, _) in Shows::ALL {
        assert_eq!(serde_json::to_value(shows).expect("JSON"), word);
        assert_eq!(Shows::from_name(word), Some(shows));
    }
}

#[test]
fn errors_name_the_place() {
    assert_eq!(wrong(r#"{ "name": "n", "steps": [] }"#), "steps: add at least one");
    let by = r#"{ "name": "n", "steps": [{ "do": "hangUp", "by": "102" }], "members": ["101"] }"#;
    assert_eq!(wrong(by), "steps[0]: by: 102 is not one of the \"members\"");
    let to = r#"{ "name": "n", "steps": [{ "do": "redirect", "by": "101" }], "members": ["101"] }"#;
    assert_eq!(wrong(to), "steps[0]: to: is missing");
    let field = r#"{ "name": "n", "steps": [{ "sample": "1" }], "calls": [{ "talkSecond": 1 }] }"#;
    assert_eq!(wrong(field), "calls[0].talkSecond: there is no such field; did you mean talkSeconds?");
    let order = r#"{ "name": "n", "steps": [{ "sample": "1" }], "orders": { "twice": false } }"#;
    assert!(wrong(order).contains("a string with the reason why not"));
    let belongs = r#"{ "name": "n", "steps": [{ "sample": "1", "by": "101" }] }"#;
    assert_eq!(wrong(belongs), "steps[0]: \"by\" belongs to a \"do\"");
}
