//! `hookswitch openapi`

use std::io::Write as _;

use super::CliResult;
use crate::routes;

pub fn run() -> CliResult {
    let mut text = routes::openapi().to_pretty_json()?;
    text.push('\n');
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}
