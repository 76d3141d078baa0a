//! `hookswitch openapi`

use super::{CliResult, print};
use crate::routes;

pub fn run() -> CliResult {
    print(&format!("{}\n", routes::openapi().to_pretty_json()?))
}
