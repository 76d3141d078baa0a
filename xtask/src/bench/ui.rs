//! `cargo xtask bench ui`: what an operator waits for: lists over HTTP from here, and pages with `e2e/ui-bench.mjs`.

use super::http::Connection;
use super::load;
use super::prepare::{self, CALLS_MODULE, Operator, PASSWORD};
use super::report::{Latencies, line};
use super::server::{Installation, Server};
use super::speed::all_answered;
use crate::browser::chromium;
use crate::node::{self, folder};
use crate::process::{self, command};
use anyhow::{Context, Result};
use hyper::Method;
use serde_json::Value;
use std::time::Instant;

const CALLS: u64 = 10_000;
const CONNECTIONS: u64 = 32;

pub async fn ui(installation: &Installation) -> Result<()> {
    let chromium = chromium().await?;
    let e2e = folder("e2e");
    node::install(&e2e).await?;
    let token = prepare::administrator_token(installation).await?;
    let server = installation.start().await?;
    let mut api = Connection::open(server.address, Some(token.clone())).await?;
    let operators = prepare::operators(installation, &mut api, 1).await?;
    let module = prepare::module(&mut api, &server, ("Bench", CALLS_MODULE), &operators).await?;
    println!("sending {CALLS} calls");
    all_answered(&load::calls(&module.target, 0, CONNECTIONS, CALLS).await?)?;
    println!();

    lists("an administrator", &server, token).await?;
    for Operator { token, .. } in operators {
        lists("their operator", &server, token).await?;
    }
    let mut browser = command("node");
    browser.current_dir(&e2e).arg("ui-bench.mjs").env("CHROMIUM", chromium);
    browser.env("BENCH_URL", format!("http://{}", server.address)).env("BENCH_WEBHOOK", &module.target.path);
    browser.env("BENCH_LOGIN", format!("operator0-{}", installation.run())).env("BENCH_PASSWORD", PASSWORD);
    process::run(&mut browser).await
}

/// Reads the whole list of calls page by page, like a table scrolled to its end.
async fn lists(who: &str, server: &Server, token: String) -> Result<()> {
    let mut api = Connection::open(server.address, Some(token)).await?;
    let mut latencies = Latencies::default();
    let mut path = "/api/v1/calls".to_owned();
    let mut calls = 0;
    loop {
        let asked = Instant::now();
        let page = api.call(Method::GET, &path, &Value::Null).await?;
        latencies.record(asked.elapsed());
        calls += page["items"].as_array().context("a page has no items")?.len();
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/api/v1/calls?cursor={cursor}");
    }
    let name = format!("a page of {calls} calls for {who}");
    line(&name, format!("{}   (wanted: 20)", latencies.summary()));
    Ok(())
}
