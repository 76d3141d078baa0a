//! A module under test and the provider that calls its webhook.

use serde_json::{Value, json};

use super::client::Answer;
use super::{Client, Server};

/// A script that returns a JSON body as it is: `{ event?, callRecord?, events?, response? }`.
pub const PASS_ON: &str = include_str!("pass_on.ts");

/// Adds the other required functions to a script of which only one matters.
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
    /// Creates a module with that script.
    pub async fn with_script(server: &Server, admin: &Client, script: &str) -> Self {
        Self::of(server, admin, json!({ "name": "Test", "script": script, "defaultCountry": "GB" })).await
    }

    /// Creates a module with this body of `POST /api/v1/modules`.
    pub async fn of(server: &Server, admin: &Client, body: Value) -> Self {
        let made = admin.post("/api/v1/modules", body).await.json(201);
        let url = made["webhookUrl"].as_str().expect("a complete script");
        let webhook = url.strip_prefix(&server.url).unwrap_or(url).to_owned();
        let id = made["id"].as_str().expect("an id").to_owned();
        Self { id, webhook, admin: admin.clone(), provider: server.anonymous() }
    }

    /// The user who created it.
    pub const fn admin(&self) -> &Client {
        &self.admin
    }

    /// Returns the API path of something in the module.
    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/modules/{}{rest}", self.id)
    }

    /// Binds members to users.
    pub async fn bind(&self, members: &[(&str, hookswitch_model::UserId)]) {
        let bindings = members.iter().map(|(number, user)| json!({ "memberId": number, "userId": user }));
        self.admin.put(&self.path("/bindings"), bindings.collect()).await.is(200);
    }

    /// Posts a JSON body to the webhook, as the provider.
    pub async fn post(&self, body: &Value) -> Answer {
        self.provider.post(&self.webhook, body.clone()).await
    }

    /// Reports an event of the call `id` as the provider: `client` calls `extension`.
    pub async fn event(&self, event: &str, id: &str, client: &str, extension: &str) {
        let more = json!({});
        self.event_with(event, id, client, extension, &more).await;
    }

    /// Reports an event with further fields.
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

    /// Returns the newest requests in the module's log.
    pub async fn requests(&self) -> Vec<Value> {
        let page = self.admin.get(&self.path("/requests")).await.json(200);
        page["items"].as_array().expect("items").clone()
    }

    /// Saves a new version of the script.
    pub async fn save(&self, script: &str) -> Answer {
        self.admin.put(&self.path("/script"), json!({ "source": script })).await
    }
}

/// Returns the only call that a user sees.
pub async fn only_call(person: &Client) -> Value {
    let page = person.get("/api/v1/calls").await.json(200);
    let items = page["items"].as_array().expect("items");
    assert_eq!(items.len(), 1, "{page}");
    items[0].clone()
}

/// Returns the module's log with everything written so far, newest line first.
pub async fn server_log(server: &Server, admin: &Client, module: &Module) -> Vec<Value> {
    server.app.modules.log.flush().await;
    admin.get(&module.path("/log")).await.json(200)["items"].as_array().expect("items").clone()
}
