//! `hookswitch module`: what the author of a module works with. None of it needs a server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use hookswitch_script::{Compiled, Diagnostic, compile};

use super::CliResult;
use crate::modules::folder::{self, Folder};

mod check;
mod new;
mod providers;
mod test;

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
}

pub async fn run(command: Command) -> CliResult {
    match command {
        Command::New { dir, provider } => new::run(&dir, provider.as_deref()),
        Command::Check { dir } => check::run(&dir).await,
        Command::Test { dir, update, sheet } => test::run(&dir, update, sheet.as_deref()).await,
        Command::Providers => providers::run().await,
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
