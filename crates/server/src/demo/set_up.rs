//! What the demo needs in the server: an administrator, two operators, and the PBX's module. All of it is made at the first
//! start over the HTTP API; later starts look that it is still there.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use hookswitch_core::public_url::PublicUrl;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::{Demo, DemoError, Kept};

/// The built-in module that connects the PBX.
const PROVIDER: &str = "demo";
/// Login and name of the administrator.
const ADMIN: (&str, &str) = ("admin", "Administrator");
/// Login, name and extension of the operators.
const OPERATORS: [(&str, &str, &str); 2] = [("reception", "Reception", "101"), ("sales", "Sales", "102")];

/// The server that is set up.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// What browsers call.
    pub public_url: PublicUrl,
    /// What makes the first administrator, while there is none.
    pub code: Option<String>,
}

/// Makes what is missing, connects the PBX, and gives the text to print.
///
/// # Errors
/// When the data folder is not one of a demo, or the server refuses something.
pub async fn set_up(demo: &Demo, kept: &mut Kept, server: Server) -> Result<String, DemoError> {
    let mut api = Api::new(server.address)?;
    match &server.code {
        Some(code) => make_admin(&api, kept, code).await?,
        None if kept.passwords.contains_key(ADMIN.0) => {}
        None => return Err(not_ours("an administrator")),
    }
    sign_in(&mut api, kept, &server.public_url.origin()).await?;
    let users = make_operators(&api, kept).await?;
    kept.pbx_url = format!("http://{}", demo.pbx.address);
    let module = connect(&api, kept, &users).await?;
    kept.save()?;
    if let Some(id) = kept.module {
        demo.module.get_or_init(|| id);
    }
    // The module hears of its webhook URL only when that changes, but the PBX starts without one.
    if let Some(url) = module["webhookUrl"].as_str() {
        demo.pbx.send_events_to(url.to_owned());
    }
    Ok(welcome(kept, &server.public_url))
}

async fn make_admin(api: &Api, kept: &mut Kept, code: &str) -> Result<(), DemoError> {
    let (login, name) = ADMIN;
    // Nobody is there yet, so neither is what an earlier database had.
    (kept.token, kept.module) = (None, None);
    let password = kept.password_of(login)?;
    let body = json!({ "code": code, "login": login, "name": name, "password": password });
    made(kept, login, api.post_openly("/api/v1/setup", &body).await?)?;
    Ok(())
}

/// With the token that was kept, or a new one.
async fn sign_in(api: &mut Api, kept: &mut Kept, origin: &str) -> Result<(), DemoError> {
    if let Some(token) = &kept.token {
        api.token.clone_from(token);
        if api.get("/api/v1/me").await?.status != StatusCode::UNAUTHORIZED {
            return Ok(());
        }
    }
    let password = kept.password_of(ADMIN.0)?;
    api.token = api.new_token(origin, ADMIN.0, &password).await?;
    kept.token = Some(api.token.clone());
    kept.save()
}

/// The ids of the operators, by login.
async fn make_operators(api: &Api, kept: &mut Kept) -> Result<BTreeMap<&'static str, Value>, DemoError> {
    let there = users(api).await?;
    let mut ids = BTreeMap::new();
    for (login, name, _) in OPERATORS {
        let is_login =
            |user: &&Value| user["login"].as_str().is_some_and(|of| of.eq_ignore_ascii_case(login));
        let known = there.iter().find(is_login).filter(|_| kept.passwords.contains_key(login));
        let user = match known {
            Some(user) => user.clone(),
            None => {
                let password = kept.password_of(login)?;
                let user = json!({ "login": login, "name": name, "role": "operator", "password": password });
                made(kept, login, api.send(Method::POST, "/api/v1/users", &user).await?)?
            }
        };
        ids.insert(login, user["id"].clone());
    }
    Ok(ids)
}

async fn users(api: &Api) -> Result<Vec<Value>, DemoError> {
    let mut users = Vec::new();
    let mut cursor = String::new();
    loop {
        let mut page = api.get(&format!("/api/v1/users?limit=200{cursor}")).await?.ok()?;
        if let Value::Array(items) = page["items"].take() {
            users.extend(items);
        }
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(users),
        }
    }
}

/// The user just made. A login that somebody else has was not given a password by us.
fn made(kept: &mut Kept, login: &str, answer: Answer) -> Result<Value, DemoError> {
    if answer.body["code"] == "loginTaken" {
        kept.passwords.remove(login);
        kept.save()?;
        return Err(not_ours(&format!("a user `{login}`")));
    }
    answer.ok()
}

fn not_ours(who: &str) -> DemoError {
    DemoError(format!("there is {who} that the demo did not make; give the demo a data folder of its own"))
}

/// The module, with the keys and the address that the PBX has now.
async fn connect(
    api: &Api,
    kept: &mut Kept,
    users: &BTreeMap<&'static str, Value>,
) -> Result<Value, DemoError> {
    let settings = json!({
        "pbxUrl": kept.pbx_url,
        "apiKey": kept.api_key,
        "webhookSecret": kept.webhook_secret,
    });
    if let Some(id) = kept.module {
        let answer = api.send(Method::PATCH, &format!("/api/v1/modules/{id}/settings"), &settings).await?;
        if answer.status != StatusCode::NOT_FOUND {
            return answer.ok();
        }
    }
    let new = json!({ "name": "Demo PBX", "provider": PROVIDER, "settings": settings });
    let module = api.send(Method::POST, "/api/v1/modules", &new).await?.ok()?;
    kept.module = module["id"].as_str().and_then(|id| id.parse().ok());
    kept.save()?;
    let binding = |(login, name, extension): (&str, &str, &str)| json!({ "memberId": extension, "memberName": name, "userId": users[login] });
    let path = format!("/api/v1/modules/{}/bindings", module["id"].as_str().unwrap_or_default());
    api.send(Method::PUT, &path, &OPERATORS.map(binding).into_iter().collect()).await?.ok()?;
    Ok(module)
}

fn welcome(kept: &Kept, public_url: &PublicUrl) -> String {
    let (server, pbx) = (public_url.join(""), &kept.pbx_url);
    let mut text = format!("The demo PBX runs at {pbx}\nSign in at {server} as\n");
    let operators = OPERATORS.map(|(login, _, extension)| (login, format!("   extension {extension}")));
    for (login, extension) in [(ADMIN.0, String::new())].into_iter().chain(operators) {
        let password = kept.passwords.get(login).map_or("", String::as_str);
        text.push_str(&format!("  {login:<10} {password}{extension}\n"));
    }
    text.push_str(&format!(
        "A call rings at extension 101:\n  curl --json '{{\"to\":\"101\"}}' {pbx}/ring\n"
    ));
    let token = kept.token.as_deref().unwrap_or_default();
    text.push_str(&format!("The calls:\n  curl -H 'Authorization: Bearer {token}' {server}/api/v1/calls\n"));
    text
}
