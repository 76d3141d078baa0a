//! `cargo xtask test`: every test there is. What a test needs is fetched or named; nothing is skipped in silence.

use crate::node::{self, folder, npm};
use crate::process::{self, cargo, is_installed};
use crate::{browser, fuzz, postgres};
use anyhow::Result;
use rustix::process::geteuid;

/// Where the tests of the store and the server find a PostgreSQL in which they may create databases.
const POSTGRES_VARIABLE: &str = "HOOKSWITCH_TEST_POSTGRES";

pub async fn test(filter: Option<&str>) -> Result<()> {
    if let Some(filter) = filter {
        println!(
            "Only Rust tests with `{filter}` in their name: no examples in docs, no TypeScript, no browser."
        );
        return rust(Some(filter)).await;
    }
    node::build_web().await?;
    // The built-in modules and the examples of docs/MODULES.md against the types of `sdk/`, and `sdk/` as a package; the web app.
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

/// The tests that mount a file system of their own, and are ignored otherwise.
async fn as_root() -> Result<()> {
    if !geteuid().is_root() {
        println!(
            "NOT RUN, since this is not root: the tests of a full disk (`as_root` in crates/server/tests/it/faults.rs)."
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
