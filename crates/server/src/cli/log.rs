//! The log: standard error, text or JSON.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::CliResult;
use crate::config::{Log, LogFormat};

/// Installs the process's log.
pub fn init(log: &Log) -> CliResult {
    let filter = EnvFilter::try_new(&log.filter).map_err(|error| {
        format!("settings: log.filter (HOOKSWITCH_LOG) `{}` is not understood: {error}", log.filter)
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match log.format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    }
}
