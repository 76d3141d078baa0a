//! Clients and calls are erased for good: no response or file mentions them any more, and nothing brings them back.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::clients::{contact, done, path};
use crate::hidden_numbers::read_everything;
use crate::support::{Client, Module, PASS_ON, Server, Tab, both};

const NUMBER: &str = "+442079461234";
const NAME: &str = "Zoe Fairweather";
const TRACES: [&str; 3] = ["2079461234", "Fairweather", "fairweather"];

fn is_told(text: &str) -> Option<&'static str> {
    let spaceless: String = text.chars().filter(|c| *c != ' ').collect();
    TRACES.into_iter().find(|trace| text.contains(trace) || spaceless.contains(trace))
}

fn log_everything() -> String {
    PASS_ON.replace("return typeof", "console.info(request.body); return typeof")
}

struct Story {
    admin: Client,
    operator: Client,
    module: Module,
    client: Value,
    call: String,
}

/// A client with a conversation, a missed call, comments and a recording; and somebody else's call.
async fn story(server: &Server) -> Story {
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let module = Module::with_script(server, &admin, &log_everything()).await;
    module.bind(&[("101", one)]).await;
    let client = contact(&admin, NAME, &[NUMBER]).await;
    let named = json!({ "callerName": NAME });
    for event in ["notifyStart", "notifyAnswer", "notifyEnd"] {
        module.event_with(event, "a", NUMBER, "101", &named).await;
    }
    let link = json!({ "link": "https://pbx.example/2079461234.wav" });
    module.post(&json!({ "callRecord": { "callId": "a", "duration": 1, "call": link } })).await.is(200);
    module.event("notifyStart", "b", NUMBER, "101").await;
    module.event("notifyEnd", "b", NUMBER, "101").await;
    module.event("notifyStart", "c", "+4930111111", "101").await;
    module.event("notifyEnd", "c", "+4930111111", "101").await;
    module.post(&json!({ "event": { "event": "oops", "srcPhone": NUMBER } })).await.is(500);
    let text = json!({ "text": "Fairweather wants tea" });
    operator.post(&format!("{}/activity", path(&client)), text).await.is(201);
    admin.get(&path(&client)).await.is(200);
    let change = json!({ "version": client["version"], "notes": "Of Fairweather and Sons" });
    let client = admin.patch(&path(&client), change).await.json(200);
    let calls =
        admin.get(&format!("/api/v1/calls?clientId={}", client["id"].as_str().unwrap())).await.json(200);
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(2));
    let call = calls["items"][1]["id"].as_str().expect("an id").to_owned();
    let file = format!("name,phone\n{NAME},{NUMBER}\nBob,+4930111112\n");
    let request = admin.request(Method::POST, "/api/v1/clients/imports").header("content-type", "text/csv");
    admin.send(request.body(file)).await.is(201);
    Story { admin, operator, module, client, call }
}

async fn erase(admin: &Client, client: &Value) -> Value {
    let erasure = admin
        .post(&format!("{}/erase", path(client)), json!({ "version": client["version"] }))
        .await
        .json(200);
    wait(admin, erasure).await
}

/// Waits until the erasure is done and returns it.
async fn wait(admin: &Client, mut erasure: Value) -> Value {
    while erasure["doneAt"].is_null() {
        tokio::task::yield_now().await;
        let path = format!("/api/v1/erasures/{}", erasure["id"].as_str().expect("an id"));
        erasure = admin.get(&path).await.json(200);
    }
    erasure
}

/// Returns everything in the database and the data folder.
async fn everything(server: &Server) -> String {
    while !server.app.store.overwrite_deleted().await.expect("an answer") {
        tokio::task::yield_now().await;
    }
    let mut all = String::new();
    let mut folders = vec![server.app.config.server.data_dir.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let place = entry.expect("an entry").path();
            if place.is_dir() {
                folders.push(place);
            } else {
                all.push_str(&String::from_utf8_lossy(&std::fs::read(place).expect("a file")));
            }
        }
    }
    use secrecy::ExposeSecret as _;
    let url = server.app.config.database_url().expose_secret().to_owned();
    if url.starts_with("postgres") {
        let mut db = PgConnection::connect(&url).await.expect("a connection");
        let sql = "select table_name::text from information_schema.tables where table_schema = 'public'";
        let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut db).await.expect("tables");
        for table in tables {
            let sql = AssertSqlSafe(format!("select t::text from {table} t"));
            let rows: Vec<String> = sqlx::query_scalar(sql).fetch_all(&mut db).await.expect("rows");
            all.extend(rows);
        }
    }
    all
}

both!(an_erased_client_is_in_no_answer_and_in_no_file, |server| {
    let story = story(server).await;
    let (mut tab, _) = Tab::open(server, &story.operator).await;
    let before = everything(server).await;
    assert!(is_told(&before).is_some(), "the test looks in the right places");
    let would = story.admin.get(&format!("{}/erase", path(&story.client))).await.json(200);
    assert_eq!((&would["calls"], &would["comments"]), (&json!(2), &json!(1)));

    let erasure = erase(&story.admin, &story.client).await;
    assert_eq!((&erasure["counts"]["calls"], &erasure["counts"]["comments"]), (&json!(2), &json!(1)));
    assert!(erasure["counts"]["requests"].as_u64() >= Some(7), "{erasure}");
    let told = tab.next_of("clients").await;
    assert!(told["ids"].as_array().is_some_and(|ids| ids.contains(&story.client["id"])), "{told}");

    let everything = everything(server).await;
    let trace = is_told(&everything);
    assert_eq!(trace, None);
    let user = server.user("one").await.to_string();
    let (client, erasure) = (story.client["id"].as_str().unwrap(), erasure["id"].as_str().unwrap());
    let ids = [
        ("calls", story.call.as_str()),
        ("clients", client),
        ("modules", story.module.id.as_str()),
        ("users", user.as_str()),
        ("imports", client),
        ("erasures", erasure),
    ];
    for person in [&story.admin, &story.operator] {
        for (route, text) in read_everything(person, &ids).await {
            assert_eq!(is_told(&text), None, "{route} tells it: {text}");
        }
    }
    story.admin.get(&path(&story.client)).await.problem(404, "notFound");
    assert!(done(&story.admin).await.iter().any(|action| action == "erased"));
    let list = story.admin.get("/api/v1/audit?action=seen").await.json(200);
    assert_eq!(list["items"][0]["clientErased"], true);
});

both!(what_comes_late_is_dropped_and_said_so, |server| {
    let story = story(server).await;
    erase(&story.admin, &story.client).await;
    let late = json!({ "callRecord": { "callId": "a", "duration": 9, "call": { "link": format!("https://pbx.example/{NUMBER}") } } });
    story.module.post(&late).await.is(200);
    story.module.event("notifyStart", "b", NUMBER, "101").await;
    let requests = story.module.requests().await;
    for request in &requests[..2] {
        assert_eq!((&request["erased"], &request["status"]), (&json!(true), &json!("processed")));
        let path = story.module.path(&format!("/requests/{}", request["id"].as_str().unwrap()));
        // The outcome is stored a moment later.
        let detail = loop {
            let detail = story.admin.get(&path).await.json(200);
            if !detail["outcome"].is_null() {
                break detail;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!((&detail["outcome"]["code"], &detail["body"]), (&json!("erased"), &json!("")));
        let replayed = story.admin.post(&format!("{path}/replay"), json!({})).await;
        replayed.problem(409, "erased");
    }
    assert_eq!(is_told(&everything(server).await), None);
    let calls = story.admin.get("/api/v1/calls").await.json(200);
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(1));
    // A real call by the same person is a new one.
    story.module.event("notifyStart", "n", NUMBER, "101").await;
    let calls = story.admin.get("/api/v1/calls").await.json(200);
    assert_eq!(calls["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(calls["items"][0]["client"], Value::Null);
});

both!(one_call_is_erased_with_its_comments, |server| {
    let story = story(server).await;
    let (mut tab, _) = Tab::open(server, &story.operator).await;
    let route = format!("/api/v1/calls/{}", story.call);
    story.operator.patch(&route, json!({ "comment": "Called." })).await.is(200);
    let erasure = story.admin.post(&format!("{route}/erase"), json!({})).await.json(200);
    let erasure = wait(&story.admin, erasure).await;
    assert_eq!(erasure["counts"]["calls"], 1);
    let gone = tab.next_of("callGone").await;
    assert_eq!((&gone["id"], &gone["reason"]), (&json!(story.call), &json!("removed")));
    story.admin.get(&route).await.problem(404, "notFound");
    story.admin.get(&path(&story.client)).await.is(200);
    let late = json!({ "callRecord": { "callId": "a", "duration": 9 } });
    story.module.post(&late).await.is(200);
    story.admin.get(&route).await.problem(404, "notFound");
});

both!(only_administrators_erase_and_only_what_they_looked_at, |server| {
    let story = story(server).await;
    let route = format!("{}/erase", path(&story.client));
    story
        .operator
        .post(&route, json!({ "version": story.client["version"] }))
        .await
        .problem(403, "notAllowed");
    story
        .operator
        .post(&format!("/api/v1/calls/{}/erase", story.call), json!({}))
        .await
        .problem(403, "notAllowed");
    story.admin.post(&route, json!({ "version": 1 })).await.problem(409, "changedMeanwhile");
    story.module.event("notifyStart", "on", NUMBER, "101").await;
    let version = json!({ "version": story.client["version"] });
    story.admin.post(&route, version.clone()).await.problem(409, "callGoesOn");
    story.module.event("notifyEnd", "on", NUMBER, "101").await;
    story.admin.post(&route, version).await.is(200);
    server.advance(TimeDelta::seconds(1));
});
