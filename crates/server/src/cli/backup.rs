//! `hookswitch backup`

use std::path::PathBuf;

use super::CliResult;
use crate::app::open_store;
use crate::config::Config;

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file to write; it must not exist yet.
    file: PathBuf,
}

pub async fn run(config: Config, args: Args) -> CliResult {
    let store = open_store(&config).await?;
    let done = store.backup(&args.file).await;
    store.close().await;
    Ok(done?)
}
