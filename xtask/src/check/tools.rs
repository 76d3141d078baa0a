//! Checks by cargo's extensions, which are installed (into cargo's own folder, once a machine) when missing.

use crate::process::{self, cargo, is_installed};
use anyhow::Result;

/// Known licences and registries only. Advisories need a database from the network and are not part of this.
pub async fn deny() -> Result<()> {
    install("cargo-deny", "0.20.2").await?;
    process::run(&mut cargo("deny --locked check --hide-inclusion-graph bans licenses sources")).await
}

/// Dependencies that a `Cargo.toml` names and no source file uses.
pub async fn machete() -> Result<()> {
    install("cargo-machete", "0.9.2").await?;
    process::run(&mut cargo("machete --skip-target-dir")).await
}

/// Without optimisation: it builds much sooner, and runs in two seconds all the same.
async fn install(tool: &str, version: &str) -> Result<()> {
    if is_installed(tool) {
        return Ok(());
    }
    process::run(&mut cargo(&format!("install --locked --debug {tool}@{version}"))).await
}
