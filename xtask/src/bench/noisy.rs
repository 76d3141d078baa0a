//! How much a module in an endless loop slows down another module's webhooks.

use super::Options;
use super::http::Connection;
use super::load;
use super::prepare::{self, CALLS_MODULE, SPINNING_MODULE};
use super::report::line;
use super::server::Installation;
use super::speed::all_answered;
use anyhow::{Result, ensure};
use std::time::Duration;

/// Fails if the p99 beside the neighbour is more than this many times the p99 alone.
const ACCEPTED_RATIO: f64 = 3.0;
const NEIGHBOUR_CONNECTIONS: u64 = 8;

pub async fn noisy_neighbour(installation: &Installation, options: &Options) -> Result<()> {
    let token = prepare::administrator_token(installation).await?;
    let server = installation.start().await?;
    let mut api = Connection::open(server.address, Some(token)).await?;
    let operators = prepare::operators(installation, &mut api, options.operators).await?;
    let quiet = prepare::module(&mut api, &server, ("Quiet", CALLS_MODULE), &operators).await?.target;
    let noisy = prepare::module(&mut api, &server, ("Noisy", SPINNING_MODULE), &[]).await?.target;

    let time = Duration::from_secs(options.seconds);
    let load = (options.connections, options.rate);
    load::open(&quiet, 1_000_000, load, Duration::from_secs(2), |_, _, _| ()).await?;
    let alone = load::open(&quiet, 2_000_000, load, time, |_, _, _| ()).await?;
    let (beside, spinning) = tokio::try_join!(
        load::open(&quiet, 3_000_000, load, time, |_, _, _| ()),
        load::closed(&noisy, 4_000_000, NEIGHBOUR_CONNECTIONS, time),
    )?;
    all_answered(&alone)?;
    all_answered(&beside)?;
    let ratio = beside.latencies.percentile(99.0) / alone.latencies.percentile(99.0);
    println!();
    line(&format!("{} webhooks/s alone", options.rate), alone.latencies.summary());
    line(&format!("{} webhooks/s beside an endless loop", options.rate), beside.latencies.summary());
    line("  p99 beside / p99 alone", format!("{ratio:.2}"));
    line("the loop's webhooks", format!("{} stopped by the limit", spinning.failed));
    line("  such as", spinning.failure.unwrap_or_default());
    ensure!(spinning.failed > 0 && spinning.answered == 0, "the endless loop was not stopped by its limit");
    ensure!(ratio <= ACCEPTED_RATIO, "the p99 grew more than {ACCEPTED_RATIO} times");
    Ok(())
}
