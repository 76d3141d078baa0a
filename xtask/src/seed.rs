//! `cargo xtask seed`: a SQLite database with the clients and calls of a busy company after years.

use crate::process::{self, cargo};
use anyhow::{Result, ensure};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Options {
    /// Data folder to create, for `cargo xtask bench --data-dir` or `hookswitch serve` (with HOOKSWITCH_DATA_DIR)
    folder: PathBuf,
    /// Clients to generate
    #[arg(long, default_value_t = 1_000_000)]
    clients: u64,
    /// Calls to generate; a million takes about 2 GB
    #[arg(long, default_value_t = 10_000_000)]
    calls: u64,
}

pub async fn seed(options: &Options) -> Result<()> {
    let Options { folder, clients, calls } = options;
    ensure!(!folder.exists(), "{} already exists; name a new folder", folder.display());
    ensure!(*clients > 0, "every call needs a client; generate at least one");
    let mut seed = cargo("run --release --package hookswitch-store --example seed --");
    seed.arg(folder).arg(clients.to_string()).arg(calls.to_string());
    process::run(&mut seed).await
}
