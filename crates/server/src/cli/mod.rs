//! The command line. Exit codes: 0 success, 1 failure (one line on standard error says why), 2 wrong usage.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

mod backup;
mod config;
mod demo_pbx;
mod log;
mod module;
mod openapi;
mod serve;
mod token;
mod user;

/// Self-hosted telephony integration: a provider's webhooks become calls that operators see live.
#[derive(Debug, Parser)]
#[command(name = "hookswitch", version)]
struct Cli {
    /// TOML file with settings to override the defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(serve::Args),
    /// Create users; also while the server runs
    #[command(subcommand)]
    User(user::Command),
    /// Create API tokens; also while the server runs
    #[command(subcommand)]
    Token(token::Command),
    /// Write modules: create, check and test them, and push them to a server
    #[command(subcommand)]
    Module(module::Command),
    /// Run only the simulated PBX
    DemoPbx(demo_pbx::Args),
    /// Write a consistent copy of the SQLite database to a new file; also while the server runs
    Backup(backup::Args),
    /// Print all settings with their meanings and defaults, as a starting point for --config
    Config,
    /// Print the OpenAPI description of the HTTP API (openapi.json)
    Openapi,
}

/// The result of a command; an error is one line for standard error.
type CliResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// Runs the command in the process's arguments.
#[must_use]
#[expect(clippy::print_stderr, reason = "commands report errors there")]
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
        Command::User(command) => block_on(user::run(config()?, command)),
        Command::Token(command) => block_on(token::run(config()?, command)),
        Command::Module(command) => block_on(module::run(command)),
        Command::DemoPbx(args) => block_on(demo_pbx::run(args)),
        Command::Backup(args) => block_on(backup::run(config()?, args)),
        Command::Config => config::run(),
        Command::Openapi => openapi::run(),
    }
}

fn block_on(command: impl Future<Output = CliResult>) -> CliResult {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

/// Prints a command's output to standard output.
fn print(text: &str) -> CliResult {
    use std::io::Write as _;
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}
