//! Reads everything the API can show, since no row left by a webhook may make a list unreadable.

use crate::bench::http::Connection;
use crate::process::project_root;
use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::Value;

/// Most pages read of a list, and most members of a list read one by one.
const MAX_PAGES: usize = 200;
const MAX_MEMBERS: usize = 25;

/// Left out: a socket, and what contacts a provider.
const LEFT_OUT: [&str; 3] =
    ["/api/v1/events", "/api/v1/modules/{id}/members", "/api/v1/calls/{id}/recording"];

/// Reads every GET route in `openapi.json`, lists to the end; fails on a server error. Returns the number of requests.
pub async fn everything(api: &mut Connection) -> Result<u64> {
    let document = std::fs::read_to_string(project_root().join("openapi.json"))?;
    let document: Value = serde_json::from_str(&document)?;
    let paths = document["paths"].as_object().context("openapi.json has no paths")?;
    let mut requests = 0;
    for (path, operations) in paths {
        if operations["get"].is_object() && path.starts_with("/api/") && !LEFT_OUT.contains(&path.as_str()) {
            for path in addresses(api, path).await? {
                pages(api, &path, MAX_PAGES, &mut requests).await?;
            }
        }
    }
    Ok(requests)
}

/// Returns the path with its parameters replaced by ids from the lists before them.
async fn addresses(api: &mut Connection, path: &str) -> Result<Vec<String>> {
    let mut found = vec![String::new()];
    let mut rest = path;
    while let Some((before, parameter)) = rest.split_once("/{") {
        let (_, after) =
            parameter.split_once('}').with_context(|| format!("{path} has an unclosed parameter"))?;
        let mut next = Vec::new();
        for start in &found {
            let list = format!("{start}{before}");
            for item in pages(api, &list, 1, &mut 0).await?.iter().take(MAX_MEMBERS) {
                let id = item.get("id").or_else(|| item.get("version"));
                next.extend(id.map(|id| {
                    format!("{list}/{}", id.as_str().map_or_else(|| id.to_string(), str::to_owned))
                }));
            }
        }
        (found, rest) = (next, after);
    }
    Ok(found.into_iter().map(|start| start + rest).collect())
}

/// Returns the items of a list, page by page; none if the path is not a list.
async fn pages(api: &mut Connection, path: &str, most: usize, requests: &mut u64) -> Result<Vec<Value>> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..most {
        let address = match &cursor {
            Some(cursor) => format!("{path}?cursor={cursor}"),
            None => path.to_owned(),
        };
        let (status, body) = api.send(Method::GET, &address, String::new()).await?;
        *requests += 1;
        ensure!(!status.is_server_error(), "GET {address}: {status} {}", String::from_utf8_lossy(&body));
        let Ok(answer) = serde_json::from_slice::<Value>(&body) else { break };
        items.extend(answer["items"].as_array().or_else(|| answer.as_array()).into_iter().flatten().cloned());
        cursor = answer["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    Ok(items)
}
