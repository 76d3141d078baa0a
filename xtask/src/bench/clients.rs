//! `cargo xtask bench clients --data-dir …`: look-ups in a big database, over HTTP.

use super::http::Connection;
use super::prepare;
use super::report::{Latencies, line};
use super::server::Installation;
use anyhow::{Context, Result};
use hyper::Method;
use serde_json::Value;
use std::time::Instant;

/// How often each request is sent, at least.
const TIMES: usize = 20;

pub async fn clients(installation: &Installation) -> Result<()> {
    let token = prepare::administrator_token(installation).await?;
    let server = installation.start().await?;
    let mut api = Connection::open(server.address, Some(token)).await?;
    let list = api.call(Method::GET, "/api/v1/clients?limit=200", &Value::Null).await?;
    let clients =
        list["items"].as_array().filter(|items| !items.is_empty()).context("there are no clients")?;
    let texts = |of: fn(&Value) -> &Value| -> Vec<String> {
        clients.iter().filter_map(|client| of(client).as_str().map(str::to_owned)).collect()
    };
    let names = texts(|client| &client["name"]);
    let numbers = texts(|client| &client["phones"][0]["e164"]);
    let emails = texts(|client| &client["emails"][0]);
    let ids = texts(|client| &client["id"]);
    let nationals: Vec<String> = numbers.iter().map(|number| format!("0{}", &number[3..])).collect();
    let cut =
        |of: &[String], length: usize| of.iter().map(|text| text.chars().take(length).collect()).collect();
    let search: [(&str, Vec<String>); 7] = [
        ("whole names", names.clone()),
        ("two letters", cut(&names, 2)),
        ("first words and a letter", names.iter().map(|name| beginning(name)).collect()),
        ("numbers in E.164", numbers.clone()),
        ("national numbers", nationals),
        ("beginnings of numbers", cut(&numbers, 9)),
        ("e-mail addresses", emails),
    ];
    for (what, texts) in search {
        let paths = texts.iter().map(|text| format!("/api/v1/clients?query={}", encoded(text)));
        measure(&mut api, &format!("search: {what}"), paths, 30).await?;
    }
    let list = std::iter::once("/api/v1/clients".to_owned());
    measure(&mut api, "list of clients", list, 30).await?;
    let streams = ids.iter().map(|id| format!("/api/v1/clients/{id}/activity"));
    measure(&mut api, "activity streams", streams, 30).await?;
    measure(&mut api, "list of calls", std::iter::once("/api/v1/calls".to_owned()), 20).await?;
    let of_client = ids.iter().map(|id| format!("/api/v1/calls?clientId={id}"));
    measure(&mut api, "calls of a client", of_client, 20).await?;
    measure(&mut api, "missed callers", std::iter::once("/api/v1/missed-calls".to_owned()), 30).await?;
    #[expect(clippy::disallowed_methods, reason = "the server under test has the system's clock")]
    let now = chrono::Utc::now();
    for (what, days) in [("a month", 30), ("a year", 365), ("three years", 3 * 365)] {
        let from = (now - chrono::TimeDelta::days(days)).format("%Y-%m-%dT%H:%M:%SZ");
        let path = format!("/api/v1/reports?from={from}&by=day&timeZone=Europe/London");
        measure(&mut api, &format!("report on {what}"), std::iter::once(path), 300).await?;
    }
    line("peak memory (VmHWM)", format!("{:.1} MB", server.memory_megabytes("VmHWM")?));
    Ok(())
}

/// Returns the first word of a name and the first letter of the next.
fn beginning(name: &str) -> String {
    let (first, rest) = name.split_once(' ').unwrap_or((name, ""));
    format!("{first} {}", rest.chars().take(1).collect::<String>())
}

async fn measure(
    api: &mut Connection,
    what: &str,
    paths: impl Iterator<Item = String>,
    wanted: u64,
) -> Result<()> {
    let paths: Vec<String> = paths.collect();
    let mut latencies = Latencies::default();
    for path in paths.iter().cycle().take(TIMES.max(paths.len())) {
        let asked = Instant::now();
        api.call(Method::GET, path, &Value::Null).await?;
        latencies.record(asked.elapsed());
    }
    line(what, format!("{}   (wanted: {wanted})", latencies.summary()));
    Ok(())
}

/// Percent-encodes text for a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
