//! `hookswitch module providers`

use futures::join;
use hookswitch_script::{Engine, Limits};

use crate::cli::{CliResult, print};
use crate::kit::conformance::{self, render};
use crate::kit::play::{Stage, Subject, play_all};
use hookswitch_core::modules::builtin;

/// The module without a real provider.
const DEMO: &str = "demo";

pub async fn run() -> CliResult {
    let engine = Engine::new(Limits::default(), tokio::runtime::Handle::current());
    let (stage, other) = (Stage::open().await?, Stage::open().await?);
    let mut sheets = Vec::new();
    for module in builtin::all().iter().filter(|module| module.manifest.code != DEMO) {
        let subject = Subject::of_builtin(module)?;
        let (played, apart) =
            join!(play_all(&stage, &subject), conformance::checks_apart(&other, &engine, &subject));
        sheets.push(conformance::sheet_of(&stage, &engine, &subject, &played, apart).await?);
    }
    stage.close().await;
    other.close().await;
    print(&render::page(&sheets))
}
