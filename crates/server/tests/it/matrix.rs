//! Who may use which route: these tests hold the server to `matrix/table.txt`.

mod table;
mod world;

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

use crate::hidden_numbers::tells_it;
use crate::support::{Answer, Client, Server, Tab, both};
use table::{COLUMNS, Row, rows};
use world::world;

/// An id that does not exist.
const NOTHING: &str = "01938d2e-0000-7000-8000-000000000000";

#[test]
fn every_route_is_in_the_table() {
    let description = serde_json::to_value(hookswitch_server::routes::openapi()).expect("JSON");
    let rows = rows();
    let mut missing = Vec::new();
    let mut known = vec![false; rows.len()];
    for (template, operations) in description["paths"].as_object().expect("paths") {
        for method in operations.as_object().expect("operations").keys() {
            let of: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].is_of(method, template)).collect();
            of.iter().for_each(|at| known[*at] = true);
            if of.is_empty() {
                missing.push(format!("{} {template}", method.to_uppercase()));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "nothing says who may use {missing:?}. Add a row for each to crates/server/tests/it/matrix/table.txt, as its head \
         explains: the method, the path with <names> for ids, a status for {COLUMNS:?}, and a body if it takes one. \
         What a <name> stands for is made in matrix/world.rs."
    );
    let gone: Vec<&str> =
        rows.iter().zip(known).filter(|(_, known)| !known).map(|(row, _)| row.path.as_str()).collect();
    assert!(gone.is_empty(), "the table has rows of routes that are not there: {gone:?}");
}

/// Sends a row with these ids; returns 101 if it opens a socket.
async fn send(server: &Server, person: &Client, row: &Row, ids: &BTreeMap<&str, String>) -> Answer {
    let (path, body) = row.filled(ids);
    if path == "/api/v1/events" {
        return connect(server, person).await;
    }
    let request = person.request(row.method.clone(), &path);
    let request = match body {
        None => request,
        Some(body) if body.starts_with(['{', '[']) => {
            request.header("content-type", "application/json").body(body)
        }
        Some(body) => request.header("content-type", "text/csv").body(body.replace("\\n", "\n")),
    };
    person.send(request).await
}

async fn connect(server: &Server, person: &Client) -> Answer {
    let (status, text) = match Tab::connect(server, person).await {
        Ok(mut tab) => (101, tab.next().await.to_string()),
        Err(Error::Http(refused)) => (
            refused.status().as_u16(),
            String::from_utf8_lossy(refused.body().as_deref().unwrap_or_default()).into_owned(),
        ),
        Err(error) => panic!("{error}"),
    };
    Answer { status: status.try_into().expect("a status"), headers: Default::default(), text }
}

/// Checks a column of the table.
async fn column(server: &Server, column: &str) {
    let world = world(server).await;
    let person = match column {
        "nobody" => server.anonymous(),
        "admin" => world.admin.clone(),
        "colleague" => world.colleague.clone(),
        _ => world.operator.clone(),
    };
    let settings = match column {
        "colleague" => json!({ "clientVisibility": "own" }),
        "hidden" => json!({ "maskNumbers": true }),
        _ => json!({}),
    };
    world.admin.patch("/api/v1/settings", settings).await.is(200);
    let listening = if column == "hidden" { Some(Tab::open(server, &person).await) } else { None };
    let at = COLUMNS.iter().position(|of| *of == column).expect("a column");
    let mut wrong = Vec::new();
    for row in rows() {
        let answer = send(server, &person, &row, &world.ids).await;
        let (status, expected) = (answer.status.as_u16(), row.expected[at]);
        let shown = format!("{} {} {:?}", row.method, row.path, row.body.as_deref().unwrap_or_default());
        if status != expected {
            wrong.push(format!("{shown}: {status} instead of {expected}: {}", answer.text));
        }
        if column == "hidden" && tells_it(&format!("{:?} {}", answer.headers, answer.text)) {
            wrong.push(format!("{shown} tells the hidden number: {}", answer.text));
        }
        if !matches!(column, "nobody" | "admin") && matches!(status, 403 | 404 | 422) {
            let absent = send(server, &person, &row, &absent(&row, &world.ids)).await;
            if (absent.status, problem(&absent)) != (answer.status, problem(&answer)) {
                wrong.push(format!("{shown} tells what is there: {} and {}", answer.text, absent.text));
            }
        }
        if column == "nobody" {
            for (who, person) in [("an expired token", &world.late), ("a deactivated user", &world.gone)] {
                let same = send(server, person, &row, &world.ids).await;
                if (same.status, problem(&same)) != (answer.status, problem(&answer)) {
                    wrong.push(format!("{shown} by {who}: {} {}", same.status, same.text));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "for {column}, the server differs from matrix/table.txt:\n{}",
        wrong.join("\n")
    );
    if let Some((mut tab, snapshot)) = listening {
        assert!(!tells_it(&snapshot.to_string()), "{snapshot}");
        heard(server, &mut tab).await;
    }
}

/// Returns everything received on a socket so far.
async fn heard(server: &Server, tab: &mut Tab) {
    server.app.live.client_changes.note(NOTHING.parse().expect("an id"));
    loop {
        let message = tab.next().await;
        assert!(!tells_it(&message.to_string()), "{message}");
        let ids = message["ids"].as_array().cloned().unwrap_or_default();
        if ids.contains(&json!(NOTHING)) {
            return;
        }
    }
}

/// Returns the ids with nonexistent ones in place of what is not the colleague's own.
fn absent<'a>(row: &Row, ids: &BTreeMap<&'a str, String>) -> BTreeMap<&'a str, String> {
    let names = row.names();
    let is_nothing = |name: &str| names.iter().any(|of| of == name) && !name.starts_with("own");
    let id = |(name, id): (&&'a str, &String)| {
        (*name, if is_nothing(name) { NOTHING.to_owned() } else { id.clone() })
    };
    ids.iter().map(id).collect()
}

/// Returns a response's problem, if any.
fn problem(answer: &Answer) -> Option<Value> {
    if answer.status.is_success() { None } else { serde_json::from_str(&answer.text).ok() }
}

macro_rules! columns {
    ($($name:ident: $column:literal),+ $(,)?) => {$(
        both!($name, [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")], |server| {
            column(server, $column).await;
        });
    )+};
}

columns! {
    whoever_is_not_signed_in_gets_nothing: "nobody",
    an_operator_gets_their_own: "operator",
    a_colleague_gets_nothing_of_others: "colleague",
    an_operator_from_whom_numbers_are_hidden_gets_none: "hidden",
    an_administrator_gets_everything: "admin",
}

both!(
    a_webhooks_token_is_told_to_administrators_alone,
    [("HOOKSWITCH_FETCH_ALLOW", "127.0.0.1")],
    |server| {
        let world = world(server).await;
        let module = world.admin.get(&format!("/api/v1/modules/{}", world.ids["module"])).await.json(200);
        let url = module["webhookUrl"].as_str().expect("a URL");
        let (_, token) = url.split_once("token=").expect("a token");
        server.keep_secret(token);
        for row in rows().iter().filter(|row| row.method == Method::GET) {
            send(server, &world.operator, row, &world.ids).await;
        }
    }
);
