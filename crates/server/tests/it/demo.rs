//! "Try it": the simulated PBX behind the API, in a server that runs with `--demo`.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::process::{hookswitch, ready};
use crate::support::{Client, Database, both};

/// Signs in with the password that the server printed.
async fn sign_in(address: &str, printed: &[String], login: &str) -> Client {
    let words = printed.iter().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let password =
        words.filter(|words| words.first() == Some(&login)).find_map(|words| words.get(1).copied());
    let client = Client::new(address.to_owned(), std::sync::Arc::default());
    let body = json!({ "login": login, "password": password.expect("a password") });
    let answer = client.post("/api/v1/session", body).await;
    let (cookie, _) = answer.is(200).header("set-cookie").split_once(';').expect("attributes");
    client.header("cookie", cookie).header("origin", address)
}

/// Waits until the operator sees one call that is in this state.
async fn sees(operator: &Client, state: &str) -> Value {
    let seen = async {
        loop {
            let calls = operator.get(&format!("/api/v1/calls?state={state}")).await.json(200);
            match calls["items"].as_array().expect("a list").as_slice() {
                [call] => return call.clone(),
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), seen).await.expect("the call is seen")
}

async fn scenes_are_played_at_my_phone(database: Database) {
    let mut child = hookswitch(&database, "serve --demo").spawn().unwrap();
    let (address, printed, _lines) = ready(&mut child).await;
    let reception = sign_in(&address, &printed, "reception").await;
    let play = async |scene: &str| reception.post(&format!("/api/v1/demo/scenes/{scene}"), json!({})).await;

    let demo = reception.get("/api/v1/demo").await.json(200);
    assert_eq!((&demo["extension"], &demo["calls"]), (&json!("101"), &json!([])));
    let begin = ["ringMe", "ringBoth", "busy", "missed", "internal", "colleagueTransfersToMe"];
    assert_eq!(demo["scenes"], json!(begin));

    let named = json!({ "from": "+442079460321", "name": "Harbour Books" });
    let demo = reception.post("/api/v1/demo/scenes/ringBoth", named).await.json(200);
    let rung = &demo["calls"][0];
    assert_eq!((&rung["from"], &rung["state"]), (&json!("+44 20 7946 0321"), &json!("ringing")));
    let phones = json!([
        { "number": "101", "name": "Reception", "state": "ringing" },
        { "number": "102", "name": "Sales", "state": "ringing" },
    ]);
    assert_eq!(rung["extensions"], phones);
    let call = sees(&reception, "ringing").await;
    assert_eq!((&call["callId"], &call["callerName"]), (&rung["callId"], &json!("Harbour Books")));

    play("holdOnPhone").await.problem(409, "notNow");
    let demo = play("answerOnPhone").await.json(200);
    assert!(demo["scenes"].as_array().unwrap().contains(&json!("holdOnPhone")), "{demo}");
    sees(&reception, "talking").await;
    play("clientHangsUp").await.is(200);
    sees(&reception, "ended").await;

    play("dance").await.problem(422, "invalid");
    reception.post("/api/v1/demo/scenes/ringMe", json!({ "from": "" })).await.problem(422, "invalid");
    reception.post("/api/v1/demo/scenes/ringMe", json!({ "name": "Nobody" })).await.problem(422, "invalid");
    let without_body = reception.request(reqwest::Method::POST, "/api/v1/demo/scenes/ringMe");
    reception.send(without_body).await.is(200);
    reception.post("/api/v1/demo/scenes/ringMe", Value::Null).await.is(200);
    // Whoever is bound to no number plays at the first extension.
    let admin = sign_in(&address, &printed, "admin").await;
    assert_eq!(admin.get("/api/v1/demo").await.json(200)["extension"], "101");
    let sales = sign_in(&address, &printed, "sales").await;
    assert_eq!(sales.get("/api/v1/demo").await.json(200)["extension"], "102");
}

mod scenes_are_played_at_my_phone {
    use crate::support::Database;

    #[tokio::test]
    async fn on_sqlite() {
        super::scenes_are_played_at_my_phone(Database::sqlite()).await;
    }

    #[tokio::test]
    async fn on_postgres() {
        super::scenes_are_played_at_my_phone(Database::postgres().await).await;
    }
}

both!(without_the_demo_there_is_nothing_to_try, |server| {
    let (_, operator) = server.operator("ann").await;
    operator.get("/api/v1/demo").await.problem(404, "notFound");
    operator.post("/api/v1/demo/scenes/ringMe", json!({})).await.problem(404, "notFound");
    server.anonymous().get("/api/v1/demo").await.problem(401, "notSignedIn");
    server.anonymous().post("/api/v1/demo/scenes/ringMe", json!({})).await.problem(401, "notSignedIn");
});
