//! `cargo xtask seed`: a SQLite database with as many clients and calls as a busy company has after years.

use crate::process::{self, cargo};
use anyhow::{Result, ensure};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Options {
    /// Data folder to make; `cargo xtask bench --data-dir` and `hookswitch serve` (with HOOKSWITCH_DATA_DIR) take it
    folder: PathBuf,
    /// Clients to make up
    #[arg(long, default_value_t = 1_000_000)]
    clients: u64,
    /// Calls to make up; a million takes about 2 GB
    #[arg(long, default_value_t = 10_000_000)]
    calls: u64,
}

pub async fn seed(options: &Options) -> Result<()> {
    let Options { folder, clients, calls } = options;
    ensure!(!folder.exists(), "{} is there already; seed makes a folder of its own", folder.display());
    ensure!(*clients > 0, "a call is somebody's: make up one client at least");
    let mut seed = cargo("run --release --package hookswitch-store --example seed --");
    seed.arg(folder).arg(clients.to_string()).arg(calls.to_string());
    process::run(&mut seed).await
}
