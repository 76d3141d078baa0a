//! `cargo xtask test`: all tests. What they need is installed or named; nothing is skipped silently.

use crate::node::{self, folder, npm};
use crate::process::{self, cargo, is_installed};
use crate::{browser, fuzz, postgres};
use anyhow::Result;
use rustix::process::geteuid;

/// Tells the store's and server's tests where to find a PostgreSQL in which they may create databases.
const POSTGRES_VARIABLE: &str = "HOOKSWITCH_TEST_POSTGRES";

pub async fn test(filter: Option<&str>) -> Result<()> {
    if let Some(filter) = filter {
        println!(
            "Running only Rust tests with `{filter}` in their name: no doc examples, TypeScript or browser tests."
        );
        return rust(Some(filter)).await;
    }
    node::build_web().await?;
    // Check the built-in modules and the examples in docs/MODULES.md against the types in `sdk/`, `sdk/` as a package,
    // and the web app.
    for (name, script) in [("sdk", "run check"), ("web", "run check"), ("web", "run test")] {
        node::install(&folder(name)).await?;
        npm(&folder(name), script).await?;
    }
    process::run(&mut cargo("test --workspace --doc")).await?;
    rust(None).await?;
    fuzz::fuzz(&fuzz::SHORT).await?;
    browser::test().await
}

async fn rust(filter: Option<&str>) -> Result<()> {
    let cluster = postgres::start().await?;
    let runner = if is_installed("cargo-nextest") {
        "nextest run --workspace"
    } else {
        "test --workspace --all-targets"
    };
    process::run(cargo(runner).args(filter).env(POSTGRES_VARIABLE, &cluster.url)).await?;
    if filter.is_none() { as_root().await } else { Ok(()) }
}

/// Runs the tests that mount a file system, which are ignored otherwise.
async fn as_root() -> Result<()> {
    if !geteuid().is_root() {
        println!(
            "NOT RUN (needs root): the full-disk tests (`as_root` in crates/server/tests/it/faults.rs)."
        );
        return Ok(());
    }
    let tests = if is_installed("cargo-nextest") {
        "nextest run --workspace --run-ignored only -E test(as_root)"
    } else {
        "test --workspace --test it -- --ignored as_root"
    };
    process::run(&mut cargo(tests)).await
}
