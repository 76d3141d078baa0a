//! The request log: failed requests are previewed and replayed after the script is fixed.

use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, both, only_call};

fn start(id: &str) -> Value {
    let event = json!({ "event": "notifyStart", "direction": "in", "callId": id, "srcPhone": "+442079460000", "dstPhone": "101" });
    json!({ "event": event })
}

fn broken() -> String {
    PASS_ON.replace("JSON.parse(request.body)", "JSON.parse(request.body).oops.event")
}

both!(a_mended_script_replays_what_failed, |server| {
    let admin = server.admin().await;
    let (user, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, &broken()).await;
    module.bind(&[("101", user)]).await;
    module.post(&start("a")).await.is(500);
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    let replay = module.path(&format!("/requests/{id}/replay"));

    let still = admin.post(&replay, json!({ "dryRun": true })).await.json(200);
    assert_eq!((&still["success"], &still["error"]["line"]), (&json!(false), &json!(3)), "{still}");
    module.save(PASS_ON).await.is(200);

    let would = admin.post(&replay, json!({ "dryRun": true })).await.json(200);
    assert_eq!((&would["dryRun"], &would["success"]), (&json!(true), &json!(true)));
    assert_eq!(would["changes"][0]["before"], json!(null));
    assert_eq!(would["changes"][0]["after"]["state"], "ringing");
    assert_eq!(admin.get("/api/v1/calls").await.json(200)["items"], json!([]), "a dry run changes nothing");

    admin.post(&replay, json!({})).await.is(200);
    let call = only_call(&operator).await;
    let request = &module.requests().await[0];
    assert_eq!(request["status"], "processed");
    assert_eq!(request["calls"], json!([call["id"]]));
    assert_eq!(call["startedAt"], request["receivedAt"], "it keeps its original start");

    let again = admin.post(&replay, json!({ "dryRun": true })).await.json(200);
    assert_eq!(again["changes"], json!([]), "nothing is left to change");
});

both!(a_replay_replaces_what_the_request_had_said, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(
        server,
        &admin,
        &PASS_ON.replace("JSON.parse(request.body)", "JSON.parse(request.body.replace('101', '109'))"),
    )
    .await;
    module.post(&start("a")).await.is(200);
    assert_eq!(only_call(&admin).await["operators"][0]["extension"], "109");
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    module.save(PASS_ON).await.is(200);
    let replay = module.path(&format!("/requests/{id}/replay"));
    let would = admin.post(&replay, json!({ "dryRun": true })).await.json(200);
    assert_eq!(would["changes"][0]["before"]["operators"][0]["extension"], "109");
    assert_eq!(would["changes"][0]["after"]["operators"][0]["extension"], "101");
    admin.post(&replay, json!({ "dryRun": false })).await.is(200);
    let call = only_call(&admin).await;
    assert_eq!(call["operators"].as_array().map(Vec::len), Some(1));
    assert_eq!(call["operators"][0]["extension"], "101");
});

both!(failed_requests_are_found_and_pages_go_on, |server| {
    let admin = server.admin().await;
    let (_, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for body in [json!({}), json!(1), json!({}), json!("two")] {
        module.post(&body).await;
    }
    let failed = admin.get(&module.path("/requests?status=failed")).await.json(200);
    assert_eq!(failed["items"].as_array().map(Vec::len), Some(2));
    let first = admin.get(&module.path("/requests?limit=3")).await.json(200);
    let cursor = first["nextCursor"].as_str().expect("more");
    let second = admin.get(&module.path(&format!("/requests?limit=3&cursor={cursor}"))).await.json(200);
    assert_eq!(
        (first["items"].as_array().map(Vec::len), second["items"].as_array().map(Vec::len)),
        (Some(3), Some(1))
    );
    assert_eq!(second["nextCursor"], json!(null));
    operator.get(&module.path("/requests")).await.is(403);
    admin.get(&module.path("/requests?stauts=failed")).await.is(422);
});

both!(the_biggest_page_goes_on_too, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for _ in 0..201 {
        module.post(&json!({})).await;
    }
    let page = admin.get(&module.path("/requests?limit=200")).await.json(200);
    assert_eq!(page["items"].as_array().map(Vec::len), Some(200));
    assert!(page["nextCursor"].is_string(), "one is left");
});

both!(a_replays_difference_shows_whom_the_call_was_with_and_is_with, |server| {
    let admin = server.admin().await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.post(&start("a")).await.is(200);
    let anna = json!({ "kind": "contact", "name": "Anna", "phones": [{ "number": "+442079460001" }] });
    admin.post("/api/v1/clients", anna).await.is(201);
    module
        .save(
            &PASS_ON
                .replace("JSON.parse(request.body)", "JSON.parse(request.body.replace('60000', '60001'))"),
        )
        .await
        .is(200);
    let id = module.requests().await[0]["id"].as_str().expect("an id").to_owned();
    for dry_run in [true, false] {
        let body = json!({ "dryRun": dry_run });
        let replayed = admin.post(&module.path(&format!("/requests/{id}/replay")), body).await.json(200);
        let change = &replayed["changes"][0];
        assert_eq!(change["before"]["client"], json!(null), "{change}");
        assert_eq!(change["after"]["client"]["name"], "Anna", "{change}");
    }
});
