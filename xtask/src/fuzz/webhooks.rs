//! Sends generated webhooks, and fails if the server is at fault for an error.

use super::generate::{Generator, Webhook};
use crate::bench::http::Connection;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use futures::future::try_join_all;
use hyper::StatusCode;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

/// Targets of webhooks: the paths and queries of the fuzz module and of built-in modules.
pub struct Targets {
    pub address: SocketAddr,
    pub fuzz: String,
    pub builtin: Vec<String>,
}

/// When to stop.
#[derive(Clone, Copy)]
pub enum Until {
    Time(Instant),
    Count(u64),
}

/// Number of responses by status.
pub type Answers = BTreeMap<u16, u64>;

/// Sends webhooks over several connections, each with its own seed derived from `seed`.
pub async fn send(targets: &Targets, seed: u64, connections: u64, until: Until) -> Result<Answers> {
    let answers = RefCell::new(Answers::new());
    let workers = (0..connections).map(|number| {
        let answers = &answers;
        async move {
            let mut connection = Connection::open(targets.address, None).await?;
            let mut generator = Generator::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
            for sent in 0.. {
                let enough = match until {
                    Until::Time(end) => Instant::now() >= end,
                    Until::Count(count) => sent * connections + number >= count,
                };
                if enough {
                    break;
                }
                let webhook = generator.webhook();
                let status = exchange(targets, &mut connection, &webhook, sent as usize)
                    .await
                    .with_context(|| format!("webhook {sent} of connection {number}, seed {seed}"))?;
                *answers.borrow_mut().entry(status.as_u16()).or_default() += 1;
            }
            anyhow::Ok(())
        }
    });
    try_join_all(workers).await?;
    Ok(answers.into_inner())
}

async fn exchange(
    targets: &Targets,
    connection: &mut Connection,
    webhook: &Webhook,
    turn: usize,
) -> Result<StatusCode> {
    let address =
        if webhook.builtin { &targets.builtin[turn % targets.builtin.len()] } else { &targets.fuzz };
    let (path, token) = address.split_once('?').context("a webhook address has a token")?;
    let uri = format!("{path}{}?{token}&{}", webhook.suffix, webhook.query);
    let mut request = hyper::Request::builder().method(webhook.method).uri(uri);
    for (name, value) in &webhook.headers {
        request = request.header(*name, value);
    }
    let body = Bytes::copy_from_slice(&webhook.body);
    let (status, answer) = connection.exchange(request, body).await?;
    if status.is_server_error() && !is_scripts_own(&answer, webhook) {
        bail!(
            "{status} {}\nto {} {}",
            String::from_utf8_lossy(&answer),
            webhook.method,
            String::from_utf8_lossy(&webhook.body)
        );
    }
    Ok(status)
}

/// Returns whether the script caused the response: it requested the status, or failed by itself.
fn is_scripts_own(answer: &[u8], webhook: &Webhook) -> bool {
    let asked_for =
        serde_json::from_slice::<Value>(&webhook.body).is_ok_and(|wish| !wish["give"]["response"].is_null());
    let failed = serde_json::from_slice::<Value>(answer).is_ok_and(|answer| {
        let error = answer["error"].as_str().unwrap_or_default();
        answer["requestId"].is_string() && !error.is_empty() && !error.contains("the script engine stopped")
    });
    asked_for || failed
}
