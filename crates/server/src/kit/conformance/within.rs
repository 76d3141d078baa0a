//! A sheet for somebody who waits: on a stage of its own, within bounds.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Sheet, sheet};
use crate::config::Config;
use crate::kit::play::{Played, Stage, Subject};

/// Why there is no sheet.
#[derive(Debug, PartialEq, Eq)]
pub enum Unmade {
    /// There is nothing to play on.
    NoStage(String),
    /// The script cannot be loaded.
    Script(String),
    /// It took too long.
    TookTooLong,
    /// Nobody waits for it any more.
    GivenUp,
}

/// Makes a sheet under a server's limits. When time runs out or whoever asked is gone, the stage is closed as it is in the end.
///
/// # Errors
/// Why there is none.
pub async fn sheet_within(
    limits: &Config,
    subject: &Subject,
    patience: Duration,
    gone: &CancellationToken,
) -> Result<(Sheet, Vec<Played>), Unmade> {
    let stage = Stage::under(limits).await.map_err(Unmade::NoStage)?;
    let made = tokio::select! {
        made = sheet(&stage, stage.engine(), subject) => made.map_err(Unmade::Script),
        () = tokio::time::sleep(patience) => Err(Unmade::TookTooLong),
        () = gone.cancelled() => Err(Unmade::GivenUp),
    };
    stage.close().await;
    made
}
