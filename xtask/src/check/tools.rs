//! Checks by cargo extensions, which are installed if missing.

use crate::process::{self, cargo, is_installed};
use anyhow::Result;

/// Allows only known licences and registries. Advisories need a database from the network and are not checked.
pub async fn deny() -> Result<()> {
    install("cargo-deny", "0.20.2").await?;
    process::run(&mut cargo("deny --locked check --hide-inclusion-graph bans licenses sources")).await
}

/// Rejects dependencies that no source file uses.
pub async fn machete() -> Result<()> {
    install("cargo-machete", "0.9.2").await?;
    process::run(&mut cargo("machete --skip-target-dir")).await
}

/// Installs a tool without optimisation, which builds much faster and still runs within two seconds.
async fn install(tool: &str, version: &str) -> Result<()> {
    if is_installed(tool) {
        return Ok(());
    }
    process::run(&mut cargo(&format!("install --locked --debug {tool}@{version}"))).await
}
