//! `cargo xtask bench peer`: the server beside the bridge that one would write by hand for one provider. Both get the same
//! webhooks, each of which begins a new call, by turns in one run, so that what else the machine does touches both alike.
//! All of them run all the time; who is not measured idles.

mod figures;
mod programs;

use super::http::Connection;
use super::load;
use super::prepare;
use super::server::{Installation, Server, processor_time_of};
use super::speed::all_answered;
use anyhow::Result;
use figures::Figures;
use hyper::Method;
use serde_json::json;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::process::Process;

const MODULE: &str = include_str!("module.ts");
/// The bridge knows this one's operator too.
const EXTENSION: &str = "101";
const WARM_UP: Duration = Duration::from_secs(2);
/// For what a server has to finish after its last answer.
const PAUSE: Duration = Duration::from_secs(1);

#[derive(clap::Args)]
pub struct Options {
    /// How often each is measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    rounds: u64,
    /// Length of each measurement
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Connections that webhooks come over
    #[arg(long, default_value_t = 32)]
    connections: u64,
    /// Measure Node-RED too
    #[arg(long)]
    node_red: bool,
}

/// Who takes webhooks.
struct Peer {
    name: &'static str,
    address: SocketAddr,
    path: String,
    /// The process.
    id: u32,
    /// What is stopped with the peer.
    _process: Option<Process>,
}

pub async fn peer(installation: &Installation, options: &Options) -> Result<()> {
    let programs = programs::install().await?;
    let data = tempfile::Builder::new().prefix("hookswitch-bench-peer-").tempdir()?;
    let (server, hookswitch) = hookswitch(installation).await?;
    let mut peers = vec![programs::bridge(&programs, data.path()).await?, hookswitch];
    if options.node_red {
        peers.push(programs::node_red(&programs).await?);
    }
    let names: Vec<&str> = peers.iter().map(|peer| peer.name).collect();
    let mut rounds = Vec::new();
    for number in 1..=options.rounds {
        println!("\nround {number} of {}", options.rounds);
        let mut round = Vec::new();
        for peer in &peers {
            let figures = measure(peer, options).await?;
            figures.print(peer.name);
            round.push(figures);
        }
        rounds.push(round);
    }
    figures::summary(&names, &rounds);
    println!("\npeak memory of Hookswitch (VmHWM): {:.1} MB", server.memory_megabytes("VmHWM")?);
    Ok(())
}

/// The server with a module of one function, and an operator at its extension.
async fn hookswitch(installation: &Installation) -> Result<(Server, Peer)> {
    let token = prepare::administrator_token(installation).await?;
    let server = installation.start().await?;
    let mut api = Connection::open(server.address, Some(token)).await?;
    let operators = prepare::operators(installation, &mut api, 1).await?;
    let module = prepare::module(&mut api, &server, ("Peer", MODULE), &[]).await?;
    let bindings: Vec<_> = operators
        .iter()
        .map(|operator| json!({ "memberId": EXTENSION, "memberName": "", "userId": operator.user_id }))
        .collect();
    let path = format!("/api/v1/modules/{}/bindings", module.id);
    api.call(Method::PUT, &path, &json!(bindings)).await?;
    let (address, path, id) = (server.address, module.target.path, server.id()?);
    Ok((server, Peer { name: "Hookswitch", address, path, id, _process: None }))
}

async fn measure(peer: &Peer, options: &Options) -> Result<Figures> {
    let load = async |time| {
        let began = Instant::now();
        // Each load has calls of its own, and so has each of its connections.
        let load = rand::random::<u32>();
        let bodies = |connection| {
            let bodies = (0..).map(move |number| body(&format!("{load}_{connection}"), number));
            bodies.take_while(move |_| began.elapsed() < time)
        };
        load::posts(peer.address, &peer.path, options.connections, bodies).await
    };
    all_answered(&load(WARM_UP).await?)?;
    let costs = || anyhow::Ok((processor_time_of(peer.id)?, processor_time_of(std::process::id())?));
    let before = costs()?;
    let outcome = load(Duration::from_secs(options.seconds)).await?;
    let after = costs()?;
    all_answered(&outcome)?;
    tokio::time::sleep(PAUSE).await;
    Ok(Figures::new(&outcome, after.0 - before.0, after.1 - before.1))
}

/// A webhook that begins a call.
fn body(run: &str, number: u64) -> String {
    format!(
        r#"{{"event":"NOTIFY_START","caller_id":"+7 (495) 123-45-67","called_did":"74951112233","pbx_call_id":"in_{run}_{number}","internal":"{EXTENSION}"}}"#
    )
}
