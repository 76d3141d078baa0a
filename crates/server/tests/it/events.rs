//! Live updates of an operator's tabs.

use serde_json::json;

use crate::support::{Module, PASS_ON, Tab, both};

const CLIENT: &str = "+442079460000";

both!(a_call_rings_in_every_tab_of_its_operator_and_nobody_elses, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let (_, two_client) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let (mut left, snapshot) = Tab::open(server, &one_client).await;
    let (mut right, _) = Tab::open(server, &one_client).await;
    let (mut other, _) = Tab::open(server, &two_client).await;
    assert_eq!((&snapshot["calls"], &snapshot["missedCount"]), (&json!([]), &json!(0)));

    module.event("notifyStart", "a", CLIENT, "101").await;
    for tab in [&mut left, &mut right] {
        let call = &tab.next().await["call"];
        assert_eq!((&call["state"], &call["clientNumber"]["raw"]), (&json!("ringing"), &json!(CLIENT)));
        assert_eq!(call["actions"], json!(["accept", "hangup", "redirect"]));
    }
    module.event("notifyEnd", "a", CLIENT, "101").await;
    for tab in [&mut left, &mut right] {
        let ended = tab.next_of("call").await;
        assert_eq!(
            (&ended["call"]["state"], &ended["call"]["actions"]),
            (&json!("ended"), &json!(["callBack"]))
        );
        let gone = tab.next_of("callGone").await;
        assert_eq!((&gone["type"], &gone["reason"]), (&json!("callGone"), &json!("missed")));
        assert_eq!(tab.next_of("missed").await["count"], 1);
    }
    // The first call that the other operator is told of is their own.
    module.event("notifyStart", "b", CLIENT, "102").await;
    module.bind(&[("101", one), ("102", server.user("two").await)]).await;
    module.event("notifyStart", "c", CLIENT, "102").await;
    assert_eq!(other.next_of("call").await["call"]["callId"], "c");
});

both!(when_one_of_several_answers_the_others_are_told_who, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let (two, two_client) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two)]).await;
    let (mut first, _) = Tab::open(server, &one_client).await;
    let (mut second, _) = Tab::open(server, &two_client).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    module.event("notifyStart", "a", CLIENT, "102").await;
    module.event("notifyAnswer", "a", CLIENT, "102").await;
    let gone = first.next_of("callGone").await;
    assert_eq!(
        (&gone["reason"], &gone["by"]["name"], &gone["by"]["extension"]),
        (&json!("answeredElsewhere"), &json!("two"), &json!("102"))
    );
    loop {
        let call = second.next_of("call").await;
        if call["call"]["state"] == "talking" {
            assert_eq!(call["call"]["actions"], json!(["hangup", "redirect", "hold"]));
            break;
        }
    }
    module.event("notifyEnd", "a", CLIENT, "102").await;
    assert_eq!(second.next_of("callGone").await["reason"], "ended");
    // An operator who did not answer a call that another took has missed nothing.
    let missed = one_client.get("/api/v1/missed-calls").await.json(200);
    assert_eq!(missed["items"], json!([]));
});

both!(a_tab_opened_in_mid_call_begins_with_it, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    module.event("notifyAnswer", "a", CLIENT, "101").await;
    module.event("notifyHold", "a", CLIENT, "101").await;
    let (_tab, snapshot) = Tab::open(server, &one_client).await;
    assert_eq!(snapshot["calls"][0]["state"], "held");
    assert_eq!(snapshot["calls"][0]["actions"], json!(["hangup", "redirect", "resume"]));
});

both!(a_socket_is_for_who_is_signed_in_and_comes_from_here, |server| {
    assert!(Tab::connect(server, &server.anonymous()).await.is_err());
    let (_, browser) = server.browser("one", hookswitch_store::Role::Operator).await;
    assert!(
        Tab::connect(server, &browser.clone().header("origin", "https://elsewhere.example")).await.is_err()
    );
    Tab::open(server, &browser).await;
});

both!(a_deactivated_user_hears_nothing_more, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let (mut tab, _) = Tab::open(server, &one_client).await;
    admin.patch(&format!("/api/v1/users/{one}"), json!({ "active": false })).await.is(200);
    tab.closed().await;
    assert!(Tab::connect(server, &one_client).await.is_err());
});

both!(a_comment_is_in_every_tab_of_the_calls_operators, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let (two, two_client) = server.operator("two").await;
    let (three, three_client) = server.operator("three").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two), ("103", three)]).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    module.event("notifyStart", "a", CLIENT, "102").await;
    let (mut left, snapshot) = Tab::open(server, &one_client).await;
    let (mut right, _) = Tab::open(server, &one_client).await;
    let (mut colleague, _) = Tab::open(server, &two_client).await;
    let (mut stranger, _) = Tab::open(server, &three_client).await;
    let id = snapshot["calls"][0]["id"].as_str().expect("an id");
    let path = format!("/api/v1/calls/{id}");

    one_client.patch(&path, json!({ "comment": "Wants an offer." })).await.is(200);
    for tab in [&mut left, &mut right, &mut colleague] {
        let message = tab.next().await;
        assert_eq!(message["call"]["id"], id);
        assert_eq!(message["call"]["comment"], "Wants an offer.");
    }
    admin.patch(&path, json!({ "comment": "" })).await.is(200);
    assert_eq!(left.next().await["call"]["comment"], json!(null));
    // The first message to the other user is a call of their own.
    module.event("notifyStart", "b", CLIENT, "103").await;
    assert_eq!(stranger.next().await["type"], "call");
});

both!(administrators_who_look_on_hear_that_something_happened, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let script = PASS_ON.replace("return typeof", "console.info('heard'); return typeof");
    let module = Module::with_script(server, &admin, &script).await;
    let other = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let (mut looking_on, _) = Tab::open(server, &admin).await;
    let (mut tab, _) = Tab::open(server, &operator).await;

    module.event("notifyStart", "a", CLIENT, "101").await;
    let mut happened = looking_on.next_of("activity").await;
    while happened["calls"] == false {
        happened = looking_on.next_of("activity").await;
    }
    assert_eq!(happened["modules"], json!([module.id]));
    // A burst makes a few messages, the last of them after the delivery and the script's log have been stored.
    for call in 0..50 {
        module.event("notifyStart", &format!("b{call}"), CLIENT, "101").await;
    }
    other.post(&json!({})).await.is(200);
    let mut messages = 0;
    loop {
        messages += 1;
        let happened = looking_on.next_of("activity").await;
        if happened["modules"].as_array().expect("modules").contains(&json!(other.id)) {
            break;
        }
    }
    assert!(messages < 50, "{messages} messages");

    let call = tab.next().await["call"]["id"].as_str().expect("a call").to_owned();
    operator.patch(&format!("/api/v1/calls/{call}"), json!({ "comment": "x" })).await.is(200);
    while looking_on.next_of("activity").await["calls"] == false {}
    // Operators are not told.
    for _ in 0..51 {
        assert_ne!(tab.next().await["type"], "activity");
    }
});

both!(whoever_looks_on_learns_when_a_delivery_is_kept_and_a_line_is_logged, |server| {
    let admin = server.admin().await;
    let script = PASS_ON.replace("return typeof", "console.info('heard'); return typeof");
    let module = Module::with_script(server, &admin, &script).await;
    let (mut looking_on, _) = Tab::open(server, &admin).await;
    module.post(&json!({})).await.is(200);
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    // Reloading on every message is enough to end up with everything.
    loop {
        assert_eq!(looking_on.next_of("activity").await["modules"], json!([module.id]));
        let request = admin.get(&module.path(&format!("/requests/{id}"))).await.json(200);
        let log = admin.get(&module.path("/log")).await.json(200);
        if !request["outcome"].is_null() && log["items"][0]["message"] == "heard" {
            break;
        }
    }
});
