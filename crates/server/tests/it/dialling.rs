//! Calls dialled here.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::clients::contact;
use crate::support::{Module, PASS_ON, Tab, both, only_call, server_log};

const CLIENT: &str = "+442079460000";

async fn appears(module: &Module, id: &str) {
    let more = json!({ "direction": "out", "srcPhone": "101", "dstPhone": CLIENT });
    module.event_with("notifyStart", id, CLIENT, "101", &more).await;
}

both!(the_client_who_was_to_be_called_has_the_call, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    contact(&admin, "Zoe", &["030 901820", CLIENT]).await;
    let adam = contact(&admin, "Adam", &["030 901820", CLIENT]).await;
    let made =
        operator.post("/api/v1/calls", json!({ "clientId": adam["id"], "position": 1 })).await.json(202);
    assert_eq!((&made["phone"], &made["expiresInSeconds"]), (&json!(CLIENT), &json!(60)));
    appears(&module, "a").await;
    assert_eq!(only_call(&operator).await["client"]["name"], "Adam");
    // The next call to that number is unaffected.
    appears(&module, "b").await;
    let page = operator.get("/api/v1/calls").await.json(200);
    assert_eq!((&page["items"][0]["callId"], &page["items"][0]["client"]), (&json!("b"), &Value::Null));
    let position = json!({ "clientId": adam["id"], "position": 7 });
    operator.post("/api/v1/calls", position).await.problem(422, "invalid");
    operator.post("/api/v1/calls", json!({})).await.problem(422, "invalid");
    let both = json!({ "phone": CLIENT, "callId": page["items"][0]["id"] });
    operator.post("/api/v1/calls", both).await.problem(422, "invalid");
});

both!(a_call_that_is_called_off_ends_as_soon_as_it_appears, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (_, stranger) = server.operator("two").await;
    let module = Module::with_script(server, &admin, PASS_ON).await;
    module.bind(&[("101", one)]).await;
    let (mut tab, _) = Tab::open(server, &operator).await;
    let dial = json!({ "phone": "020 7946 0000" });
    let made = operator.post("/api/v1/calls", dial.clone()).await.json(202);
    let cancel = format!("/api/v1/dials/{}/cancel", made["dialId"].as_str().expect("an id"));
    stranger.post(&cancel, json!({})).await.problem(404, "notFound");
    operator.post(&cancel, json!({})).await.is(204);
    appears(&module, "a").await;
    assert_eq!(tab.next_of("dialed").await["dialId"], made["dialId"]);
    let ended = async {
        loop {
            let log = server_log(server, &admin, &module).await;
            if log
                .iter()
                .any(|line| line["message"].as_str().is_some_and(|text| text.starts_with("VoipHangupCall")))
            {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), ended)
        .await
        .expect("the module is told to end it");
    operator.post(&cancel, json!({})).await.problem(404, "notFound");
    // Too late: cancelling has no effect.
    let made = operator.post("/api/v1/calls", dial).await.json(202);
    server.advance(TimeDelta::seconds(61));
    let cancel = format!("/api/v1/dials/{}/cancel", made["dialId"].as_str().expect("an id"));
    operator.post(&cancel, json!({})).await.problem(404, "notFound");
});

both!(the_ways_to_call_out_are_listed, |server| {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let first = Module::with_script(server, &admin, PASS_ON).await;
    first.bind(&[("101", one)]).await;
    let body = json!({ "name": "Berlin", "script": PASS_ON, "defaultCountry": "DE" });
    let second = Module::of(server, &admin, body).await;
    second.bind(&[("201", one)]).await;
    let routes = operator.get("/api/v1/call-routes").await.json(200)["items"].clone();
    assert_eq!(routes[0], json!({ "moduleId": first.id, "moduleName": "Test", "extension": "101" }));
    assert_eq!((&routes[1]["moduleName"], &routes[1]["extension"]), (&json!("Berlin"), &json!("201")));
    assert_eq!(admin.get("/api/v1/call-routes").await.json(200)["items"], json!([]));
});
