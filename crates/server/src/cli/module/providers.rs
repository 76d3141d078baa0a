//! `hookswitch module providers`

use hookswitch_script::{Engine, Limits};

use crate::cli::{CliResult, print};
use crate::kit::conformance::{self, render};
use crate::kit::play::{Stage, Subject};
use hookswitch_core::modules::builtin;

/// The module without a real provider.
const DEMO: &str = "demo";

pub async fn run() -> CliResult {
    let engine = Engine::new(Limits::default(), tokio::runtime::Handle::current());
    let stage = Stage::open().await?;
    let mut sheets = Vec::new();
    for module in builtin::all().iter().filter(|module| module.manifest.code != DEMO) {
        let subject = Subject::of_builtin(module)?;
        sheets.push(conformance::sheet(&stage, &engine, &subject).await?.0);
    }
    stage.close().await;
    print(&render::page(&sheets))
}
