//! `serve --demo`: the simulated PBX beside the server, and "Try it" that drives it.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Child;

use crate::support::process::{hookswitch, ready, run, terminate};
use crate::support::{Client, Database, both};

/// A demo that runs: its process, its address, what it printed before it was ready, and its `demo.json`.
struct Demo {
    child: Child,
    address: String,
    printed: String,
    kept: Value,
}

impl Demo {
    async fn start(database: &Database) -> Self {
        let mut child = hookswitch(database, "serve --demo").spawn().unwrap();
        let (address, printed, _lines) = ready(&mut child).await;
        let kept = std::fs::read(database.folder.path().join("demo.json")).unwrap();
        let kept = serde_json::from_slice(&kept).unwrap();
        Self { child, address, printed: printed.join("\n"), kept }
    }

    /// Somebody who is not signed in.
    fn anonymous(&self) -> Client {
        Client::new(self.address.clone(), Arc::default())
    }

    /// With the password that was kept.
    async fn sign_in(&self, login: &str) -> Client {
        let body = json!({ "login": login, "password": self.kept["passwords"][login] });
        let answer = self.anonymous().post("/api/v1/session", body).await;
        let (cookie, _) = answer.is(200).header("set-cookie").split_once(';').expect("attributes");
        self.anonymous().header("cookie", cookie).header("origin", &self.address)
    }

    /// By the token that was kept.
    fn admin(&self) -> Client {
        let token = self.kept["token"].as_str().expect("a token");
        self.anonymous().header("authorization", &format!("Bearer {token}"))
    }

    async fn stop(mut self) {
        terminate(&self.child).await;
        assert!(self.child.wait().await.unwrap().success());
    }
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
    let running = Demo::start(&database).await;
    let reception = running.sign_in("reception").await;
    let play = async |scene: &str| reception.post(&format!("/demo/scenes/{scene}"), json!({})).await;

    let demo = reception.get("/demo/state").await.json(200);
    assert_eq!((&demo["extension"], &demo["calls"]), (&json!("101"), &json!([])));
    let begin = ["ringMe", "ringBoth", "busy", "missed", "internal", "colleagueTransfersToMe"];
    assert_eq!(demo["scenes"], json!(begin));

    let named = json!({ "from": "+442079460321", "name": "Harbour Books" });
    let demo = reception.post("/demo/scenes/ringBoth", named).await.json(200);
    let rung = &demo["calls"][0];
    assert_eq!(rung["from"], "+44 20 7946 0321");
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
    reception.post("/demo/scenes/ringMe", json!({ "from": "" })).await.problem(422, "invalid");
    reception.post("/demo/scenes/ringMe", json!({ "name": "Nobody" })).await.problem(422, "invalid");
    let without_body = reception.request(reqwest::Method::POST, "/demo/scenes/ringMe");
    reception.send(without_body).await.is(200);
    reception.post("/demo/scenes/ringMe", Value::Null).await.is(200);
    // Whoever is bound to no number plays at the first extension.
    let admin = running.sign_in("admin").await;
    assert_eq!(admin.get("/demo/state").await.json(200)["extension"], "101");
    let sales = running.sign_in("sales").await;
    assert_eq!(sales.get("/demo/state").await.json(200)["extension"], "102");

    running.anonymous().get("/demo/state").await.problem(401, "notSignedIn");
    let elsewhere = sales.clone().header("origin", "https://elsewhere.example");
    elsewhere.post("/demo/scenes/ringMe", json!({})).await.problem(403, "notAllowed");
    sales.get("/demo/nothing").await.problem(404, "notFound");

    admin.patch("/api/v1/settings", json!({ "maskNumbers": true })).await.is(200);
    let from = json!({ "from": "+442079460321" });
    let hidden = sales.post("/demo/scenes/ringMe", from).await;
    assert!(!hidden.is(200).text.contains("0321"), "{}", hidden.text);
    assert!(admin.get("/demo/state").await.is(200).text.contains("0321"));
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

#[tokio::test]
async fn the_first_start_makes_everything_and_the_next_finds_it() {
    let database = Database::sqlite();
    let first = Demo::start(&database).await;
    for (login, password) in first.kept["passwords"].as_object().expect("passwords") {
        let password = password.as_str().expect("a text");
        assert!(first.printed.contains(login) && first.printed.contains(password), "{}", first.printed);
    }
    let ring = format!("{}/ring", first.kept["pbx_url"].as_str().expect("an address"));
    assert!(first.printed.contains(&format!("curl --json '{{\"to\":\"101\"}}' {ring}")), "{}", first.printed);
    let mode = std::fs::metadata(database.folder.path().join("demo.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bindings = format!("/api/v1/modules/{}/bindings", first.kept["module"].as_str().expect("an id"));
    let bound = first.admin().get(&bindings).await.json(200);
    let numbers = bound.as_array().expect("a list").iter().map(|binding| &binding["memberId"]);
    assert_eq!(numbers.collect::<Vec<_>>(), ["101", "102"]);
    let before = first.kept.clone();
    first.stop().await;

    let again = Demo::start(&database).await;
    for kept in ["passwords", "token", "api_key", "webhook_secret", "module"] {
        assert_eq!(again.kept[kept], before[kept], "{kept}");
    }
    assert_eq!(again.admin().get("/api/v1/users").await.json(200)["items"].as_array().unwrap().len(), 3);
    assert_eq!(again.admin().get("/api/v1/modules").await.json(200)["items"].as_array().unwrap().len(), 1);
    // The PBX of this start knows where its webhooks go, and the module knows the PBX.
    let reception = again.sign_in("reception").await;
    reception.post("/demo/scenes/ringMe", json!({})).await.is(200);
    let call = sees(&reception, "ringing").await;
    let accept = format!("/api/v1/calls/{}/accept", call["id"].as_str().expect("an id"));
    reception.post(&accept, json!({})).await.is(200);
    sees(&reception, "talking").await;
}

#[tokio::test]
async fn a_token_that_was_deleted_is_made_anew() {
    let database = Database::sqlite();
    let first = Demo::start(&database).await;
    let tokens = first.admin().get("/api/v1/tokens").await.json(200);
    let token = format!("/api/v1/tokens/{}", tokens["items"][0]["id"].as_str().expect("an id"));
    first.admin().delete(&token).await.is(204);
    first.stop().await;

    let again = Demo::start(&database).await;
    again.admin().get("/api/v1/users").await.is(200);
}

#[tokio::test]
async fn a_folder_with_users_of_its_own_is_left_alone() {
    let database = Database::sqlite();
    assert_eq!(run(&database, "user create --admin --login Root").await.0, 0);
    let (code, _, said) = run(&database, "serve --demo").await;
    assert_eq!(code, 1);
    assert!(said.contains("there is an administrator that the demo did not make"), "{said}");
    assert!(!database.folder.path().join("demo.json").exists());

    let database = Database::sqlite();
    assert_eq!(run(&database, "user create --login Sales").await.0, 0);
    for _ in 0..2 {
        let (code, _, said) = run(&database, "serve --demo").await;
        assert_eq!(code, 1);
        assert!(said.contains("there is a user `sales` that the demo did not make"), "{said}");
    }
}

both!(without_the_demo_there_is_nothing_to_try, |server| {
    let (_, operator) = server.operator("ann").await;
    operator.get("/demo/state").await.problem(404, "notFound");
    operator.post("/demo/scenes/ringMe", json!({})).await.problem(404, "notFound");
    server.anonymous().get("/demo/state").await.problem(404, "notFound");
});
