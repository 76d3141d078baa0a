//! `cargo xtask run`: a demo server from a fresh clone.

use crate::node;
use crate::process::{self, cargo, command};
use anyhow::{Context, Result};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;

/// Builds the web app and an unoptimised server, which builds much faster and is enough for a demo, and starts it.
pub async fn run(serve_arguments: &[String]) -> Result<()> {
    node::build_web().await?;
    println!("Building the server (the first build takes a few minutes)");
    let server = build_server(Profile::Dev).await?;
    let mut serve = command(&server);
    serve.args(["serve", "--demo"]).args(serve_arguments);
    println!("Starting the demo with its data in ./data. Press Ctrl-C to stop.");
    // The server replaces this process, so that signals reach it directly.
    let error = serve.as_std_mut().exec();
    Err(error).with_context(|| format!("cannot start {}", server.display()))
}

pub enum Profile {
    Dev,
    /// `Dev` with all tests, exactly as `cargo xtask test` builds them, so that the two commands share their work.
    DevWithTests,
    Release,
}

/// Builds `hookswitch` and returns its path.
pub async fn build_server(profile: Profile) -> Result<PathBuf> {
    let (selection, folder) = match profile {
        Profile::Dev => ("--workspace --bin hookswitch", "debug"),
        Profile::DevWithTests => ("--workspace --all-targets", "debug"),
        Profile::Release => ("--package hookswitch-server --bin hookswitch --release", "release"),
    };
    process::run(&mut cargo(&format!("build {selection}"))).await?;
    Ok(target_folder().await?.join(folder).join("hookswitch"))
}

async fn target_folder() -> Result<PathBuf> {
    let metadata = process::output(&mut cargo("metadata --no-deps --format-version 1")).await?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata)?;
    let folder =
        metadata["target_directory"].as_str().context("`cargo metadata` names no target directory")?;
    Ok(folder.into())
}
