//! Calls: lists, comments, missed calls, recordings, time-outs.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{Module, PASS_ON, Tab, both, only_call, provider};

const CLIENT: &str = "+442079460000";

both!(calls_are_listed_and_found, |server| {
    let admin = server.admin().await;
    let (one, one_client) = server.operator("one").await;
    let (two, two_client) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one), ("102", two)]).await;
    for (id, client, extension) in [("a", CLIENT, "101"), ("b", "+4930901820", "102"), ("c", CLIENT, "102")] {
        module.event("notifyStart", id, client, extension).await;
        server.advance(TimeDelta::seconds(10));
    }
    module.event("notifyAnswer", "b", "+4930901820", "102").await;
    let ids = async |person: &crate::support::Client, query: &str| {
        let page = person.get(&format!("/api/v1/calls?{query}")).await.json(200);
        let items = page["items"].as_array().expect("items").clone();
        items.iter().map(|call| call["callId"].as_str().expect("an id").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&admin, "").await, ["c", "b", "a"], "latest first");
    assert_eq!(ids(&one_client, "").await, ["a"], "operators see their own");
    assert_eq!(ids(&two_client, &format!("operatorId={one}")).await, Vec::<String>::new());
    assert_eq!(ids(&admin, &format!("operatorId={two}&state=talking")).await, ["b"]);
    assert_eq!(ids(&admin, "phone=%2B442079460000").await, ["c", "a"]);
    for spelling in
        ["020 7946 0000", "(020) 7946-0000", "442079460000", "0044 20 7946 0000", "%2B44 20 7946 0000"]
    {
        assert_eq!(ids(&admin, &format!("phone={spelling}")).await, ["c", "a"], "{spelling}");
    }
    // As dialled in another module's country.
    Module::of(server, &admin, json!({ "name": "Berlin", "script": PASS_ON, "defaultCountry": "DE" })).await;
    assert_eq!(ids(&admin, "phone=030/901820").await, ["b"]);
    assert_eq!(ids(&admin, "phone=030/901821").await, Vec::<String>::new());
    assert_eq!(ids(&admin, "direction=out").await, Vec::<String>::new());
    admin.get("/api/v1/calls?state=sleeping").await.problem(422, "invalid");
    let first = admin.get("/api/v1/calls?limit=2").await.json(200);
    let cursor = first["nextCursor"].as_str().expect("more");
    assert_eq!(ids(&admin, &format!("limit=2&cursor={cursor}")).await, ["a"]);
});

both!(an_operator_notes_something_about_their_call, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, stranger) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    let path = format!("/api/v1/calls/{}", only_call(&operator).await["id"].as_str().expect("an id"));
    assert_eq!(
        operator.patch(&path, json!({ "comment": " Wants an offer. " })).await.json(200)["comment"],
        "Wants an offer."
    );
    // The call has no client yet.
    stranger.patch(&path, json!({ "comment": "x" })).await.problem(404, "notFound");
    module.event("notifyEnd", "a", CLIENT, "101").await;
    assert_eq!(operator.get(&path).await.json(200)["comment"], "Wants an offer.", "an event leaves it alone");
    assert_eq!(operator.patch(&path, json!({ "comment": "" })).await.json(200)["comment"], Value::Null);
    operator.patch(&path, json!({ "comment": "x".repeat(10_001) })).await.problem(422, "invalid");
    operator.patch(&path, json!({ "note": "x" })).await.problem(422, "invalid");
});

both!(a_missed_call_stays_open_until_somebody_deals_with_it, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, other) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    // The call is missed even though nobody is signed in.
    module.event("notifyStart", "a", CLIENT, "101").await;
    module.event_with("notifyEnd", "a", CLIENT, "101", &json!({ "disposition": "noAnswer" })).await;
    let open = operator.get("/api/v1/missed-calls").await.json(200);
    assert_eq!(
        (&open["items"][0]["call"]["missed"], &open["items"][0]["call"]["disposition"]),
        (&json!(true), &json!("noAnswer"))
    );
    assert_eq!(other.get("/api/v1/missed-calls").await.json(200)["items"], json!([]));
    let (mut tab, snapshot) = Tab::open(server, &operator).await;
    assert_eq!(snapshot["missedCount"], 1);
    let id = open["items"][0]["id"].as_str().expect("an id");
    other.post(&format!("/api/v1/missed-calls/{id}/resolve"), json!({})).await.problem(404, "notFound");
    operator.post(&format!("/api/v1/missed-calls/{id}/resolve"), json!({})).await.is(204);
    assert_eq!(tab.next_of("missed").await["count"], 0);
    operator
        .post(&format!("/api/v1/missed-calls/{id}/resolve"), json!({}))
        .await
        .problem(409, "alreadyResolved");
    operator.post(&format!("/api/v1/missed-calls/{id}/reopen"), json!({})).await.is(204);
    assert_eq!(tab.next_of("missed").await["count"], 1);
    // A call that rang nobody is everyone's to call back.
    module.event("notifyStart", "b", "+4930901820", "109").await;
    module.event("notifyEnd", "b", "+4930901820", "109").await;
    assert_eq!(other.get("/api/v1/missed-calls").await.json(200)["items"][0]["call"]["callId"], "b");
});

both!(a_call_that_hears_nothing_is_closed_as_unknown, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CLIENT, "101").await;
    let (mut tab, _) = Tab::open(server, &operator).await;
    server.advance(TimeDelta::minutes(4));
    assert_eq!(hookswitch_core::calls::silent::close_silent(&server.app.calls).await.expect("an answer"), 0);
    server.advance(TimeDelta::minutes(2));
    assert_eq!(hookswitch_core::calls::silent::close_silent(&server.app.calls).await.expect("an answer"), 1);
    let ended = tab.next_of("call").await;
    assert_eq!(
        (&ended["call"]["state"], &ended["call"]["disposition"]),
        (&json!("ended"), &json!("unknown"))
    );
    assert_eq!(tab.next_of("callGone").await["reason"], "missed");
});

both!(a_time_out_is_taken_back_when_the_provider_is_heard_again, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    module.event("notifyStart", "a", CLIENT, "+4930901820").await;
    server.advance(TimeDelta::minutes(6));
    assert_eq!(hookswitch_core::calls::silent::close_silent(&server.app.calls).await.expect("an answer"), 1);
    assert_eq!(admin.get("/api/v1/clients").await.json(200)["items"].as_array().map(Vec::len), Some(1));
    let (mut tab, snapshot) = Tab::open(server, &operator).await;
    assert_eq!(snapshot["missedCount"], 1);
    server.advance(TimeDelta::minutes(1));
    module.event("notifyStart", "a", CLIENT, "101").await;
    assert_eq!(tab.next_of("call").await["call"]["state"], "ringing");
    assert_eq!(tab.next_of("missed").await["count"], 0);
    // An extension alone is enough to say who answers.
    let answer = json!({ "event": { "event": "notifyAnswer", "callId": "a", "srcPhoneExt": "101" } });
    module.post(&answer).await.is(200);
    assert_eq!(tab.next_of("call").await["call"]["state"], "talking");
    assert_eq!(admin.get("/api/v1/clients").await.json(200)["items"], json!([]));
    // Its record says that it has ended.
    let record = json!({ "callRecord": { "callId": "a", "duration": 30, "disposition": "answered" } });
    module.post(&record).await.is(200);
    server.advance(TimeDelta::seconds(70));
    assert_eq!(hookswitch_core::calls::silent::close_silent(&server.app.calls).await.expect("an answer"), 1);
    let ended = tab.next_of("callGone").await;
    assert_eq!(ended["reason"], "ended");
    let call = only_call(&operator).await;
    assert_eq!((&call["disposition"], &call["talkSeconds"]), (&json!("answered"), &json!(30)));
});

const SLOW_ENDS: &str =
    "if (JSON.parse(request.body).wait) await new Promise((done) => setTimeout(done, 300));";

both!(events_without_ids_meet_their_calls_in_the_order_of_their_arrival, |server| {
    let admin = server.admin().await;
    let body = "): Promise<VoipWebhookParseResult> {";
    let module =
        Module::with_script(server, &admin, &PASS_ON.replace(body, &format!("{body} {SLOW_ENDS}"))).await;
    let reported = |event: &str, wait: bool| {
        json!({ "wait": wait, "event": {
        "event": event, "direction": "in", "srcPhone": CLIENT, "dstPhone": "101",
    } })
    };
    module.post(&reported("notifyStart", false)).await.is(200);
    let (end, next) = tokio::join!(async { module.post(&reported("notifyEnd", true)).await }, async {
        while module.requests().await.len() < 2 {
            tokio::task::yield_now().await;
        }
        module.post(&reported("notifyStart", false)).await
    });
    end.is(200);
    next.is(200);
    let calls = admin.get("/api/v1/calls").await.json(200);
    let states: Vec<_> =
        calls["items"].as_array().expect("calls").iter().map(|call| &call["state"]).collect();
    assert_eq!(states, ["ringing", "ended"]);
});

both!(a_recording_is_linked_and_played_through, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, stranger) = server.operator("two").await;
    let files = provider::files(b"RIFF a short tone").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let record = json!({ "callRecord": { "callId": "a", "duration": 12, "call": { "link": format!("{files}/tone.wav") } } });
    // The record comes first and waits for its call.
    module.post(&record).await.is(200);
    assert_eq!(admin.get("/api/v1/calls").await.json(200)["items"], json!([]));
    for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
        module.event(event, "a", CLIENT, "101").await;
    }
    let call = only_call(&operator).await;
    assert_eq!((&call["recording"]["available"], &call["talkSeconds"]), (&json!(true), &json!(12)));
    let path = format!("/api/v1/calls/{}/recording", call["id"].as_str().expect("an id"));
    let link = operator.get(&path).await;
    assert_eq!(link.is(302).header("location"), format!("{files}/tone.wav"));
    let played = operator.get(&format!("{path}?proxy=1")).await;
    assert_eq!(played.is(200).text, "RIFF a short tone");
    let part = operator
        .send(operator.request(reqwest::Method::GET, &format!("{path}?proxy=1")).header("range", "bytes=5-"))
        .await;
    assert_eq!((part.is(206).text.as_str(), part.header("content-range")), ("a short tone", "bytes 5-16/17"));
    let trail = admin.get("/api/v1/audit?action=recordingPlayed").await.json(200);
    let played: Vec<_> = trail["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (&entry["user"]["id"], &entry["callId"]))
        .collect();
    assert_eq!(played, [(&json!(one), &call["id"])], "however many ranges a player requests");
    stranger.get(&path).await.problem(404, "notFound");
});

both!(a_recording_at_a_private_address_is_not_played_through, |server| {
    let admin = server.admin().await;
    let files = provider::files(b"secret").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
        module.event(event, "a", CLIENT, "101").await;
    }
    module
        .post(&json!({ "callRecord": { "callId": "a", "call": { "link": format!("{files}/x") } } }))
        .await
        .is(200);
    let path =
        format!("/api/v1/calls/{}/recording?proxy=1", only_call(&admin).await["id"].as_str().expect("an id"));
    admin.get(&path).await.problem(502, "recordingUnavailable");
    module.post(&json!({ "callRecord": { "callId": "a", "duration": 1, "call": { "link": "file:///etc/passwd" } } })).await.is(200);
    admin.get(&path).await.problem(502, "moduleFailed");
});
