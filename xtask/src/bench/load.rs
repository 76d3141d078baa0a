//! The load: webhooks over many connections, back to back or at a fixed rate.

use super::http::Connection;
use super::report::Latencies;
use super::traffic::{CallNumber, Calls, Step, Target, Webhook};
use anyhow::Result;
use futures::future::try_join_all;
use hyper::{Method, StatusCode};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Result of a load.
#[derive(Default)]
pub struct Outcome {
    pub answered: u64,
    pub failed: u64,
    /// A response other than 200, as an example.
    pub failure: Option<String>,
    pub latencies: Latencies,
    pub elapsed: Duration,
}

impl Outcome {
    fn count(&mut self, status: StatusCode, body: &[u8], since: Instant) {
        if status == StatusCode::OK {
            self.answered += 1;
        } else {
            self.failed += 1;
            self.failure.get_or_insert_with(|| format!("{status} {}", String::from_utf8_lossy(body)));
        }
        self.latencies.record(since.elapsed());
    }

    fn join(parts: Vec<Self>, began: Instant) -> Self {
        let mut whole = Self { elapsed: began.elapsed(), ..Self::default() };
        for part in parts {
            whole.answered += part.answered;
            whole.failed += part.failed;
            whole.failure = whole.failure.or(part.failure);
            whole.latencies.add(&part.latencies);
        }
        whole
    }
}

/// Closed loop: each of `connections` sends its next webhook after the previous one is answered, for `time`.
pub async fn closed(target: &Target, first: CallNumber, connections: u64, time: Duration) -> Result<Outcome> {
    let began = Instant::now();
    closed_until(target, first, connections, |_| began.elapsed() >= time).await
}

/// Sends `calls` calls from start to end, back to back.
pub async fn calls(target: &Target, first: CallNumber, connections: u64, calls: u64) -> Result<Outcome> {
    let last = first + calls;
    closed_until(target, first, connections, |call| call >= last).await
}

async fn closed_until(
    target: &Target,
    first: CallNumber,
    connections: u64,
    enough: impl Fn(CallNumber) -> bool,
) -> Result<Outcome> {
    let bodies = |number| {
        let webhooks = Calls::new(first + number, connections).take_while(|webhook| !enough(webhook.call));
        webhooks.map(|webhook| webhook.body(target))
    };
    posts(target.address, &target.path, connections, bodies).await
}

/// Closed loop over all that `bodies` has for the connection of that number.
pub async fn posts<Bodies: Iterator<Item = String>>(
    address: SocketAddr,
    path: &str,
    connections: u64,
    bodies: impl Fn(u64) -> Bodies,
) -> Result<Outcome> {
    let began = Instant::now();
    let bodies = &bodies;
    let workers = (0..connections).map(|number| async move {
        let mut connection = Connection::open(address, None).await?;
        let mut outcome = Outcome::default();
        for body in bodies(number) {
            let sent = Instant::now();
            let (status, answer) = connection.send(Method::POST, path, body).await?;
            outcome.count(status, &answer, sent);
        }
        anyhow::Ok(outcome)
    });
    Ok(Outcome::join(try_join_all(workers).await?, began))
}

/// Open loop: `rate` webhooks per second over `connections`, regardless of the responses. Latencies count from the
/// moment the webhook was due, so that a server that falls behind is not flattered (no coordinated omission). `due` is
/// called with each webhook at that moment.
pub async fn open(
    target: &Target,
    first: CallNumber,
    (connections, rate): (u64, u64),
    time: Duration,
    due: impl Fn(CallNumber, Step, Instant),
) -> Result<Outcome> {
    let began = Instant::now();
    let due = &due;
    let workers = (0..connections).map(|number| async move {
        let mut connection = Connection::open(target.address, None).await?;
        let mut outcome = Outcome::default();
        for (turn, webhook) in Calls::new(first + number, connections).enumerate() {
            let place = turn as u64 * connections + number;
            let offset = Duration::from_secs_f64(place as f64 / rate as f64);
            if offset >= time {
                break;
            }
            let moment = began + offset;
            tokio::time::sleep_until(moment.into()).await;
            due(webhook.call, webhook.step, moment);
            let (status, body) = connection.send(Method::POST, &target.path, webhook.body(target)).await?;
            outcome.count(status, &body, moment);
        }
        anyhow::Ok(outcome)
    });
    Ok(Outcome::join(try_join_all(workers).await?, began))
}

/// What the server was told about a call: the last event answered with 200, and the last one sent.
pub struct Told {
    pub call: CallNumber,
    pub answered: Option<Step>,
    pub sent: Step,
}

/// Closed loop until the server stops answering; returns what is known about each call.
pub async fn until_it_breaks(target: &Target, first: CallNumber, connections: u64) -> Vec<Told> {
    let workers = (0..connections).map(|number| async move {
        let mut told: Vec<Told> = Vec::new();
        let Ok(mut connection) = Connection::open(target.address, None).await else { return told };
        for webhook in Calls::new(first + number, connections) {
            let Webhook { call, step } = webhook;
            match told.last_mut() {
                Some(last) if last.call == call => last.sent = step,
                _ => told.push(Told { call, answered: None, sent: step }),
            }
            match connection.send(Method::POST, &target.path, webhook.body(target)).await {
                Ok((StatusCode::OK, _)) => {
                    if let Some(last) = told.last_mut() {
                        last.answered = Some(step);
                    }
                }
                _ => break,
            }
        }
        told
    });
    futures::future::join_all(workers).await.into_iter().flatten().collect()
}
