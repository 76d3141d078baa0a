//! Webhooks per second, latency to the response and to the screen, memory, and start-up time.

use super::http::Connection;
use super::load::{self, Outcome};
use super::prepare::{self, CALLS_MODULE, Module, Operator};
use super::report::line;
use super::server::{Installation, Server, processor_time_of};
use super::sockets::{self, SharedClock, note_due, with_clock};
use super::{Options, traffic};
use anyhow::{Result, ensure};
use std::time::Duration;

const WARM_UP: Duration = Duration::from_secs(2);
/// Calls in different measurements must differ, so each measurement has a million numbers of its own.
const MILLION: traffic::CallNumber = 1_000_000;
/// An odd number, so that there is a median.
const STARTS: usize = 7;

pub async fn speed(installation: &Installation, options: &Options) -> Result<()> {
    let token = prepare::administrator_token(installation).await?;
    let server = installation.start().await?;
    let mut api = Connection::open(server.address, Some(token)).await?;
    println!("creating {} operators", options.operators);
    let operators = prepare::operators(installation, &mut api, options.operators).await?;
    let mut modules = Vec::new();
    for number in 0..options.modules.max(1) {
        let name = format!("Module {number}");
        modules.push(prepare::module(&mut api, &server, (&name, CALLS_MODULE), &operators).await?);
    }
    println!();
    throughput(&server, &modules[0], options).await?;
    fixed_rate(&server, &modules[0], &operators, options).await?;
    line("peak memory (VmHWM)", format!("{:.1} MB", server.memory_megabytes("VmHWM")?));
    drop(server);
    start_and_idle(installation, modules).await
}

async fn throughput(server: &Server, module: &Module, options: &Options) -> Result<()> {
    let connections = options.connections;
    load::closed(&module.target, MILLION, connections, WARM_UP).await?;
    let time = Duration::from_secs(options.seconds);
    let costs = Costs::so_far(server)?;
    let outcome = load::closed(&module.target, 2 * MILLION, connections, time).await?;
    all_answered(&outcome)?;
    let rate = outcome.answered as f64 / outcome.elapsed.as_secs_f64();
    line(&format!("webhooks a second, {connections} connections"), format!("{rate:.0}"));
    line("  request to answer", outcome.latencies.summary());
    line("  processor time a webhook", costs.since(server, outcome.answered)?);
    Ok(())
}

/// CPU time, which unlike the other figures hardly depends on what else the machine is doing.
struct Costs {
    server: Duration,
    generator: Duration,
}

impl Costs {
    fn so_far(server: &Server) -> Result<Self> {
        Ok(Self { server: server.processor_time()?, generator: processor_time_of(std::process::id())? })
    }

    fn since(self, server: &Server, webhooks: u64) -> Result<String> {
        let now = Self::so_far(server)?;
        let each = |spent: Duration| spent.as_micros() / u128::from(webhooks.max(1));
        let (server, generator) = (now.server - self.server, now.generator - self.generator);
        Ok(format!("server {} µs   load generator {} µs", each(server), each(generator)))
    }
}

async fn fixed_rate(
    server: &Server,
    module: &Module,
    operators: &[Operator],
    options: &Options,
) -> Result<()> {
    let clock = SharedClock::default();
    sockets::open(server.address, operators, options.sockets, &clock).await?;
    let load = (options.connections, options.rate);
    load::open(&module.target, 3 * MILLION, load, WARM_UP, |_, _, _| ()).await?;
    let time = Duration::from_secs(options.seconds);
    let costs = Costs::so_far(server)?;
    let due = |call, step, moment| note_due(&clock, call, step, moment);
    let outcome = load::open(&module.target, 4 * MILLION, load, time, due).await?;
    all_answered(&outcome)?;
    // The last messages may still be in transit.
    tokio::time::sleep(Duration::from_millis(500)).await;
    line(
        &format!("at {} webhooks/s with {} WebSockets", options.rate, options.sockets),
        format!("{} webhooks in {:.1} s", outcome.answered, outcome.elapsed.as_secs_f64()),
    );
    line("  request to answer", outcome.latencies.summary());
    let (count, summary) = with_clock(&clock, |clock| (clock.latencies.count(), clock.latencies.summary()));
    line("  request to WebSocket message", format!("{summary}   ({count} messages)"));
    line("  processor time a webhook", costs.since(server, outcome.answered)?);
    let screens = options.sockets / options.operators.max(1);
    ensure!(
        count >= outcome.answered * screens,
        "{count} messages reached the WebSockets; {} webhooks with {screens} WebSockets per operator should bring {}",
        outcome.answered,
        outcome.answered * screens
    );
    Ok(())
}

/// Restarts the server on the database that the load left behind.
async fn start_and_idle(installation: &Installation, mut modules: Vec<Module>) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..STARTS {
        times.push(installation.start().await?.ready_after);
    }
    times.sort_unstable();
    line(
        "start to ready, existing database",
        format!("{} ms (median of {STARTS})", times[STARTS / 2].as_millis()),
    );

    let server = installation.start().await?;
    for (number, module) in (5..).zip(&mut modules) {
        // One webhook each, so that every module's engine is running.
        module.target.address = server.address;
        load::open(&module.target, number * MILLION, (1, 1), Duration::from_secs(1), |_, _, _| ()).await?;
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let memory = server.memory_megabytes("VmRSS")?;
    line(&format!("idle memory (VmRSS), {} modules", modules.len()), format!("{memory:.1} MB"));
    Ok(())
}

pub fn all_answered(outcome: &Outcome) -> Result<()> {
    let failure = outcome.failure.as_deref().unwrap_or_default();
    ensure!(
        outcome.failed == 0,
        "{} webhooks were not answered with 200, such as: {failure}",
        outcome.failed
    );
    Ok(())
}
