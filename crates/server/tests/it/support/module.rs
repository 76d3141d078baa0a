//! A module under test and the provider that calls its webhook.

use serde_json::{Value, json};

use super::client::Answer;
use super::{Client, Server};

/// A script that takes events as they are from a JSON body: `{ event?, callRecord?, events?, response? }`.
pub const PASS_ON: &str = include_str!("pass_on.ts");

/// The other required functions, for scripts of which only one matters.
pub fn with_the_rest(script: &str) -> String {
    let rest = PASS_ON.lines().filter(|line| !line.contains("VoipParseWebhookRequest"));
    let rest = rest.filter(|line| line.starts_with("export async function"));
    format!("{script}\n{}", rest.collect::<Vec<_>>().join("\n"))
}

/// A module on a server.
pub struct Module {
    pub id: String,
    /// Path and query of its webhook.
    pub webhook: String,
    admin: Client,
    provider: Client,
}

impl Module {
    /// Makes a module with that script.
    pub async fn with_script(server: &Server, admin: &Client, script: &str) -> Self {
        Self::of(server, admin, json!({ "name": "Test", "script": script, "defaultCountry": "GB" })).await
    }

    /// Makes a module from the body of `POST /api/v1/modules`.
    pub async fn of(server: &Server, admin: &Client, body: Value) -> Self {
        let made = admin.post("/api/v1/modules", body).await.json(201);
        let url = made["webhookUrl"].as_str().expect("a complete script");
        let webhook = url.strip_prefix(&server.url).unwrap_or(url).to_owned();
        let id = made["id"].as_str().expect("an id").to_owned();
        Self { id, webhook, admin: admin.clone(), provider: server.anonymous() }
    }

    /// Whoever made it.
    pub const fn admin(&self) -> &Client {
        &self.admin
    }

    /// The path of something of the module's in the API.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/modules/{}{rest}", self.id)
    }

    /// Binds members' numbers to users.
    pub async fn bind(&self, members: &[(&str, hookswitch_model::UserId)]) {
        let bindings = members.iter().map(|(number, user)| json!({ "memberId": number, "userId": user }));
        self.admin.put(&self.path("/bindings"), bindings.collect()).await.is(200);
    }

    /// The provider posts a JSON body to the webhook.
    pub async fn post(&self, body: &Value) -> Answer {
        self.provider.post(&self.webhook, body.clone()).await
    }

    /// The provider reports an event of the call `id`: `client` calls `extension`.
    pub async fn event(&self, event: &str, id: &str, client: &str, extension: &str) {
        let more = json!({});
        self.event_with(event, id, client, extension, &more).await;
    }

    /// The same with more fields of the event.
    pub async fn event_with(&self, event: &str, id: &str, client: &str, extension: &str, more: &Value) {
        let mut reported = json!({
            "event": event, "direction": "in", "disposition": "unknown",
            "callId": id, "srcPhone": client, "dstPhone": extension,
        });
        for (name, value) in more.as_object().expect("fields") {
            reported[name] = value.clone();
        }
        self.post(&json!({ "event": reported })).await.is(200);
    }

    /// The newest requests of the module's log.
    pub async fn requests(&self) -> Vec<Value> {
        let page = self.admin.get(&self.path("/requests")).await.json(200);
        page["items"].as_array().expect("items").clone()
    }

    /// Saves another script.
    pub async fn save(&self, script: &str) -> Answer {
        self.admin.put(&self.path("/script"), json!({ "source": script })).await
    }
}

/// The only call that a person sees.
pub async fn only_call(person: &Client) -> Value {
    let page = person.get("/api/v1/calls").await.json(200);
    let items = page["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "{page}");
    items[0].clone()
}

/// The module's log, newest line first, with everything that was written so far.
pub async fn server_log(server: &Server, admin: &Client, module: &Module) -> Vec<Value> {
    server.app.modules.log.flush().await;
    admin.get(&module.path("/log")).await.json(200)["items"].as_array().expect("items").clone()
}
