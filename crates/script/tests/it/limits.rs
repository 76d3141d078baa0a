//! Every limit, broken; and the module goes on working.

use std::time::{Duration, Instant};

use hookswitch_script::{CallContext, EngineThreads, Function, Limits, ScriptError};
use serde_json::{Value, json};

use crate::support::{Script, eval, load, load_with, soon, tight};

/// A script whose `VoipTestConnection` has this body, and which can say that it is well.
fn script_with(body: &str, limits: Limits) -> Script {
    let source = format!(
        "async function VoipTestConnection(): Promise<any> {{\n{body}\n}}\n\
         function VoipGetCallLink(data: any) {{ return data + 1; }}"
    );
    load_with(&source, limits, json!({}))
}

/// Calls it, expects that error, and checks that the module still works. Gives the error.
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
    assert_eq!(error.position().map(|at| at.line), Some(1), "the line of the function that loops");
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

/// An expression that nests so many lists.
fn nested(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

#[tokio::test]
async fn a_result_nests_32_levels_at_most_however_it_is_made() {
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
async fn results_without_end_are_cut_off() {
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
async fn promises_that_nothing_can_settle() {
    let limits = Limits { wall_ms: 60_000, ..tight() };
    let error = broken("await new Promise(() => {})", "neverSettles", limits.clone()).await;
    assert_eq!(error.to_string(), "VoipTestConnection returned a promise that nothing can settle any more");
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
async fn answers_that_come_at_once_share_the_calls_bytes() {
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
async fn the_process_has_room_for_so_many_bytes_at_once() {
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
async fn a_limit_broken_by_one_call_leaves_the_others_in_flight_alone() {
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

/// What would hold a core for minutes or for ever, if the language's own loops had no bounds.
const NATIVE_LOOPS: &[&str] = &[
    "return 'x'.repeat(2e7).indexOf('x'.repeat(1e7) + 'y')",
    "return 'x'.repeat(2e7).lastIndexOf('y' + 'x'.repeat(1e7))",
    "return 'x'.repeat(2e7).includes('x'.repeat(1e7) + 'y')",
    "return 'x'.repeat(2e7).split('x'.repeat(1e7) + 'y').length",
    "return 'x'.repeat(2e7).replace('x'.repeat(1e7) + 'y', '').length",
    "return 'x'.repeat(2e7).replaceAll('x'.repeat(1e7) + 'y', '').length",
    "while (true) 'x'.repeat(5e6).indexOf('y')",
    "while (true) try { 'x'.repeat(5e6).indexOf('y') } catch {}",
    "return '\\u0301\\u0323'.repeat(2e6).normalize('NFD').length",
    "return '\\u0301\\u0323'.repeat(2e6).localeCompare('\\u0323\\u0301'.repeat(2e6))",
    "return Array.prototype.concat.call({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true })",
    "return [].concat({ length: 2 ** 53 - 1, [Symbol.isConcatSpreadable]: true } as any)",
    "return Array.prototype.join.call({ length: 2 ** 53 - 1 }, '')",
    "return Array.prototype.toLocaleString.call({ length: 2 ** 53 - 1 })",
    "return Array.prototype.reverse.call({ length: 2 ** 53 - 1 })",
    "return Array.prototype.copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)",
    "return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
    "return Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)",
    "return Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1)",
    "return Array.prototype.fill.call({ length: 2 ** 53 - 1 }, 1)",
    "return Array.prototype.slice.call({ length: 2 ** 53 - 1 }, 0, 4e9)",
    "return Array.prototype.splice.call({ length: 2 ** 53 - 1 }, 0, 2 ** 53 - 2)",
    "return Array.prototype.shift.call({ length: 2 ** 53 - 1 })",
    "return Array.prototype.unshift.call({ length: 2 ** 53 - 10 }, 1)",
    "return Array.prototype.sort.call({ length: 2 ** 53 - 1 })",
    "return Array.prototype.forEach.call({ length: 2 ** 53 - 1 }, () => {})",
    "return Array.prototype.map.call(new Array(4294967295), () => {}).length",
    "return Array.prototype.flat.call({ length: 2 ** 53 - 1 })",
    "return [0].flatMap(() => new Array(4294967295)).length",
    "return [[new Array(4294967295)]].flat(2).length",
    "let a: any = []; for (let i = 0; i < 60; i++) a = [a, a]; return a.flat(Infinity).length",
    "return new Array(4294967295).join('').length",
    "return new Array(1e9).fill(0).join()",
    "const a: any[] = []; a.length = 4294967295; return a.reverse().length",
    "const a: any[] = []; a.length = 4294967295; return a.sort().length",
    "const a: any[] = []; a.length = 4294967295; return a.toSorted().length",
    "const a: any[] = []; a.length = 4294967295; return a.toReversed().length",
    "return Array.from({ length: 1e9 }).length",
    "return [...Array.prototype.values.call({ length: 2 ** 53 - 1 })].length",
    "return new Set(Array.prototype.values.call({ length: 2 ** 53 - 1 })).size",
    "return new Map(Array.prototype.entries.call({ length: 2 ** 53 - 1 })).size",
    "return (Array.prototype.keys.call({ length: 2 ** 53 - 1 }) as any).drop(2 ** 53 - 2).next()",
    "return (Array.prototype.values.call({ length: 2 ** 53 - 1 }) as any).includes?.(1)",
    "return (Math as any).sumPrecise?.(Array.prototype.keys.call({ length: 2 ** 53 - 1 }))",
    "return (new Set([1]) as any).union?.({ size: 1, has: () => true, keys: () => Array.prototype.values.call({ length: 2 ** 53 - 1 }) })",
    "const a = 'x'.repeat(3e6) + 'a'; return new Array(3e5).fill(a).indexOf('x'.repeat(3e6) + 'b')",
    "const a = 'x'.repeat(3e6) + 'a'; return new Set(new Array(3e5).fill(a)).size",
    "const a = 'x'.repeat(3e6); return new Array(3e5).fill(a).sort().length",
    "return Array.prototype.sort.call(new Array(3e5).fill('x'.repeat(3e6))).length",
    "return new Uint8Array({ length: 2 ** 53 - 1 } as any).length",
    "return Uint8Array.from({ length: 1e9 } as any).length",
    "return 2n ** 10_000_000n",
    "let n = 3n; while (true) n = n * n",
    "return BigInt('9'.repeat(1e6)).toString().length",
    "return BigInt.asUintN(2 ** 53 - 1, -1n)",
    "return String.raw({ raw: { length: 2 ** 53 - 1 } } as any)",
    "return String.fromCharCode.apply(null, { length: 2 ** 53 - 1 } as any)",
    "return Math.max.apply(null, new Array(1e6).fill(1))",
    "return JSON.stringify(new Array(4294967295))",
    "return JSON.stringify({}, new Array(4294967295)) ",
    "return new RegExp('[' + Array.from({ length: 60000 }, (_, i) => String.fromCharCode(i * 1 + (i % 2))).join('').replace(/[\\]\\\\^-]/g, '') + ']', 'i').test('a')",
    "return new RegExp('(?:a{1000}){1000}'.repeat(1000)).test('a')",
    "return new RegExp('(?:(?:(?:a{1,1000}){1,1000}){1,1000}){1,1000}b').test('a'.repeat(1e5))",
    "return 'x'.repeat(3e6).split(/y/).length",
    "return 'x'.repeat(3e6).replace(/x*y/g, '').length",
    "return /^(a+)+$/.test('a'.repeat(40) + 'b')",
    "return Object.keys('x'.repeat(1e7)).length",
    "return Object.assign({}, 'x'.repeat(1e7))",
    "return new Array(4294967295).toString().length",
    "return `${new Array(4294967295)}`.length",
];

#[tokio::test]
async fn the_languages_own_loops_come_to_an_end() {
    let limits = Limits { cpu_ms: 100, wall_ms: 30_000, memory_bytes: 64 << 20, ..Limits::default() };
    for body in NATIVE_LOOPS {
        let script = script_with(body, limits.clone());
        // Whatever it gives: it ends by itself.
        let _outcome = script.test().await;
        assert_eq!(script.engine.threads().stuck, 0, "{body}");
        assert_eq!(script.link(json!(1)).await, Ok(json!(2)), "after {body}");
    }
}

/// Takes long in native code: the digits of a large number are found one by one.
const STUCK: &str =
    "function VoipTestConnection() { return [3n ** 600_000n, 3n ** 600_001n, 3n ** 600_002n].join().length; }
                     function VoipGetCallLink(data: any) { return data; }";

#[tokio::test]
async fn with_too_many_stuck_scripts_no_further_one_is_started() {
    let limits = Limits { cpu_ms: 50, wall_ms: 300, stuck_threads: 1, ..tight() };
    let stuck = load_with(STUCK, limits, json!({}));
    let running = stuck.beside("function VoipTestConnection() { return 'runs'; }");
    let later = stuck.beside("function VoipTestConnection() { return 'later'; }");
    assert_eq!(running.test().await, Ok(json!("runs")));
    assert_eq!(stuck.test().await.unwrap_err().code(), "cpuTime");
    assert_eq!(stuck.engine.threads(), EngineThreads { stuck: 1, most: 1 });

    let engine = stuck.engine.clone();
    drop(stuck);
    assert_eq!(engine.threads().stuck, 1, "a module that is gone counts");
    assert_eq!(running.test().await, Ok(json!("runs")), "what runs goes on");
    let refused = later.test().await.unwrap_err();
    assert!(refused.to_string().contains("1 other scripts are stuck"), "{refused}");

    while engine.threads().stuck > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(later.test().await, Ok(json!("later")));
}

#[tokio::test]
async fn code_that_is_compiled_with_no_memory_left_hurts_only_its_module() {
    const CODES: [&str; 2] = [
        "for(;;) { if (a) break; }",
        "async function f() { try { while (true) { await [1, { a: `${b}` }]; } } catch (error) { return g(error); } }",
    ];
    // All memory is taken in small pieces, and given back piece by piece until the code can be compiled.
    let source = "
        function VoipGetCallLink({ compile, code }: any) {
            let pieces: any = null;
            const kinds: any = {
                eval, Function, async: (async () => {}).constructor, generator: (function* () {}).constructor,
                hidden: Object.getPrototypeOf((async () => {}).constructor),
                built: (...code: string[]) => Reflect.construct(Function, code),
            };
            const make = kinds[compile];
            try { while (true) pieces = { pieces }; } catch {}
            let refused = 0;
            for (; pieces; pieces = pieces.pieces) {
                try { make(code); return refused; } catch { refused += 1; }
            }
            return refused;
        }";
    let limits = Limits { memory_bytes: 3_000_000, cpu_ms: 20_000, wall_ms: 20_000, ..tight() };
    let script = load_with(source, limits, json!({}));
    for (compile, code) in [
        ("eval", CODES[0]),
        ("eval", CODES[1]),
        ("Function", CODES[0]),
        ("async", CODES[0]),
        ("generator", CODES[0]),
        ("hidden", CODES[0]),
        ("built", CODES[0]),
    ] {
        let outcome = soon(script.link(json!({ "compile": compile, "code": code }))).await;
        let refused = outcome.as_ref().ok().and_then(Value::as_u64);
        assert!(refused.is_some_and(|refused| refused > 100), "{compile}: {outcome:?}");
    }
}

#[tokio::test]
async fn code_is_compiled_where_there_is_room() {
    let body = "
        const kinds = [async () => {}, function* () {}, async function* () {}].map((kind) => kind.constructor);
        class Own extends Function {}
        return [
            (0, eval)('1 + 1'), eval(5 as any), new Function('a', 'b', 'return a * b')(3, 4), Function('return 7')(),
            kinds.map((kind: any) => Object.getPrototypeOf(kind) === Function), (() => {}).constructor === Function,
            (kinds[0] as any)('return 8')() instanceof Promise, new Own('return 9')(), Function.name, eval.name,
        ];";
    let expected = json!([2, 5, 12, 7, [true, true, true], true, true, 9, "Function", "eval"]);
    assert_eq!(eval(body).await, Ok(expected));
    for long in ["(0, eval)(code)", "Function(code)", "new Function({ toString: () => code } as any)"] {
        let error = eval(&format!("const code = 'f(()=>1);'.repeat(1e5); return {long}"))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("too little memory left to compile"), "{error}");
    }
}
