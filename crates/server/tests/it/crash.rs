//! A server killed in the middle of its work loses nothing that it acknowledged, and resumes what it had only stored.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::process::{run, run_with_input, serve};
use crate::support::{Client, Database, with_the_rest};

const CONNECTIONS: usize = 16;
/// Number of webhooks answered before the server is killed.
const ANSWERED: usize = 300;
const ROUNDS: usize = 3;

/// Passes events on, and takes its time over some of them: such a request is stored before it is processed.
const SLOW_AT_TIMES: &str = "
export async function VoipParseWebhookRequest(request: FetchRequest): Promise<VoipWebhookParseResult> {
  const result = JSON.parse(request.body as string)
  if (result.event.event === 'notifyAnswer') await new Promise((done) => setTimeout(done, 20))
  return result
}";

/// The state of each call after its last answered webhook.
type Expected = Arc<Mutex<HashMap<String, &'static str>>>;

const STORY: [(&str, &str); 3] =
    [("notifyStart", "ringing"), ("notifyAnswer", "talking"), ("notifyEnd", "ended")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_webhook_survives_kill_9_on_sqlite() {
    survives(&Database::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_webhook_survives_kill_9_on_postgres() {
    survives(&Database::postgres().await).await;
}

async fn survives(database: &Database) {
    run_with_input(database, "user create --login admin --admin --password-stdin", "seven purple herons\n")
        .await;
    let (_, token, _) = run(database, "token create --user admin").await;
    let mut module: Option<String> = None;
    let expected = Expected::default();
    for round in 0..ROUNDS {
        let (mut child, address, _, _lines) = serve(database).await;
        let admin = Client::new(address.clone(), Arc::default())
            .header("authorization", &format!("Bearer {}", token.trim()));
        let id = match &module {
            Some(id) => id.clone(),
            None => {
                let made = admin
                    .post(
                        "/api/v1/modules",
                        json!({ "name": "Test", "script": with_the_rest(SLOW_AT_TIMES) }),
                    )
                    .await
                    .json(201);
                made["id"].as_str().expect("an id").to_owned()
            }
        };
        check(&admin, &id, &expected).await;
        let webhook = admin.get(&format!("/api/v1/modules/{id}")).await.json(200)["webhookUrl"].clone();
        let path =
            webhook.as_str().expect("an address").split_once("/webhooks").expect("a path").1.to_owned();
        module = Some(id);

        let answered = Arc::new(AtomicUsize::new(0));
        let http = Client::new(address, Arc::default());
        let provider = Provider { http, webhook: format!("/webhooks{path}"), round };
        let load: Vec<_> = (0..CONNECTIONS)
            .map(|connection| {
                tokio::spawn(provider.clone().load(connection, Arc::clone(&answered), Arc::clone(&expected)))
            })
            .collect();
        while answered.load(Ordering::SeqCst) < ANSWERED {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        child.kill().await.expect("it runs"); // SIGKILL
        for connection in load {
            connection.await.expect("a client that noticed the server's end");
        }
    }
    let (mut child, address, _, _lines) = serve(database).await;
    let admin =
        Client::new(address, Arc::default()).header("authorization", &format!("Bearer {}", token.trim()));
    check(&admin, &module.expect("a module"), &expected).await;
    child.kill().await.expect("it runs");
}

#[derive(Clone)]
struct Provider {
    http: Client,
    webhook: String,
    round: usize,
}

impl Provider {
    /// Sends one call's webhooks after another until the server is gone.
    async fn load(self, connection: usize, answered: Arc<AtomicUsize>, expected: Expected) {
        for number in 0.. {
            let id = format!("{}-{connection}-{number}", self.round);
            for (event, state) in STORY {
                let event = json!({ "event": event, "direction": "in", "callId": id, "srcPhone": "+442079460000", "dstPhone": "101" });
                match self
                    .http
                    .request(Method::POST, &self.webhook)
                    .json(&json!({ "event": event }))
                    .send()
                    .await
                {
                    Ok(answer) if answer.status() == 200 => {
                        expected.lock().expect("expected").insert(id.clone(), state);
                        answered.fetch_add(1, Ordering::SeqCst);
                    }
                    Ok(answer) => panic!("answered {}", answer.status()),
                    Err(_) => return,
                }
            }
        }
    }
}

/// Every answered webhook's call is there, in its state or a later one (a webhook that was stored but not answered
/// counts too), and in the end nothing is left unprocessed.
async fn check(admin: &Client, module: &str, expected: &Expected) {
    let unprocessed = format!("/api/v1/modules/{module}/requests?status=new");
    let emptied = async {
        while admin.get(&unprocessed).await.json(200)["items"] != json!([]) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), emptied)
        .await
        .expect("stored requests are processed at the start");
    let mut states: HashMap<String, String> = HashMap::new();
    let mut cursor = String::new();
    loop {
        let page = admin.get(&format!("/api/v1/calls?limit=200{cursor}")).await.json(200);
        for call in page["items"].as_array().expect("items") {
            let text = |field: &str| call[field].as_str().expect("a text").to_owned();
            assert!(states.insert(text("callId"), text("state")).is_none(), "two calls with one id: {call}");
        }
        match &page["nextCursor"] {
            Value::String(next) => cursor = format!("&cursor={next}"),
            _ => break,
        }
    }
    let rank =
        |state: &str| STORY.iter().position(|(_, known)| *known == state).expect("a state of the story");
    for (id, state) in expected.lock().expect("expected").iter() {
        let found = states.get(id).unwrap_or_else(|| panic!("the call {id} is lost"));
        assert!(rank(found) >= rank(state), "the call {id} is {found}, but {state} was answered");
        assert!(rank(found) <= rank(state) + 1, "the call {id} is {found}, and nobody said so");
    }
}
