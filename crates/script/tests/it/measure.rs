//! Benchmarks, on request: `cargo test --release -p hookswitch-script measure -- --ignored --nocapture`.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;

use hookswitch_script::{CallContext, Function, Limits, compile};
use serde_json::json;

use crate::support::load_with;

const SCRIPT: &str = include_str!("../../../../modules/demo/module.ts");

/// Wall and CPU time of the process since its creation.
struct Since(Instant, ProcessTime);

impl Since {
    fn now() -> Self {
        Self(Instant::now(), ProcessTime::now())
    }

    fn each(&self, count: u32) -> String {
        let (wall, cpu): (Duration, Duration) = (self.0.elapsed() / count, self.1.elapsed() / count);
        format!("{wall:?} ({cpu:?} of CPU)")
    }
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures, asserts nothing"]
async fn measure() {
    let mut report = String::new();
    let started = Since::now();
    for _ in 0..200 {
        compile(SCRIPT).unwrap();
    }
    writeln!(report, "compile {} bytes: {}", SCRIPT.len(), started.each(200)).unwrap();

    let fresh = Limits { recycle_calls: 1, ..Limits::default() };
    let trivial = "function VoipTestConnection() { return { ok: true }; }";
    for (name, source) in [("trivial script", trivial), ("demo module", SCRIPT)] {
        let script = load_with(source, fresh.clone(), json!({}));
        script.handle.functions().await.unwrap();
        let started = Since::now();
        for _ in 0..200 {
            // The result does not matter: the demo module has no server to ask here.
            let _ = script.test().await;
        }
        writeln!(report, "fresh runtime, {name}, and a call: {}", started.each(200)).unwrap();
    }

    let script = load_with(trivial, Limits::default(), json!({}));
    script.test().await.unwrap();
    let (mut cpu, count) = (0, 9_000);
    let started = Since::now();
    for _ in 0..count {
        cpu += script.call(Function::TestConnection, vec![]).await.unwrap().cpu_micros;
    }
    let (one_by_one, cpu) = (started.each(count), cpu / u64::from(count));
    writeln!(report, "warm trivial call, one after the other: {one_by_one}, {cpu} µs of CPU in the script")
        .unwrap();

    let script = load_with(trivial, Limits { recycle_calls: 1_000_000, ..Limits::default() }, json!({}));
    let started = Since::now();
    for _ in 0..500 {
        let slots: Vec<_> = (0..64).filter_map(|_| script.handle.try_reserve()).collect();
        let calls: Vec<_> = slots
            .into_iter()
            .map(|slot| tokio::spawn(slot.call(Function::TestConnection, vec![], CallContext::default())))
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
    }
    writeln!(report, "warm trivial call, 64 at once: {}", started.each(32_000)).unwrap();

    let before = resident_kilobytes();
    let mut modules = Vec::new();
    for _ in 0..10 {
        let script = load_with(SCRIPT, Limits::default(), json!({}));
        script.handle.functions().await.unwrap();
        modules.push(script);
    }
    writeln!(report, "10 more modules loaded: {} KB resident each", (resident_kilobytes() - before) / 10)
        .unwrap();
    println!("{report}");
}
