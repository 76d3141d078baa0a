//! Development tasks: `cargo xtask run | test | check | codegen | bench | fuzz | seed`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person at the terminal")]

mod bench;
mod browser;
mod check;
mod codegen;
mod debian;
mod fuzz;
mod node;
mod postgres;
mod process;
mod run;
mod seed;
mod test;

use anyhow::{Result, bail};
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Development tasks")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build and start a demo server with its data in ./data
    Run {
        /// Further arguments for `hookswitch serve`, after `--`
        #[arg(last = true)]
        serve_arguments: Vec<String>,
    },
    /// Run all tests, on SQLite, on a temporary PostgreSQL, and in a browser
    Test {
        /// Run only Rust tests whose name contains this
        filter: Option<String>,
    },
    /// Check formatting, lints, dependency rules, generated files and house rules
    Check,
    /// Write the generated files
    Codegen {
        /// Write nothing; fail if a file is out of date
        #[arg(long)]
        check: bool,
    },
    /// Measure a release build of the server
    Bench(bench::Options),
    /// Send the server odd webhooks, script results and API requests
    Fuzz(fuzz::Options),
    /// Generate a big database to measure on
    Seed(seed::Options),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let chore = async {
        match Arguments::parse().chore {
            Chore::Run { serve_arguments } => run::run(&serve_arguments).await,
            Chore::Test { filter } => test::test(filter.as_deref()).await,
            Chore::Check => check::check().await,
            Chore::Codegen { check } => codegen::codegen(check).await,
            Chore::Bench(options) => bench::bench(&options).await,
            Chore::Fuzz(options) => fuzz::fuzz(&options).await,
            Chore::Seed(options) => seed::seed(&options).await,
        }
    };
    // Dropping the task stops the processes it started; see `process::Process`.
    let result = tokio::select! {
        result = chore => result,
        name = stop_signal() => name.and_then(|name| bail!("stopped by {name}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn stop_signal() -> Result<&'static str> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => "Ctrl-C",
        _ = terminate.recv() => "SIGTERM",
        _ = hangup.recv() => "SIGHUP",
    })
}
