//! Call controls, outgoing calls, and what the module's functions receive.

use serde_json::{Value, json};

use crate::support::{Client, Module, PASS_ON, both, only_call, server_log};

const CLIENT: &str = "+442079460000";

async fn press(person: &Client, button: &str, body: Value) -> crate::support::Answer {
    let call = only_call(person).await;
    let id = call["id"].as_str().expect("an id");
    person.post(&format!("/api/v1/calls/{id}/{button}"), body).await
}

both!(a_button_runs_the_modules_function_with_the_call, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (two, _) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two)]).await;
    module.event_with("notifyStart", "a", CLIENT, "101", &json!({ "legId": "leg-1" })).await;
    press(&operator, "accept", json!({})).await.is(200);
    module.event_with("notifyAnswer", "a", CLIENT, "101", &json!({ "legId": "leg-1" })).await;
    press(&operator, "hold", json!({})).await.is(200);
    press(&operator, "redirect", json!({ "userId": two })).await.is(200);
    press(&operator, "redirect", json!({ "redirectTo": "102" })).await.is(200);
    press(&operator, "hangup", json!({})).await.is(200);

    let id = only_call(&operator).await["id"].clone();
    let call = json!({
        "id": id, "callId": "a", "legId": "leg-1", "direction": "in",
        "operator": { "id": one, "name": "one", "extension": "101" },
    });
    let expected = [
        format!("VoipAcceptCall {}", json!([CLIENT, "101", call])),
        format!("VoipHoldCall {}", json!([CLIENT, "101", true, call])),
        format!("VoipRedirectCall {}", json!([CLIENT, "101", "102", call])),
        format!("VoipRedirectCall {}", json!([CLIENT, "101", "102", call])),
        format!("VoipHangupCall {}", json!([CLIENT, "101", call])),
    ];
    let lines = server_log(server, &admin, &module).await;
    for (line, expected) in lines.iter().rev().zip(&expected) {
        let (name, arguments) = line["message"].as_str().expect("a text").split_once(' ').expect("arguments");
        let (expected_name, expected_arguments) = expected.split_once(' ').expect("arguments");
        assert_eq!(name, expected_name);
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(parse(arguments), parse(expected_arguments));
    }
    assert_eq!(only_call(&operator).await["state"], "talking", "only the provider changes a call's state");
});

both!(a_button_that_is_not_there_says_why, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, stranger) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    let missing = press(&operator, "mute", json!({})).await.problem(409, "notImplemented");
    assert!(missing["detail"].as_str().expect("a sentence").contains("VoipMuteCall"));
    press(&operator, "hold", json!({})).await.problem(409, "wrongState");
    press(&operator, "redirect", json!({})).await.problem(422, "invalid");
    press(&operator, "redirect", json!({ "redirectTo": "1 2" })).await.problem(422, "invalid");
    let id = only_call(&operator).await["id"].as_str().expect("an id").to_owned();
    stranger.post(&format!("/api/v1/calls/{id}/hangup"), json!({})).await.problem(404, "notFound");
    // An administrator may end a call that is not theirs.
    admin.post(&format!("/api/v1/calls/{id}/hangup"), json!({})).await.is(200);
    admin.patch(&module.path(""), json!({ "enabled": false })).await.is(200);
    assert_eq!(only_call(&operator).await["actions"], json!([]));
    press(&operator, "hangup", json!({})).await.problem(409, "notImplemented");
});

both!(a_failing_function_is_told_in_plain_words_and_logged_with_its_line, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let script = PASS_ON.replace(
        "console.info('VoipHangupCall', JSON.stringify(args));",
        "throw new Error('The provider is closed on Sundays.');",
    );
    let module = Module::with_script(server, &admin, &script).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    let failed = press(&operator, "hangup", json!({})).await.problem(502, "moduleFailed");
    assert_eq!(failed["detail"], "The provider is closed on Sundays.");
    let line = server_log(server, &admin, &module).await[0].clone();
    assert_eq!(
        (&line["level"], &line["function"], &line["line"]),
        (&json!("error"), &json!("VoipHangupCall"), &json!(9))
    );
    assert_eq!(only_call(&operator).await["state"], "ringing");
});

both!(an_operator_calls_out_from_their_own_number, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    let call = json!({ "phone": "020 7946 0000" });
    operator.post("/api/v1/calls", call.clone()).await.problem(409, "noRoute");
    module.bind(&[("101", one)]).await;
    let making = operator.post("/api/v1/calls", call).await.json(202);
    let formatted = "+44 20 7946 0000";
    let expected = json!({
        "dialId": making["dialId"], "moduleId": module.id, "extension": "101", "phone": CLIENT,
        "phoneFormatted": formatted, "extensionNotDialled": null, "expiresInSeconds": 60,
    });
    assert_eq!(making, expected);
    operator.post("/api/v1/calls", json!({ "phone": "+44 (0)oops" })).await.problem(422, "invalid");
    operator.post("/api/v1/calls", json!({ "phone": "102", "moduleId": module.id })).await.is(202);
    let lines = server_log(server, &admin, &module).await;
    assert!(lines[1]["message"].as_str().expect("a text").contains(r#"["101","+442079460000",{"#));
    assert!(
        lines[0]["message"].as_str().expect("a text").contains(r#"["101","102",{"#),
        "internal numbers are left alone"
    );
});
