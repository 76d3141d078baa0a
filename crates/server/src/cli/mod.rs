//! The command line. Exit codes: 0 done, 1 not done (one line on standard error says why), 2 wrong usage.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

mod log;
mod openapi;
mod serve;

/// Self-hosted telephony integration: a provider's webhooks become calls that operators see live.
#[derive(Debug, Parser)]
#[command(name = "hookswitch", version)]
struct Cli {
    /// TOML file with settings that differ from the defaults.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server.
    Serve(serve::Args),
    /// Print the description of the HTTP API.
    Openapi,
}

/// What a command ends with when it was not done: one line for standard error.
type CliResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Runs the command that the process was started with.
#[must_use]
#[expect(clippy::print_stderr, reason = "a command tells its error there")]
pub fn run() -> ExitCode {
    match execute(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookswitch: {}", error.to_string().replace('\n', " "));
            ExitCode::FAILURE
        }
    }
}

fn execute(cli: Cli) -> CliResult {
    let config = || Config::load(cli.config.as_deref(), |name| std::env::var(name).ok());
    match cli.command {
        Command::Serve(args) => block_on(serve::run(config()?, args)),
        Command::Openapi => openapi::run(),
    }
}

fn block_on(command: impl Future<Output = CliResult>) -> CliResult {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}
