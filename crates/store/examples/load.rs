//! Benchmarks the store alone: `cargo run --release --example load -- [URL] [WEBHOOKS] [TASKS]`.
//!
//! Each webhook is accepted and applied as in the server; four make a call. Without a URL the database is a SQLite file
//! in the temporary folder.

use hookswitch_model::phone::Written;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::batch::{Submission, TargetedFact};
use hookswitch_model::contract::{Context, facts, parse_result};
use hookswitch_model::{ModuleId, RequestId, UserId};
use hookswitch_store::{Apply, NewRequest, Outcome, OutcomeStatus, SecretKey, Store};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};

const EVENTS: u64 = 4;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let folder = tempfile::tempdir()?;
    let url =
        arguments.next().unwrap_or_else(|| format!("sqlite:{}", folder.path().join("load.db").display()));
    let webhooks: u64 = arguments.next().map_or(Ok(200_000), |number| number.parse())?;
    let tasks: u64 = arguments.next().map_or(Ok(64), |number| number.parse())?;
    let store = Store::open(&url, &SecretKey::from_bytes([7; 32])).await?;
    let next_call = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let running: Vec<_> = (0..tasks)
        .map(|_| tokio::spawn(one_line(store.clone(), Arc::clone(&next_call), webhooks / EVENTS)))
        .collect();
    let mut times = Vec::new();
    for task in running {
        times.extend(task.await??);
    }
    let took = began.elapsed();
    times.sort();
    let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or(Duration::ZERO);
    #[expect(clippy::print_stdout, reason = "a command-line program")]
    {
        let rate = times.len() as f64 / took.as_secs_f64();
        println!(
            "{} webhooks in {took:.2?}: {rate:.0}/s; p50 {:.2?}, p99 {:.2?}",
            times.len(),
            at(50),
            at(99)
        );
    }
    store.close().await;
    Ok(())
}

/// One provider's line: call after call, event after event.
async fn one_line(store: Store, next_call: Arc<AtomicU64>, calls: u64) -> Result<Vec<Duration>, Failure> {
    let module = ModuleId::new(DateTime::UNIX_EPOCH, [1; 10]);
    let mut times = Vec::new();
    loop {
        let call = next_call.fetch_add(1, Ordering::Relaxed);
        if call >= calls {
            return Ok(times);
        }
        for event in 0..EVENTS {
            let began = Instant::now();
            webhook(&store, module, call, event).await?;
            times.push(began.elapsed());
        }
    }
}

async fn webhook(store: &Store, module: ModuleId, call: u64, event: u64) -> Result<(), Failure> {
    let now: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::milliseconds((call * EVENTS + event) as i64);
    let result = script_result(call, event);
    let request = NewRequest {
        id: RequestId::new(now, rand::random()),
        module_id: module,
        received_at: now,
        method: "POST".to_owned(),
        path: "/".to_owned(),
        query: to_raw_value(&json!({}))?,
        headers: to_raw_value(&json!({
            "content-type": "application/x-www-form-urlencoded", "user-agent": "provider/1.0",
            "signature": "NjVhNGQ3ZjA0YzYxNzM2ZDU2ZTI2MGRkMjM1Y2E1N2E2ZDYyMzA4Nw==", "host": "hookswitch.example.org",
        }))?,
        sealed: Some(to_raw_value(
            &json!({ "target": "/webhooks/018f0000-0000-7000-8000-000000000000?token=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" }),
        )?),
        body: result.to_string().into_bytes(),
        remote_address: Some("192.0.2.1".to_owned()),
    };
    let id = request.id;
    store.accept(request).await?;
    let facts = reported(call, id, now, result.clone())?;
    let outcome = Outcome {
        status: OutcomeStatus::Processed,
        error: None,
        response_status: 200,
        result: Some(to_raw_value(&result)?),
        steps: to_raw_value(&json!({ "queue": 12, "script": 80, "check": 9 }))?,
        script_version: Some(1),
    };
    let submission = Submission {
        request: Some(id),
        module_id: module,
        received_at: now,
        facts,
        replace: false,
        client: None,
        lead: None,
        now,
    };
    store.apply(Apply { submission, outcome: Some(outcome), request: None }).await?;
    Ok(())
}

fn reported(
    call: u64,
    request: RequestId,
    now: DateTime<Utc>,
    result: Value,
) -> Result<Vec<TargetedFact>, Failure> {
    let user = UserId::new(DateTime::UNIX_EPOCH, [(call % 50) as u8; 10]);
    let bound = |_: &str| Some(user);
    let context =
        Context { bound: &bound, country: None, written: Written::Both, received_at: now, source: request };
    Ok(facts(&parse_result(result)?, &context).into_iter().map(Into::into).collect())
}

fn script_result(call: u64, event: u64) -> Value {
    // Numbers and ids are spread as in production: nothing in their order helps the indexes.
    let spread = call.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20;
    let (id, client) = (format!("{spread:x}.{call}"), format!("+4930{:08}", spread % 100_000_000));
    let dst = format!("{}", 100 + call % 50);
    let numbers = json!({ "srcPhone": client, "dstPhone": dst, "direction": "in", "callId": id });
    let with = |mut more: Value| {
        if let (Some(more), Some(numbers)) = (more.as_object_mut(), numbers.as_object()) {
            more.extend(numbers.clone());
        }
        more
    };
    match event {
        0 => json!({ "event": with(json!({ "event": "notifyStart", "disposition": "unknown" })) }),
        1 => json!({ "event": with(json!({ "event": "notifyAnswer", "disposition": "answered" })) }),
        2 => json!({ "event": with(json!({ "event": "notifyEnd", "disposition": "answered" })) }),
        _ => json!({ "callRecord":
            with(json!({ "disposition": "answered", "duration": 42, "call": { "recording": id } })) }),
    }
}
