//! `cargo xtask fuzz`: odd webhooks, odd script results and odd API requests. Afterwards, everything must still be
//! readable, nothing may have panicked, and every server error must be a script's own.

mod generate;
mod read;
mod schemathesis;
mod webhooks;

use crate::bench::http::Connection;
use crate::bench::prepare;
use crate::bench::server::{Installation, Server};
use crate::process::cargo;
use crate::run::{Profile, build_server};
use anyhow::{Context, Result, ensure};
use hyper::Method;
use serde_json::json;
use std::os::unix::process::CommandExt;
use std::time::{Duration, Instant};
use webhooks::{Targets, Until};

const MODULE: &str = include_str!("module.ts");
const CONNECTIONS: u64 = 32;

#[derive(clap::Args)]
pub struct Options {
    /// Seconds to send webhooks, and seconds to send API requests as each kind of user
    #[arg(long, default_value_t = 15)]
    seconds: u64,
    /// Send this many webhooks instead
    #[arg(long)]
    requests: Option<u64>,
    /// Seed for webhooks and requests; the same seed gives the same ones
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Send a million webhooks and twenty minutes of API requests (over a hundred thousand) to a release build
    #[arg(long)]
    long: bool,
}

/// The short run that is part of `cargo xtask test`.
pub const SHORT: Options = Options { seconds: 10, requests: None, seed: 1, long: false };

pub async fn fuzz(options: &Options) -> Result<()> {
    if options.long && cfg!(debug_assertions) {
        // The generator shares the machine with the server, so it must be optimised too.
        let mut optimised = cargo("run --quiet --release --package xtask --");
        let error = optimised.args(std::env::args_os().skip(1)).as_std_mut().exec();
        return Err(error).context("cannot start cargo");
    }
    let program = schemathesis::install().await?;
    let binary = build_server(if options.long { Profile::Release } else { Profile::DevWithTests }).await?;
    let installation = Installation::new(binary, None, None)?;
    let server = installation.start().await?;
    let administrator = prepare::administrator_token(&installation).await?;
    let mut api = Connection::open(server.address, Some(administrator.clone())).await?;
    let operators = prepare::operators(&installation, &mut api, 2).await?;
    let operator = operators.first().context("no operator was created")?;
    let targets = targets(&mut api, &server, &operators).await?;

    let (webhooks, seconds) =
        if options.long { (Some(1_000_000), 600) } else { (options.requests, options.seconds) };
    let until =
        webhooks.map_or_else(|| Until::Time(Instant::now() + Duration::from_secs(seconds)), Until::Count);
    let began = Instant::now();
    let answers = webhooks::send(&targets, options.seed, CONNECTIONS, until).await?;
    let count: u64 = answers.values().sum();
    println!("{count} webhooks in {:.1} s, responses by status: {answers:?}", began.elapsed().as_secs_f64());

    // The server closes idle connections.
    let mut api = Connection::open(server.address, Some(administrator.clone())).await?;
    let mut as_operator = Connection::open(server.address, Some(operator.token.clone())).await?;
    let read = read::everything(&mut api).await? + read::everything(&mut as_operator).await?;
    println!("read the results with {read} requests");
    for token in [&administrator, &operator.token] {
        schemathesis::run(&program, server.address, token, options.seed, seconds).await?;
    }
    let mut api = Connection::open(server.address, Some(administrator)).await?;
    read::everything(&mut api).await?;

    let memory = server.memory_megabytes("VmHWM")?;
    let log = installation.log()?;
    let panics: Vec<&str> = log.lines().filter(|line| line.contains("panicked")).collect();
    ensure!(panics.is_empty(), "the server panicked:\n{}", panics.join("\n"));
    println!("no panic; {memory:.0} MB of memory at most");
    Ok(())
}

async fn targets(api: &mut Connection, server: &Server, operators: &[prepare::Operator]) -> Result<Targets> {
    let fuzz = prepare::module(api, server, ("fuzz", MODULE), operators).await?.target.path;
    let providers = api.call(Method::GET, "/api/v1/providers", &json!(null)).await?;
    let mut builtin = Vec::new();
    for provider in providers["items"].as_array().into_iter().flatten() {
        let module = json!({ "name": provider["name"], "provider": provider["code"], "settings": provider["settings"] });
        let (status, _) = api.send(Method::POST, "/api/v1/modules", module.to_string()).await?;
        println!("{status} {}", provider["code"]);
    }
    let modules = api.call(Method::GET, "/api/v1/modules", &json!(null)).await?;
    for module in modules["items"].as_array().into_iter().flatten() {
        let url = module["webhookUrl"].as_str().unwrap_or_default();
        builtin.extend(url.find("/webhooks/").map(|start| url[start..].to_owned()));
    }
    ensure!(!builtin.is_empty(), "no module has a webhook address");
    Ok(Targets { address: server.address, fuzz, builtin })
}
