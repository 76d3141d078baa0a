//! Scripts from the documentation of the API that the contract comes from run here unchanged.

use serde_json::json;

use crate::support::{Module, both, only_call, provider, server_log};

const CLIENT: &str = "+442079460000";

/// The combined examples of the type pages: plain top-level functions, `JSON.parse(request.body)`, the enums.
const DOCUMENTED: &str = include_str!("support/documented.ts");

both!(documented_examples_run_unchanged, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let members = json!([{ "id": "101", "name": "One", "email": "one@example.org" }]);
    let answers = vec![
        ("GET".to_owned(), "/ping".to_owned(), json!({})),
        ("GET".to_owned(), "/users".to_owned(), members.clone()),
        ("POST".to_owned(), "/calls".to_owned(), json!({})),
        ("POST".to_owned(), "/hangup".to_owned(), json!({})),
    ];
    let (api, asked) = provider::api(answers).await;
    let body =
        json!({ "name": "Documented", "script": DOCUMENTED, "settings": { "apiUrl": api, "apiKey": "k" } });
    let module = Module::of(server, &admin, body).await;

    assert_eq!(admin.post(&module.path("/test-connection"), json!({})).await.json(200)["success"], true);
    assert_eq!(admin.get(&module.path("/members")).await.json(200)["items"], members);
    module.bind(&[("101", one)]).await;

    let said = |kind: &str| json!({ "type": kind, "srcPhone": CLIENT, "dstPhone": "101", "duration": 7, "callLink": "https://files.example.org/1.mp3" });
    module.post(&said("start")).await.is(200);
    assert_eq!(only_call(&operator).await["state"], "ringing");
    module.post(&said("answer")).await.is(200);
    module.post(&said("hold")).await.is(200);
    assert_eq!(only_call(&operator).await["state"], "held");
    module.post(&said("unhold")).await.is(200);
    let id = only_call(&operator).await["id"].as_str().expect("an id").to_owned();
    operator.post(&format!("/api/v1/calls/{id}/hangup"), json!({})).await.is(200);
    module.post(&said("end")).await.is(200);
    module.post(&said("record")).await.is(200);
    let call = only_call(&operator).await;
    assert_eq!(
        (&call["state"], &call["disposition"], &call["talkSeconds"]),
        (&json!("ended"), &json!("answered"), &json!(7))
    );
    let recording = operator.get(&format!("/api/v1/calls/{id}/recording")).await;
    assert_eq!(recording.is(302).header("location"), "https://files.example.org/1.mp3");
    operator.post("/api/v1/calls", json!({ "phone": CLIENT })).await.is(202);
    let odd = server
        .anonymous()
        .send(server.anonymous().request(reqwest::Method::POST, &module.webhook).body("Hello"))
        .await;
    assert_eq!(odd.is(400).text, "Hello, world!");

    let rotated = admin.post(&module.path("/webhook-token"), json!({})).await.json(200);
    assert_eq!(rotated["notified"], true);
    let log = server_log(server, &admin, &module).await;
    assert_eq!(log[0]["message"], rotated["webhookUrl"]);
    let asked = asked.lock().expect("asked").clone();
    let posts: Vec<_> = asked
        .iter()
        .filter(|(method, ..)| method == "POST")
        .map(|(_, path, body)| (path.as_str(), body.as_str()))
        .collect();
    let expected = [
        ("/hangup", json!({ "srcPhone": CLIENT, "dstPhone": "101" })),
        ("/calls", json!({ "srcPhone": "101", "dstPhone": CLIENT })),
    ];
    assert_eq!(posts.len(), expected.len());
    for ((path, body), (expected_path, expected_body)) in posts.iter().zip(expected) {
        assert_eq!(*path, expected_path);
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).expect("JSON"), expected_body);
    }
});
