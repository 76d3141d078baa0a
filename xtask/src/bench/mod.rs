//! `cargo xtask bench`: speed, memory, and whether a crash loses anything. This process drives a release server on a
//! temporary database over HTTP and WebSockets, on the same machine.

mod clients;
mod crash;
pub mod http;
mod load;
mod noisy;
mod peer;
pub mod prepare;
mod report;
pub mod server;
mod sockets;
mod speed;
pub mod traffic;
mod ui;

use crate::node;
use crate::process::cargo;
use crate::run::{Profile, build_server};
use anyhow::{Context, Result};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use server::Installation;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Connections for webhooks
    #[arg(long, default_value_t = 64)]
    connections: u64,
    /// Length of each measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Webhooks per second where the rate is fixed
    #[arg(long, default_value_t = 1000)]
    rate: u64,
    /// Open WebSockets at the fixed rate
    #[arg(long, default_value_t = 1000)]
    sockets: u64,
    /// Operators whom calls ring and the WebSockets belong to; creating one takes about 50 ms
    #[arg(long, default_value_t = 500)]
    operators: u64,
    /// Loaded modules
    #[arg(long, default_value_t = 10)]
    modules: u64,
    /// Empty database to use instead of SQLite in a temporary folder
    #[arg(long, global = true)]
    database_url: Option<String>,
    /// Data folder to use instead of a new one, e.g. one made by `cargo xtask seed`; it is written to
    #[arg(long, global = true, conflicts_with = "database_url")]
    data_dir: Option<PathBuf>,
    /// Measure instead how much a module that only burns CPU time slows down another one
    #[arg(long)]
    noisy_neighbour: bool,
    /// Kill the server this many times under load instead, and check that nothing acknowledged is lost
    #[arg(long, value_name = "ROUNDS", conflicts_with = "noisy_neighbour")]
    crash: Option<u64>,
}

#[derive(clap::Subcommand)]
enum What {
    /// Measure instead what operators wait for, in a browser
    Ui,
    /// Measure instead what people look up in a big database
    Clients,
    /// Measure instead what a bridge written by hand does with the same webhooks, by turns with the server
    Peer(peer::Options),
}

pub async fn bench(options: &Options) -> Result<()> {
    if cfg!(debug_assertions) {
        // The load generator shares the machine with the server, so it must be optimised too.
        let mut optimised = cargo("run --quiet --release --package xtask --");
        let error = optimised.args(std::env::args_os().skip(1)).as_std_mut().exec();
        return Err(error).context("cannot start cargo");
    }
    if let Some(What::Ui) = options.what {
        node::build_web().await?;
    }
    // Each WebSocket takes a file; the server raises its own limit in the same way.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let binary = build_server(Profile::Release).await?;
    let installation = Installation::new(binary, options.database_url.clone(), options.data_dir.clone())?;
    if let Some(what) = &options.what {
        match what {
            What::Ui => ui::ui(&installation).await,
            What::Clients => clients::clients(&installation).await,
            What::Peer(options) => peer::peer(&installation, options).await,
        }
    } else if let Some(rounds) = options.crash {
        crash::crash(&installation, rounds, options.connections).await
    } else if options.noisy_neighbour {
        noisy::noisy_neighbour(&installation, options).await
    } else {
        speed::speed(&installation, options).await
    }
}
