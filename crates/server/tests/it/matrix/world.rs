//! The people and things that the rows of the table use.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use hookswitch_store::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::hidden_numbers::NUMBER;
use crate::support::{Client, Module, PASS_ON, Server, provider};

/// The value of a secret setting of the module.
const SECRET: &str = "the provider's s3cret";

/// An office with an operator, a colleague and an administrator, and what the operator and the colleague have.
pub struct World {
    pub ids: BTreeMap<&'static str, String>,
    pub operator: Client,
    pub colleague: Client,
    pub admin: Client,
    /// A user with an expired token.
    pub late: Client,
    /// A deactivated user.
    pub gone: Client,
}

/// A module whose provider refuses calls, naming the number.
async fn module(server: &Server, admin: &Client) -> Module {
    let refuse = |script: String, function: &str| {
        let said = format!("console.info('{function}', JSON.stringify(args));");
        assert!(script.contains(&said));
        script.replace(&said, "throw new Error(`Refused: ${JSON.stringify(args)}, ${args[0]}`);")
    };
    let script = refuse(refuse(PASS_ON.to_owned(), "VoipAcceptCall"), "VoipHangupCall");
    let link = "return callData.link;";
    assert!(script.contains(link));
    let script = script.replace(
        link,
        "if (callData.link.includes('lost')) { throw new Error(`No file ${callData.link}`); } return callData.link;",
    );
    let settings = json!([{ "name": "key", "label": "Key", "type": "secret", "required": false }]);
    let body = json!({ "name": "Test", "script": script, "defaultCountry": "GB", "settings": settings });
    let module = Module::of(server, admin, body).await;
    admin.patch(&module.path("/settings"), json!({ "key": SECRET })).await.is(200);
    // Otherwise missed callers would become clients without a responsible user, visible to everyone.
    let leads = json!({ "leads": { "kind": null, "responsibleId": null } });
    admin.patch(&module.path(""), leads).await.is(200);
    module
}

/// Returns the id of what was created.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap_or_else(|| panic!("no id in {of}")).to_owned()
}

pub async fn world(server: &Server) -> World {
    server.keep_secret(SECRET);
    server.keep_secret("the provider's other s3cret");
    let admin = server.admin().await;
    let (one, operator) = server.operator("one").await;
    let (two, colleague) = server.operator("two").await;
    let late = late(server).await;
    let (gone_id, gone) = server.operator("gone").await;
    admin.patch(&format!("/api/v1/users/{gone_id}"), json!({ "active": false })).await.is(200);
    let boss = server.user("admin").await;
    let module = module(server, &admin).await;
    module.bind(&[("101", one), ("102", two), ("103", boss)]).await;
    let mut ids = BTreeMap::from([
        ("one", one.to_string()),
        ("two", two.to_string()),
        ("module", module.id.clone()),
        ("version", "1".to_owned()),
        ("own-scene", "ringMe".to_owned()),
    ]);

    let client = async |kind: &str, name: &str, numbers: &[&str], user| {
        let phones: Vec<_> = numbers.iter().map(|number| json!({ "number": number })).collect();
        let body = json!({ "kind": kind, "name": name, "phones": phones, "responsibleId": user });
        id(&admin.post("/api/v1/clients", body).await.json(201))
    };
    ids.insert("client", client("contact", "Zoe", &[NUMBER], one).await);
    for (name, kind) in [("company", "company"), ("lead", "lead"), ("spare", "contact"), ("other", "contact")]
    {
        ids.insert(name, client(kind, "Zoe Zimmermann", &[], one).await);
    }
    ids.insert("own-client", client("contact", "Adam", &["+4930901820"], two).await);
    ids.insert("own-lead", client("lead", "Adam's brother", &[], two).await);

    let call = async |events: &[&str], number: &str, extension: &str| {
        // The provider's id contains the number, as some do.
        let call_id = format!("{extension}-{number}-{}", events.len());
        let more = json!({ "callerName": format!("Zoe {number}"), "legId": format!("{number}/1") });
        for event in events {
            module.event_with(event, &call_id, number, extension, &more).await;
            server.advance(TimeDelta::seconds(1));
        }
        let calls = admin.get("/api/v1/calls?limit=1").await.json(200);
        (id(&calls["items"][0]), call_id)
    };
    let record = async |call_id: &str, link: String| {
        let record = json!({ "callRecord": { "callId": call_id, "duration": 1, "call": { "link": link } } });
        module.post(&record).await.is(200);
    };
    let files = provider::files(b"RIFF").await;
    let (answered, call_id) = call(&["notifyStart", "notifyAnswer", "notifyEnd"], NUMBER, "101").await;
    record(&call_id, format!("{files}/{NUMBER}.wav")).await;
    ids.insert("call", answered);
    let (lost, call_id) = call(&["notifyStart", "notifyAnswer", "notifyEnd"], "+442079461299", "101").await;
    record(&call_id, format!("{files}/lost/+442079461299.wav")).await;
    ids.insert("lost", lost);
    ids.insert("missed", call(&["notifyStart", "notifyEnd"], "+442079461277", "101").await.0);
    ids.insert("ringing", call(&["notifyStart"], NUMBER, "101").await.0);
    ids.insert("own-call", call(&["notifyStart", "notifyAnswer", "notifyEnd"], "+4930901820", "102").await.0);
    ids.insert("talking", call(&["notifyStart", "notifyAnswer"], NUMBER, "101").await.0);

    let comment = json!({ "text": "Wants an offer." });
    let path = format!("/api/v1/clients/{}", ids["client"]);
    ids.insert("comment", id(&operator.post(&format!("{path}/activity"), comment).await.json(201)));
    let erased = client("contact", "Eve", &[], one).await;
    let erased =
        admin.post(&format!("/api/v1/clients/{erased}/erase"), json!({ "version": 1 })).await.json(200);
    ids.insert("erasure", id(&erased));
    let from = client("contact", "Twin", &[], one).await;
    let merged = admin.post(&format!("{path}/merge"), json!({ "fromId": from })).await.json(200);
    ids.insert("merge", id(&merged["merges"][0]));
    let dialled = operator.post("/api/v1/calls", json!({ "phone": "+442079461266" })).await.json(202);
    ids.insert("dial", dialled["dialId"].as_str().expect("an id").to_owned());
    ids.insert("token", id(&operator.post("/api/v1/tokens", json!({ "name": "x" })).await.json(201)));
    // By another administrator, since uploading a file discards the user's previous one.
    let (_, other) = server.browser("boss", Role::Admin).await;
    let file = other.request(Method::POST, "/api/v1/clients/imports").header("content-type", "text/csv");
    ids.insert("import", id(&other.send(file.body("Name,Phone\nEve,020 7946 0000\n")).await.json(201)));
    ids.insert("request", id(&module.requests().await[0]));
    let list =
        json!({ "name": "Support", "required": false, "moduleIds": [], "codes": [{ "label": "Helped" }] });
    ids.insert("outcomes", id(&admin.post("/api/v1/outcome-lists", list).await.json(201)));
    World { ids, operator, colleague, admin, late, gone }
}

async fn late(server: &Server) -> Client {
    let (_, browser) = server.browser("late", Role::Operator).await;
    let until = server.app.clock.now() + TimeDelta::minutes(1);
    let made = browser.post("/api/v1/tokens", json!({ "name": "short", "expiresAt": until })).await.json(201);
    server.advance(TimeDelta::minutes(2));
    server.with_token(made["token"].as_str().expect("a token"))
}
