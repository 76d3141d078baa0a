//! Repeated `kill -9` under load: what was acknowledged must be there after the restart.

use super::http::Connection;
use super::load::{self, Told};
use super::prepare::{self, CALLS_MODULE};
use super::report::line;
use super::server::Installation;
use super::traffic::{CallNumber, Step};
use anyhow::{Context, Result, bail, ensure};
use hyper::Method;
use serde_json::Value;
use std::collections::HashMap;
use std::time::{Duration, Instant};

const LOAD_TIME: Duration = Duration::from_secs(1);
/// How long the server may take after a restart to process what it had stored before.
const CATCH_UP: Duration = Duration::from_secs(10);

pub async fn crash(installation: &Installation, rounds: u64, connections: u64) -> Result<()> {
    let token = prepare::administrator_token(installation).await?;
    let mut server = installation.start().await?;
    let mut api = Connection::open(server.address, Some(token.clone())).await?;
    let operators = prepare::operators(installation, &mut api, 10).await?;
    let module = prepare::module(&mut api, &server, ("Calls", CALLS_MODULE), &operators).await?;
    let mut target = module.target;
    println!();
    for round in 1..=rounds {
        target.address = server.address;
        let kill = async {
            tokio::time::sleep(LOAD_TIME).await;
            server.kill().await
        };
        let (told, killed) =
            tokio::join!(load::until_it_breaks(&target, round * 1_000_000, connections), kill);
        killed?;
        server = installation.start().await?;
        let mut api = Connection::open(server.address, Some(token.clone())).await?;
        everything_processed(&mut api, &module.id).await?;
        let states = call_states(&mut api, &module.id).await?;
        let answered = told.iter().filter(|told| told.answered.is_some()).count();
        ensure!(answered > 0, "round {round}: no webhook was acknowledged before the kill");
        for told in &told {
            verify(told, states.get(&told.call).map(String::as_str))
                .with_context(|| format!("round {round}: call {}", told.call))?;
        }
        let in_flight = told.iter().filter(|told| told.answered != Some(told.sent)).count();
        line(
            &format!("round {round}"),
            format!("{answered} calls acknowledged, {in_flight} in flight at the kill: all present"),
        );
    }
    Ok(())
}

/// A call must be in the state after its last acknowledged webhook, or after a later one, which may have been stored.
fn verify(told: &Told, state: Option<&str>) -> Result<()> {
    let state_after = |step| match step {
        Step::Start => "ringing",
        Step::Answer => "talking",
        Step::End => "ended",
    };
    match (told.answered, state) {
        (None, None) => Ok(()),
        (Some(_), None) => bail!("was acknowledged but is lost"),
        (answered, Some(state)) => {
            let possible = [answered.map(state_after), Some(state_after(told.sent))];
            ensure!(possible.contains(&Some(state)), "is {state} after {answered:?} (sent: {:?})", told.sent);
            Ok(())
        }
    }
}

async fn call_states(api: &mut Connection, module: &str) -> Result<HashMap<CallNumber, String>> {
    let calls = list(api, &format!("/api/v1/calls?moduleId={module}&limit=200")).await?;
    let states = calls.iter().filter_map(|call| {
        Some((call["callId"].as_str()?.parse().ok()?, call["state"].as_str()?.to_owned()))
    });
    Ok(states.collect())
}

/// Waits until no stored request is left to process.
async fn everything_processed(api: &mut Connection, module: &str) -> Result<()> {
    let path = format!("/api/v1/modules/{module}/requests?status=new&limit=200");
    let deadline = Instant::now() + CATCH_UP;
    loop {
        let waiting = list(api, &path).await?.len();
        if waiting == 0 {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{waiting} stored requests are still not processed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Reads all pages of a list.
async fn list(api: &mut Connection, path: &str) -> Result<Vec<Value>> {
    let mut items = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = api.call(Method::GET, &format!("{path}{cursor}"), &Value::Null).await?;
        items.extend(page["items"].as_array().context("a list without items")?.iter().cloned());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(items),
        }
    }
}
