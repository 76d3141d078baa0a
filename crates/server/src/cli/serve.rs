//! `hookswitch serve`

use std::io::Write as _;

use clap::Args as ClapArgs;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{CliResult, log};
use crate::app::{self, App};
use crate::clock::Clock;
use crate::config::Config;

/// Arguments of `serve`.
#[derive(Debug, ClapArgs)]
pub struct Args {}

pub async fn run(config: Config, _args: Args) -> CliResult {
    log::init(&config.log)?;
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen)
        .await
        .map_err(|error| format!("cannot listen on {listen} (server.listen): {error}"))?;
    let address = listener.local_addr()?;
    // Before anything is ready to be told to stop: the first signal always stops in order.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    };

    let app = App::open(config, Clock::system(), address).await?;
    writeln!(std::io::stdout(), "listening on http://{address}")?;
    app::serve(app, listener, shutdown).await;
    Ok(())
}
