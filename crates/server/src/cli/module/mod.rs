//! `hookswitch module`: tools for module authors. Only `push`, `pull` and `sample` need a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use hookswitch_model::RequestId;
use hookswitch_script::{Compiled, Diagnostic, compile};

use remote::Remote;

use super::CliResult;
use hookswitch_core::modules::folder::{self, Folder};

mod check;
mod members;
mod new;
mod providers;
mod pull;
mod push;
mod remote;
mod sample;
mod test;
mod types;

/// `hookswitch module …`
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a folder for a new module
    New {
        /// The folder; it must be empty or not exist yet
        dir: PathBuf,
        /// Start from a copy of a built-in module
        #[arg(long, value_name = "CODE")]
        provider: Option<String>,
    },
    /// Check whether a module can be used, and show what it can do
    Check {
        /// The module's folder
        dir: PathBuf,
    },
    /// Run a module's samples, scenarios and conformance checks, and show what it can do
    Test {
        /// The module's folder
        dir: PathBuf,
        /// Update the samples' expected results with the actual ones
        #[arg(long)]
        update: bool,
        /// Write the capability sheet to a Markdown file
        #[arg(long, value_name = "FILE")]
        sheet: Option<PathBuf>,
    },
    /// Print the capability sheets of the built-in modules (docs/PROVIDERS.md)
    Providers,
    /// Create a module on a server from a folder, or update its script, settings, country and numbers
    Push {
        /// The module's folder
        dir: PathBuf,
        /// Id or name of the module to update; defaults to the manifest's name
        #[arg(long, value_name = "MODULE")]
        module: Option<String>,
        /// Set a setting; `-` reads the value from standard input, recommended for secrets. May be repeated
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Write a server's module to a folder, without the values of its settings
    Pull {
        /// Id or name of the module
        module: String,
        /// The folder to write
        dir: PathBuf,
        /// Overwrite files that differ
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Write a request that a server received as a sample, with numbers and addresses replaced and secrets masked
    Sample {
        /// Id or name of the module
        module: String,
        /// The request's id, as shown in the module's list of requests
        request: RequestId,
        /// The module's folder; the sample is written to its `samples` folder
        dir: PathBuf,
        #[command(flatten)]
        remote: Remote,
    },
}

pub async fn run(command: Command) -> CliResult {
    match command {
        Command::New { dir, provider } => new::run(&dir, provider.as_deref()),
        Command::Check { dir } => check::run(&dir).await,
        Command::Test { dir, update, sheet } => test::run(&dir, update, sheet.as_deref()).await,
        Command::Providers => providers::run().await,
        Command::Push { dir, module, set, remote } => push::run(&remote, &dir, module.as_deref(), &set).await,
        Command::Pull { module, dir, force, remote } => pull::run(&remote, &module, &dir, force).await,
        Command::Sample { module, request, dir, remote } => {
            sample::run(&remote, &module, request, &dir).await
        }
    }
}

/// Reads a folder and compiles its script.
fn open(dir: &Path) -> Result<(Folder, Arc<Compiled>), String> {
    let folder = folder::read(dir)?;
    let compiled = compile(&folder.source).map_err(|diagnostics| listed(dir, &diagnostics))?;
    Ok((folder, Arc::new(compiled)))
}

fn listed(dir: &Path, diagnostics: &[Diagnostic]) -> String {
    let file = dir.join("module.ts");
    let line = |at: &Diagnostic| format!("{}:{}:{}: {}", file.display(), at.line, at.column, at.message);
    diagnostics.iter().map(line).collect::<Vec<_>>().join("; ")
}
