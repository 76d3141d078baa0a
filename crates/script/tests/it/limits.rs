//! Every limit, broken; the module works on afterwards.

use std::time::{Duration, Instant};

use hookswitch_script::{CallContext, Function, Limits, ScriptError};
use serde_json::{Value, json};

use crate::support::{eval, load, load_with, script_with, soon, tight};

/// Calls it, expects an error with this code, and checks that the module still works. Returns the error.
async fn broken(body: &str, code: &str, limits: Limits) -> ScriptError {
    let script = script_with(body, limits);
    let error = soon(script.test()).await.unwrap_err();
    assert_eq!(error.code(), code, "{body}: {error:?}");
    assert_eq!(soon(script.link(json!(1))).await.unwrap(), json!(2), "after {body}");
    error
}

#[tokio::test]
async fn cpu_time() {
    let error = broken("let n = 0;\nwhile (true) {\n  n += 1;\n}", "cpuTime", tight()).await;
    assert_eq!(
        error.to_string().split(" (line").next(),
        Some("the script used more than its 200 ms of CPU time")
    );
    assert_eq!(error.position().map(|at| at.line), Some(1), "the line of the looping function");
    broken("for (;;) { try { while (true) {} } catch { } finally { continue; } }", "cpuTime", tight()).await;
    broken(
        "const again = () => { Promise.resolve().then(again); }; again(); await new Promise(() => {});",
        "cpuTime",
        tight(),
    )
    .await;
    broken("async function spin() { while (true) await null; } await spin();", "cpuTime", tight()).await;
    let roomy = Limits { memory_bytes: 256 << 20, ..tight() };
    broken(
        "const f = () => { Promise.resolve().then(f); Promise.resolve().then(f); }; f();",
        "cpuTime",
        roomy,
    )
    .await;
    broken("return /^(a+)+$/.test('a'.repeat(40) + 'b')", "cpuTime", tight()).await;
    broken("await fetch('https://example.com/'); while (true) {}", "cpuTime", tight()).await;
    broken("setTimeout(() => { while (true) {} }, 1); await new Promise(() => {});", "cpuTime", tight())
        .await;
    broken("return { toJSON() { while (true) {} } }", "cpuTime", tight()).await;
    broken("throw { toString() { while (true) {} }, get a() { while (true) {} } }", "cpuTime", tight()).await;
}

#[tokio::test]
async fn cpu_time_while_loading() {
    let script = load("while (true) {}\nfunction VoipTestConnection() {}");
    let error = soon(script.test()).await.unwrap_err();
    assert_eq!(error.code(), "cpuTime");
}

#[tokio::test]
async fn wall_time() {
    let limits = Limits { wall_ms: 100, ..tight() };
    broken("await fetch('https://example.com/never')", "wallTime", limits.clone()).await;
    broken("await new Promise((resolve) => setTimeout(resolve, 60000))", "wallTime", limits.clone()).await;
    broken("setInterval(() => {}, 10); await new Promise(() => {});", "wallTime", limits).await;
}

#[tokio::test]
async fn memory() {
    broken("return 'x'.repeat(1e9).length", "memory", tight()).await;
    broken("const all: any[] = []; while (true) all.push(new Array(1000).fill(0));", "memory", tight()).await;
    broken("const all: any[] = []; while (true) all.push({ a: all.length });", "memory", tight()).await;
    broken("let s = 'x'; while (s.length < 5e8) s += s; return s.indexOf('y')", "memory", tight()).await;
    broken("return new Uint8Array(1e9)", "memory", tight()).await;
    broken("return Array.from({ length: 1e9 }, (_, i) => ({ i }))", "memory", tight()).await;
    broken("return JSON.parse('[' + '{\"a\":[1,2,3]},'.repeat(400000) + '1]')", "memory", tight()).await;
}

#[tokio::test]
async fn stack() {
    broken("const deep = (): any => deep() + 1; return deep();", "stack", tight()).await;
    broken("async function deep(): Promise<any> { return await deep(); } return deep();", "stack", tight())
        .await;
    let nested = "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a];";
    broken(&format!("{nested} return a;"), "resultDepth", tight()).await;
    broken(&format!("{nested} return JSON.stringify(a);"), "stack", tight()).await;
    broken(&format!("{nested} console.log(a); return 'x'.repeat(1e9)"), "memory", tight()).await;
    broken("return JSON.parse('['.repeat(1e6))", "stack", tight()).await;
}

/// An expression of lists nested this deep.
fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[tokio::test]
async fn a_result_nests_at_most_32_levels_however_it_is_made() {
    for within in [
        nested(32),
        "Array.from({ length: 31 }).reduce((inner) => ({ inner }), [])".to_owned(),
        "{ toJSON: () => Object.create({ toJSON: () => 1 }) }".to_owned(),
    ] {
        eval(&format!("return {within}")).await.unwrap_or_else(|error| panic!("{within}: {error}"));
    }
    for over in [
        nested(33),
        "Array.from({ length: 125 }).reduce((inner) => ({ inner }), [])".to_owned(),
        "(() => { const a: any = { b: [] }; a.b.push(a); return a; })()".to_owned(),
        "(() => { const make = (): any => ({ get a() { return make(); } }); return make(); })()".to_owned(),
        "(() => { const make = (): any => ({ toJSON: () => [make()] }); return make(); })()".to_owned(),
        "(() => { const make = (): any => new Proxy([], { get: (_, key) => key === 'length' ? 1 : make() }); return make(); })()"
            .to_owned(),
        "(() => { const make = (): any => new Proxy({}, { ownKeys: () => ['a'], get: (_, key) => key === 'a' ? make() : undefined, \
         getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: 1 }) }); return make(); })()"
            .to_owned(),
    ] {
        let error = broken(&format!("return {{ callRecord: {{ call: {over} }} }}"), "resultDepth", tight()).await;
        assert!(error.to_string().contains("32 levels of objects and lists"), "{error}");
        let stored = format!("await Namespace.storage.set('k', {over})");
        assert!(eval(&stored).await.unwrap_err().to_string().contains("at most 32 levels"), "{over}");
    }
    let json = "return new HttpResponse().json(JSON.parse('['.repeat(33) + ']'.repeat(33)))";
    assert!(eval(json).await.unwrap_err().to_string().contains("at most 32 levels"));
    let logged = "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; console.log(a); return 1";
    assert_eq!(eval(logged).await.unwrap(), json!(1));
    let sent = "await fetch('https://example.com/echo', { method: 'POST', body: '['.repeat(1e5), \
                headers: { 'content-type': 'application/json' } })";
    assert!(eval(sent).await.unwrap_err().to_string().contains("at most 32 levels"));
}

#[tokio::test]
async fn endless_results_are_cut_off() {
    for endless in [
        "new Array(4294967295)",
        "new Proxy([], { get: (_, key) => key === 'length' ? 2 ** 53 - 1 : undefined })",
        "(() => { let a: any = [1, 2]; for (let i = 0; i < 25; i++) a = [a, a]; return a; })()",
        "'\\ud800'.repeat(1e6)",
        "new Uint8Array(3e6)",
    ] {
        let limits = Limits { cpu_ms: 5_000, wall_ms: 8_000, ..tight() };
        broken(&format!("return {endless}"), "resultSize", limits).await;
    }
}

#[tokio::test]
async fn promises_that_can_never_be_settled() {
    let limits = Limits { wall_ms: 60_000, ..tight() };
    let error = broken("await new Promise(() => {})", "neverSettles", limits.clone()).await;
    assert_eq!(error.to_string(), "VoipTestConnection returned a promise that can never be settled");
    broken("return { then() {} }", "neverSettles", limits).await;
}

#[tokio::test]
async fn fetches() {
    let body = "for (let i = 0; i < 10000; i++) await fetch('https://example.com/status/204');";
    let error = broken(body, "fetchCount", tight()).await;
    assert!(error.to_string().contains("50 fetch calls"), "{error}");
    let caught = "for (let i = 0; i < 10000; i++) try { await fetch('https://example.com/status/204') } catch {} return 1";
    broken(caught, "fetchCount", tight()).await;
    let at_once = "await Promise.allSettled(Array.from({ length: 10000 }, () => fetch('https://example.com/status/204')))";
    broken(at_once, "fetchCount", tight()).await;
}

#[tokio::test]
async fn fetched_bytes() {
    let limits = Limits { fetch_bytes: 10_000, fetch_response_bytes: 6_000, ..tight() };
    broken("await fetch('https://example.com/bytes/6001')", "fetchBytes", limits.clone()).await;
    broken("await fetch('https://example.com/tooLarge').catch(() => 1)", "fetchBytes", limits.clone()).await;
    let two = "await fetch('https://example.com/bytes/5001'); await fetch('https://example.com/bytes/5001')";
    broken(two, "fetchBytes", limits.clone()).await;
    let sent = "await fetch('https://example.com/status/200', { method: 'POST', body: 'x'.repeat(10001) })";
    broken(sent, "fetchBytes", limits.clone()).await;

    let within = script_with(
        "await fetch('https://example.com/bytes/4000'); await fetch('https://example.com/bytes/5000'); return 1",
        limits,
    );
    assert_eq!(within.test().await.unwrap(), json!(1));
    let allowed: Vec<u64> =
        within.host.requests.lock().unwrap().iter().map(|(_, one)| one.max_response_bytes).collect();
    assert_eq!(allowed, [6_000, 6_000]);
}

#[tokio::test]
async fn concurrent_responses_share_the_calls_bytes() {
    let limits = Limits { fetch_bytes: 100_000, fetch_response_bytes: 100_000, ..tight() };
    let at_once = |count: usize| {
        format!(
            "await Promise.all(Array.from({{ length: {count} }}, () => fetch('https://example.com/bytes/20000')))"
        )
    };
    let within = script_with(&format!("{}; return 1", at_once(5)), limits.clone());
    assert_eq!(within.test().await, Ok(json!(1)));
    broken(&at_once(6), "fetchBytes", limits).await;
}

#[tokio::test]
async fn the_process_has_limited_room_for_bytes() {
    let limits = Limits { fetch_process_bytes: 64 << 10, wall_ms: 8_000, ..tight() };
    let script = script_with(
        "return (await fetch('https://example.com/bytes/60000')).arrayBuffer().then((b) => b.byteLength)",
        limits,
    );
    let calls = (0..20).map(|_| script.test());
    for result in futures::future::join_all(calls).await {
        assert_eq!(result, Ok(json!(60_000)), "it waits for its turn");
    }
    let too_large = script.beside("async function VoipTestConnection() { await fetch('https://example.com/bytes/70000').catch((e) => { throw new Error(e.code) }) }");
    assert_eq!(too_large.test().await.unwrap_err().to_string().split(" (").next(), Some("Error: noRoom"));
}

#[tokio::test]
async fn storage_log_result_and_timers() {
    broken("for (let i = 0; i < 1000; i++) await Namespace.storage.get('k')", "storageCount", tight()).await;
    let error =
        broken("const line = 'x'.repeat(1000);\nwhile (true) console.log(line);", "logVolume", tight()).await;
    assert_eq!(error.position().map(|at| at.line), Some(3));
    broken("return 'x'.repeat(3e6)", "resultSize", tight()).await;
    broken("for (;;) setTimeout(() => {}, 1000)", "timerCount", tight()).await;
}

#[tokio::test]
async fn values_too_large_to_store_are_refused() {
    let script = script_with("await Namespace.storage.set('k', 'x'.repeat(70000))", tight());
    assert!(script.test().await.unwrap_err().to_string().contains("at most 65536 bytes"));
    let script = script_with("await Namespace.storage.set('k'.repeat(600), 1)", tight());
    assert!(script.test().await.unwrap_err().to_string().contains("1 to 512 bytes"));
}

#[tokio::test]
async fn a_full_queue_is_refused_and_a_slot_can_be_kept() {
    let limits = Limits { queue_calls: 2, wall_ms: 5_000, ..tight() };
    let script = script_with("await fetch('https://example.com/gate'); return 1", limits);
    let first = script.handle.try_reserve().unwrap();
    let second = script.handle.try_reserve().unwrap();
    assert!(script.handle.try_reserve().is_none());
    assert_eq!(script.test().await.unwrap_err(), ScriptError::Busy);

    drop(second);
    let running = tokio::spawn(first.call(Function::TestConnection, vec![], CallContext::default()));
    script.host.arrived.notified().await;
    assert_eq!(
        script.link(json!(1)).await.unwrap(),
        json!(2),
        "the second slot is free, the first call waits for its fetch"
    );
    script.host.gate.notify_one();
    assert_eq!(soon(running).await.unwrap().unwrap().value, json!(1));
}

#[tokio::test]
async fn a_limit_broken_by_one_call_spares_the_others_in_flight() {
    let script = load_with(
        "async function VoipTestConnection() { await fetch('https://example.com/gate'); return 'done'; }
         function VoipGetCallLink(data: any) { if (data === 'spin') while (true) {} return data; }",
        Limits { wall_ms: 5_000, ..tight() },
        json!({}),
    );
    let handle = script.handle.clone();
    let waiting =
        tokio::spawn(
            async move { handle.call(Function::TestConnection, vec![], CallContext::default()).await },
        );
    script.host.arrived.notified().await;
    assert_eq!(script.link(json!("spin")).await.unwrap_err().code(), "cpuTime");
    let handle = script.handle.clone();
    let next = tokio::spawn(async move {
        handle.call(Function::GetCallLink, vec![json!(7)], CallContext::default()).await
    });
    script.host.gate.notify_one();
    assert_eq!(soon(waiting).await.unwrap().unwrap().value, json!("done"));
    assert_eq!(soon(next).await.unwrap().unwrap().value, json!(7));
}

#[tokio::test]
async fn a_noisy_module_does_not_delay_another() {
    let noisy = load("function VoipTestConnection() { while (true) {} }");
    let quiet = load("function VoipTestConnection() { return 1; }");
    quiet.test().await.unwrap();
    let handle = noisy.handle.clone();
    let spinning =
        tokio::spawn(
            async move { handle.call(Function::TestConnection, vec![], CallContext::default()).await },
        );
    let started = Instant::now();
    for _ in 0..20 {
        assert_eq!(quiet.test().await.unwrap(), json!(1));
    }
    assert!(started.elapsed() < Duration::from_millis(150), "{:?}", started.elapsed());
    assert!(!spinning.is_finished());
    assert_eq!(soon(spinning).await.unwrap().unwrap_err().code(), "cpuTime");
}

#[tokio::test]
async fn memory_limits_of_any_size_end_the_call_and_nothing_else() {
    let source = "async function VoipTestConnection() {
        const all: any[] = [];
        try { while (true) { all.push({ text: 'x'.repeat(100), list: [1, 2, 3] }); await null; } }
        catch (error) { return fetch('https://example.com/echo'); } }";
    for kilobytes in (150..1_500).step_by(7) {
        let limits = Limits { memory_bytes: kilobytes << 10, cpu_ms: 5_000, wall_ms: 5_000, ..tight() };
        let result: Result<Value, ScriptError> = soon(load_with(source, limits, json!({})).test()).await;
        if let Err(error) = result {
            assert!(
                matches!(error.code(), "memory" | "engine" | "neverSettles" | "threw"),
                "{kilobytes}: {error:?}"
            );
        }
    }
}
