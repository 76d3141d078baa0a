//! `cargo xtask test`: every test there is. What a test needs is fetched or named; nothing is skipped in silence.

use crate::postgres;
use crate::process::{self, cargo, command, is_installed, project_root};
use anyhow::{Result, bail, ensure};

/// Where the tests of the store and the server find a PostgreSQL in which they may create databases.
const POSTGRES_VARIABLE: &str = "HOOKSWITCH_TEST_POSTGRES";

pub async fn test(filter: Option<&str>) -> Result<()> {
    if let Some(filter) = filter {
        println!("Only Rust tests with `{filter}` in their name: no examples in docs, no TypeScript.");
    } else {
        check_typescript().await?;
        process::run(&mut cargo("test --workspace --doc")).await?;
    }
    let cluster = postgres::start().await?;
    let runner = if is_installed("cargo-nextest") {
        "nextest run --workspace"
    } else {
        "test --workspace --all-targets"
    };
    process::run(cargo(runner).args(filter).env(POSTGRES_VARIABLE, &cluster.url)).await
}

/// Compiles the built-in modules and the examples of docs/MODULES.md against the types of `sdk/`.
async fn check_typescript() -> Result<()> {
    let sdk = project_root().join("sdk");
    ensure!(sdk.join("package.json").is_file(), "sdk/package.json is not there");
    if !is_installed("npm") {
        bail!(
            "the TypeScript checks need Node.js 20 or newer with npm; on Debian: apt-get install nodejs npm"
        );
    }
    process::run(command("npm").args(["ci", "--no-fund", "--no-audit"]).current_dir(&sdk)).await?;
    process::run(command("npm").args(["run", "check"]).current_dir(&sdk)).await
}
