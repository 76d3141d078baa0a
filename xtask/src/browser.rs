//! The browser tests in `e2e/`, against the real server with its demo PBX.

use crate::debian;
use crate::node::{self, folder, npm};
use crate::process::{self, command, find_program};
use crate::run::{Profile, build_server};
use anyhow::{Context, Result};
use std::path::PathBuf;

/// Runs all browser tests. The web app must have been built.
pub async fn test() -> Result<()> {
    let chromium = chromium().await?;
    let server = build_server(Profile::DevWithTests).await?;
    let e2e = folder("e2e");
    node::install(&e2e).await?;
    npm(&e2e, "run check").await?;
    let mut playwright = command("npm");
    playwright.args(["test"]).current_dir(&e2e).env("CHROMIUM", chromium).env("HOOKSWITCH", server);
    process::run(&mut playwright).await
}

/// Returns the system's browser, installing its package if necessary.
pub async fn chromium() -> Result<PathBuf> {
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Ok(chosen.into());
    }
    if let Some(installed) = find_program("chromium") {
        return Ok(installed);
    }
    debian::install("chromium", "the browser Chromium").await?;
    find_program("chromium").context("Chromium was installed but is not in PATH")
}
