//! Calls beside each other, modules beside each other, and scripts that try to break out.

use std::time::Duration;

use hookswitch_script::{CallContext, Function, Limits};
use serde_json::{Value, json};

use crate::support::{Script, eval, load, load_with, soon, tight, value};

fn begin(
    script: &Script,
    function: Function,
    argument: Value,
) -> tokio::task::JoinHandle<Result<Value, String>> {
    let handle = script.handle.clone();
    tokio::spawn(async move {
        let outcome = handle.call(function, vec![argument], CallContext::default()).await;
        outcome.map(|outcome| outcome.value).map_err(|error| error.code().to_owned())
    })
}

#[tokio::test]
async fn calls_of_one_module_interleave_where_they_wait() {
    let script = load(
        "async function VoipTestConnection() { await fetch('https://example.com/gate'); return 'slow'; }
         function VoipGetCallLink(data: any) { return data; }",
    );
    let slow = begin(&script, Function::TestConnection, json!(null));
    script.host.arrived.notified().await;
    assert_eq!(script.link(json!("quick")).await.unwrap(), json!("quick"));
    assert!(!slow.is_finished());
    script.host.gate.notify_one();
    assert_eq!(soon(slow).await.unwrap(), Ok(json!("slow")));
}

#[tokio::test]
async fn calls_may_share_a_promise() {
    let script = load(
        "let token: Promise<string> | undefined;
         const login = async () => { await fetch('https://example.com/gate'); return 'token'; };
         async function VoipGetCallLink(name: string) {
            token ??= login();
            const value = await token;
            await new Promise((resolve) => setTimeout(resolve, 5));
            await fetch('https://example.com/echo');
            return name + value;
         }",
    );
    let calls = ["a", "b", "c"].map(|name| begin(&script, Function::GetCallLink, json!(name)));
    script.host.arrived.notified().await;
    // The gate opens only when all three wait for it: a fourth call is answered after them.
    script.handle.functions().await.unwrap();
    script.host.gate.notify_one();
    for (call, expected) in calls.into_iter().zip(["atoken", "btoken", "ctoken"]) {
        assert_eq!(soon(call).await.unwrap(), Ok(json!(expected)));
    }
}

#[tokio::test]
async fn work_left_behind_ends_with_its_call() {
    let script = load(
        "let fired = 0;
         function VoipTestConnection() { setInterval(() => { fired += 1; }, 1); fetch('https://example.com/never'); return 1; }
         async function VoipGetCallLink() { const before = fired; await new Promise((r) => setTimeout(r, 20)); return fired - before; }",
    );
    script.test().await.unwrap();
    assert_eq!(script.link(json!(null)).await.unwrap(), json!(0));
}

#[tokio::test]
async fn a_runtime_is_replaced_after_so_many_calls() {
    let source = "let n = 0; function VoipTestConnection() { n += 1; return n; }";
    let script = load_with(source, Limits { recycle_calls: 3, ..tight() }, json!({}));
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(script.test().await.unwrap().as_u64().unwrap());
    }
    assert_eq!(seen, [1, 2, 3, 1, 2, 3, 1]);
}

#[tokio::test]
async fn a_runtime_is_replaced_when_it_has_grown() {
    let source = "const kept: any[] = []; function VoipTestConnection() { kept.push(new Uint8Array(100000)); return kept.length; }";
    let script = load(source);
    let mut largest = 0;
    for _ in 0..500 {
        largest = largest.max(script.test().await.unwrap().as_u64().unwrap());
    }
    assert!(largest < 250, "{largest}");
}

#[tokio::test]
async fn new_settings_are_seen_at_the_top_level_too() {
    let script = load_with(
        "const key = Namespace.params.data.key;
         async function VoipTestConnection() { return [key, Namespace.params.data.key]; }
         async function VoipGetCallLink() { await fetch('https://example.com/gate'); return key; }",
        tight(),
        json!({ "key": "old" }),
    );
    let waiting = begin(&script, Function::GetCallLink, json!(null));
    script.host.arrived.notified().await;
    script.host.set_settings(json!({ "key": "new" }));
    let next = begin(&script, Function::TestConnection, json!(null));
    script.host.gate.notify_one();
    assert_eq!(soon(waiting).await.unwrap(), Ok(json!("old")));
    assert_eq!(soon(next).await.unwrap(), Ok(json!(["new", "new"])));
}

#[tokio::test]
async fn an_idle_thread_ends_and_starts_again() {
    let source = "let n = 0; function VoipTestConnection() { n += 1; return n; }";
    let script = load_with(source, Limits { idle_ms: 30, ..tight() }, json!({}));
    assert_eq!(script.test().await.unwrap(), json!(1));
    assert_eq!(script.test().await.unwrap(), json!(2));
    soon(async {
        while script.test().await.unwrap() != json!(1) {
            tokio::time::sleep(Duration::from_millis(60)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_call_is_finished_although_the_handle_is_gone() {
    let script =
        load("async function VoipTestConnection() { await fetch('https://example.com/gate'); return 1; }");
    let running = begin(&script, Function::TestConnection, json!(null));
    script.host.arrived.notified().await;
    let host = script.host.clone();
    drop(script);
    host.gate.notify_one();
    assert_eq!(soon(running).await.unwrap(), Ok(json!(1)));
}

#[tokio::test]
async fn modules_share_nothing() {
    let source = "(globalThis as any).shared ??= 0; (Array.prototype as any).mark ??= 0;
        function VoipTestConnection() { (globalThis as any).shared += 1; (Array.prototype as any).mark += 1; return [(globalThis as any).shared, ([] as any).mark]; }";
    let (one, other) = (load(source), load(source));
    one.test().await.unwrap();
    assert_eq!(one.test().await.unwrap(), json!([2, 2]));
    assert_eq!(other.test().await.unwrap(), json!([1, 1]));
}

#[tokio::test]
async fn there_is_no_way_out() {
    for name in [
        "process",
        "require",
        "Deno",
        "std",
        "os",
        "bjson",
        "print",
        "load",
        "performance",
        "SharedArrayBuffer",
        "native",
    ] {
        assert_eq!(value(&format!("typeof (globalThis as any).{name}")).await, json!("undefined"), "{name}");
    }
    assert_eq!(value("typeof (0, eval)('typeof native')").await, json!("string"));
    assert_eq!(value("(0, eval)('typeof native + typeof waiting')").await, json!("undefinedundefined"));
    assert_eq!(value("new Function('return typeof native')()").await, json!("undefined"));
    let import = "return (0, eval)(\"import('fs')\").then(() => 'imported', () => 'refused')";
    assert_eq!(eval(import).await.unwrap(), json!("refused"));
}

#[tokio::test]
async fn a_script_that_tampers_with_prototypes_hurts_only_itself() {
    let tampering = "
        Object.prototype.toString = () => { throw 1; };
        (Object.prototype as any).then = undefined;
        (Object.prototype as any).service = 'bridge';
        Array.prototype[Symbol.iterator] = function* () { yield 'evil'; } as any;
        Array.prototype.map = () => { throw 2; };
        Promise.prototype.then = function () { throw 3; } as any;
        Map.prototype.set = Map.prototype.get = () => { throw 4; };
        JSON.stringify = () => 'nonsense';
        JSON.parse = () => 'nonsense';
        String.prototype.toWellFormed = () => '\\ud800';
        Reflect.apply = Function.prototype.call = Function.prototype.apply = () => { throw 5; };
        Object.defineProperty(Object.prototype, '0', { get() { throw 6; }, set() { throw 7; } });";
    let script = load(&format!(
        "{tampering}
         async function VoipTestConnection() {{ return {{ a: 1 }}; }}
         async function VoipGetCallLink() {{ const r = await fetch('https://example.com/echo'); return r.json(); }}
         function VoipAcceptCall() {{ throw new Error('boom'); }}
         function VoipHangupCall() {{ while (true) {{}} }}"
    ));
    for function in
        [Function::TestConnection, Function::GetCallLink, Function::AcceptCall, Function::HangupCall]
    {
        // Whatever it gives: it ends, and neither the thread nor the process goes with it.
        let outcome = soon(begin(&script, function, json!(null))).await.unwrap();
        assert_ne!(outcome, Err("engine".to_owned()), "{function}");
    }
    let honest = load("async function VoipTestConnection() { return [...[1, 2]].map((n) => n + 1); }");
    assert_eq!(honest.test().await.unwrap(), json!([2, 3]));
}

#[tokio::test]
async fn hostile_results_are_plain_data_or_an_error() {
    for body in [
        "return new Proxy({}, { ownKeys() { throw new Error('x') } })",
        "return { get a() { throw new Error('x') } }",
        "return { toJSON() { return 10n } }",
    ] {
        assert_eq!(eval(body).await.unwrap_err().code(), "threw", "{body}");
    }
    assert_eq!(
        value("JSON.parse('{\"__proto__\": {\"admin\": true}}')").await,
        json!({ "__proto__": { "admin": true } })
    );
    assert_eq!(
        value("{ constructor: { prototype: 1 }, '$bytes': 5 }").await,
        json!({ "constructor": { "prototype": 1 }, "$bytes": 5 })
    );
    let deep = "let a: any = []; for (let i = 0; i < 1000; i++) a = [a]; return a;";
    assert!(eval(deep).await.unwrap_err().to_string().contains("cannot be read"));
}

#[tokio::test]
async fn a_panic_of_the_host_fails_the_call_and_the_module_goes_on() {
    let script = load(
        "function VoipTestConnection() { console.log('panic'); }
         function VoipGetCallLink(data: any) { if (data === 0) throw new Error('mine'); return data; }",
    );
    for _ in 0..3 {
        assert_eq!(soon(script.test()).await.unwrap_err().code(), "engine");
        assert_eq!(soon(script.link(json!(0))).await.unwrap_err().code(), "threw");
        assert_eq!(soon(script.link(json!(1))).await.unwrap(), json!(1));
    }
}

#[tokio::test]
async fn a_module_stuck_in_native_code_is_answered_and_then_refused_until_it_comes_back() {
    let script = load_with(
        "function VoipTestConnection() { return 'a'.repeat(8e4).indexOf('a'.repeat(4e4) + 'b'); }
         function VoipGetCallLink(data: any) { return data; }",
        Limits { cpu_ms: 50, wall_ms: 300, ..tight() },
        json!({}),
    );
    let error = soon(script.test()).await.unwrap_err();
    assert_eq!(error.code(), "cpuTime", "{error}");
    assert_eq!(script.link(json!(1)).await.unwrap_err().code(), "engine");
    let back = async {
        while script.link(json!(1)).await != Ok(json!(1)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("it did not come back");
}
