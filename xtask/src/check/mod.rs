//! `cargo xtask check`: the checks before a merge. Every check runs, even after one has failed.

mod circles;
mod comments;
mod crates;
mod links;
mod sources;
mod tools;

use crate::codegen;
use crate::node::{self, folder, npm};
use crate::process::{self, cargo};
use anyhow::{Result, bail};

pub async fn check() -> Result<()> {
    let outcomes = [
        ("formatting", process::run(&mut cargo("fmt --all --check")).await),
        ("file sizes", sources::file_sizes().await),
        ("no provider names in crates", sources::provider_names().await),
        ("links in the documentation", links::check().await),
        ("dependencies between crates", crates::check().await),
        ("no cycles between folders", circles::check()),
        ("SQL only in the store", sources::sql().await),
        ("no comment that only repeats a name", comments::repeated_names().await),
        ("licences and sources of dependencies", tools::deny().await),
        ("unused dependencies", tools::machete().await),
        ("lints", process::run(&mut cargo("clippy --workspace --all-targets -- -D warnings")).await),
        ("generated files", codegen::codegen(true).await),
        ("web app lints", lint("web").await),
        ("browser test lints", lint("e2e").await),
    ];
    println!();
    let mut failed = 0;
    for (name, outcome) in &outcomes {
        match outcome {
            Ok(()) => println!("ok      {name}"),
            Err(error) => {
                failed += 1;
                println!("FAILED  {name}: {error:#}");
            }
        }
    }
    if failed > 0 {
        bail!("{failed} of {} checks failed", outcomes.len());
    }
    Ok(())
}

async fn lint(name: &str) -> Result<()> {
    node::install(&folder(name)).await?;
    npm(&folder(name), "run lint").await
}
