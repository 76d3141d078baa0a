//! `hookswitch module`: what the author of a module works with. Only `push`, `pull` and `sample` need a server.

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
    /// Make a folder to write a module in.
    New {
        /// The folder; must not exist yet, or be empty.
        dir: PathBuf,
        /// Begin with a copy of a built-in module.
        #[arg(long, value_name = "CODE")]
        provider: Option<String>,
    },
    /// Say whether a module can be used, and what it can do.
    Check {
        /// The module's folder.
        dir: PathBuf,
    },
    /// Run a module's samples and scenarios, then the conformance checks, and say what it can do.
    Test {
        /// The module's folder.
        dir: PathBuf,
        /// Write what the samples give into them.
        #[arg(long)]
        update: bool,
        /// Write the capability sheet to a file, as Markdown.
        #[arg(long, value_name = "FILE")]
        sheet: Option<PathBuf>,
    },
    /// Print the page with the capability sheets of the built-in modules (docs/PROVIDERS.md).
    Providers,
    /// Create a module on a server from a folder, or update the one with its name: script, settings, country, numbers.
    Push {
        /// The module's folder.
        dir: PathBuf,
        /// The module to update, by id or name; the one with the manifest's name when left out.
        #[arg(long, value_name = "MODULE")]
        module: Option<String>,
        /// Set a setting's value; `-` reads it from standard input, as secrets should be. Several may be given.
        #[arg(long, value_name = "NAME=VALUE")]
        set: Vec<String>,
        #[command(flatten)]
        remote: Remote,
    },
    /// Write a server's module into a folder. Values of settings stay on the server.
    Pull {
        /// The module, by id or name.
        module: String,
        /// The folder.
        dir: PathBuf,
        /// Overwrite files that differ.
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        remote: Remote,
    },
    /// Make a sample of a request that reached a server: people's numbers and addresses replaced, secrets masked.
    Sample {
        /// The module, by id or name.
        module: String,
        /// The request's id, as in the module's log of requests.
        request: RequestId,
        /// The module's folder; the sample goes into its folder `samples`.
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

/// A folder whose script compiles.
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
