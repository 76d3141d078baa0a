//! `hookswitch config`

use super::{CliResult, print};
use crate::config::DEFAULTS;

pub fn run() -> CliResult {
    print(DEFAULTS)
}
