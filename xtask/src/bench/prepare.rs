//! What a run needs on the server: operators with tokens, modules and bindings.

use super::http::Connection;
use super::server::{Installation, Server};
use super::traffic::{FIRST_EXTENSION, Target};
use anyhow::{Context, Result};
use hyper::Method;
use serde_json::{Value, json};

pub const CALLS_MODULE: &str = include_str!("module.ts");
/// Every operator's password.
pub const PASSWORD: &str = "not a secret here";
pub const SPINNING_MODULE: &str = include_str!("spin.ts");

/// Creates an administrator and returns a token. The server need not run.
pub async fn administrator_token(installation: &Installation) -> Result<String> {
    let login = format!("bench{}", installation.run());
    installation.command(&["user", "create", "--login", &login, "--admin"]).await?;
    installation.command(&["token", "create", "--user", &login]).await
}

/// An operator with an API token. Operator n has the extension `FIRST_EXTENSION + n`.
pub struct Operator {
    pub user_id: String,
    pub token: String,
}

pub async fn operators(
    installation: &Installation,
    api: &mut Connection,
    count: u64,
) -> Result<Vec<Operator>> {
    let mut operators = Vec::new();
    for number in 0..count {
        let login = format!("operator{number}-{}", installation.run());
        let user = json!({ "login": login, "name": login, "role": "operator", "password": PASSWORD });
        let user_id = text(&api.call(Method::POST, "/api/v1/users", &user).await?, "id")?;
        let token = installation.command(&["token", "create", "--user", &login]).await?;
        operators.push(Operator { user_id, token });
    }
    Ok(operators)
}

pub struct Module {
    pub id: String,
    pub target: Target,
}

/// Creates a module whose member n is bound to operator n.
pub async fn module(
    api: &mut Connection,
    server: &Server,
    (name, script): (&str, &str),
    operators: &[Operator],
) -> Result<Module> {
    let module = json!({ "name": name, "script": script });
    let module = api.call(Method::POST, "/api/v1/modules", &module).await?;
    let id = text(&module, "id")?;
    let bindings: Vec<Value> = (FIRST_EXTENSION..)
        .zip(operators)
        .map(|(extension, operator)| {
            json!({ "memberId": extension.to_string(), "memberName": "", "userId": operator.user_id })
        })
        .collect();
    api.call(Method::PUT, &format!("/api/v1/modules/{id}/bindings"), &json!(bindings)).await?;
    let url = text(&module, "webhookUrl")?;
    let path = url.find("/webhooks/").map(|start| url[start..].to_owned());
    let path = path.with_context(|| format!("{url} is not a webhook URL"))?;
    let extensions = (operators.len() as u64).max(1);
    Ok(Module { id, target: Target { address: server.address, path, extensions } })
}

fn text(value: &Value, field: &str) -> Result<String> {
    let text = value[field].as_str().with_context(|| format!("the response has no `{field}`: {value}"))?;
    Ok(text.to_owned())
}
