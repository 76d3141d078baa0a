//! Programs that the tests need, from Debian packages.

use crate::process::{self, command, is_installed};
use anyhow::{Result, bail};
use rustix::process::geteuid;

/// Installs a package if allowed, or else says how to. `needed` completes "the tests need …".
pub async fn install(package: &str, needed: &str) -> Result<()> {
    println!("The tests need {needed}, which is not installed.");
    let words = ["install", "--yes", "--no-install-recommends", package];
    if !geteuid().is_root() || !is_installed("apt-get") {
        bail!("install {needed}, then try again; on Debian: sudo apt-get {}", words.join(" "));
    }
    let mut install = command("apt-get");
    install.args(words).env("DEBIAN_FRONTEND", "noninteractive");
    if process::run(&mut install).await.is_err() {
        process::run(command("apt-get").arg("update")).await?;
        process::run(&mut install).await?;
    }
    Ok(())
}
