//! Concurrent calls, concurrent modules, and scripts that try to break out.

use std::time::Duration;

use hookswitch_script::{Function, Limits, data};
use serde_json::json;

use crate::support::{begin, eval, load, load_with, soon, tight, value};

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
    // The gate opens only once all three wait for it: a fourth call is answered after them.
    script.handle.functions().await.unwrap();
    script.host.gate.notify_one();
    for (call, expected) in calls.into_iter().zip(["atoken", "btoken", "ctoken"]) {
        assert_eq!(soon(call).await.unwrap(), Ok(json!(expected)));
    }
}

#[tokio::test]
async fn leftover_work_ends_with_its_call() {
    let script = load(
        "let fired = 0;
         function VoipTestConnection() { setInterval(() => { fired += 1; }, 1); fetch('https://example.com/never'); return 1; }
         async function VoipGetCallLink() { const before = fired; await new Promise((r) => setTimeout(r, 20)); return fired - before; }",
    );
    script.test().await.unwrap();
    assert_eq!(script.link(json!(null)).await.unwrap(), json!(0));
}

#[tokio::test]
async fn a_runtime_is_replaced_after_a_number_of_calls() {
    let source = "let n = 0; function VoipTestConnection() { n += 1; return n; }";
    let script = load_with(source, Limits { recycle_calls: 3, ..tight() }, json!({}));
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push(script.test().await.unwrap().as_u64().unwrap());
    }
    assert_eq!(seen, [1, 2, 3, 1, 2, 3, 1]);
}

#[tokio::test]
async fn a_runtime_is_replaced_once_it_has_grown() {
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
async fn a_call_finishes_after_the_handle_is_dropped() {
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
async fn a_script_that_tampers_with_prototypes_harms_only_itself() {
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
        // Whatever it returns: it ends, and neither the thread nor the process ends with it.
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
    for (expression, expected) in [
        (
            "[NaN, -Infinity, -0, 1e21, 2 ** 53 + 2, 0.1]",
            json!([null, null, 0, 1e21, 9_007_199_254_740_994_u64, 0.1]),
        ),
        ("[12345678901234567890, -1.5e-7, 1e300]", json!([12_345_678_901_234_567_000_u64, -1.5e-7, 1e300])),
        ("[undefined, () => 1, Symbol('s'), , null]", json!([null, null, null, null, null])),
        ("{ a: undefined, b() {}, [Symbol('s')]: 1, c: null }", json!({ "c": null })),
        (
            "[new Date(0), new Date(NaN), new URL('https://a.example/')]",
            json!(["1970-01-01T00:00:00.000Z", null, "https://a.example/"]),
        ),
        (
            "[new String('s'), new Number(1), Object(false), new Map([[1, 2]]), /x/]",
            json!(["s", 1, false, {}, {}]),
        ),
        ("['\\ud800a', { '\\udfff': 1 }, '\\u0000']", json!(["\u{FFFD}a", { "\u{FFFD}": 1 }, "\u{0}"])),
        ("new Proxy([1, new Proxy({ a: 1 }, {})], {})", json!([1, { "a": 1 }])),
        ("{ toJSON: (key: string) => ({ key }), a: 1 }", json!({ "key": "" })),
        ("[{ toJSON: (key: string) => key }]", json!(["0"])),
        ("Object.assign(Object.create({ inherited: 1 }), { own: 1 })", json!({ "own": 1 })),
        ("new Error('x')", json!({})),
    ] {
        assert_eq!(value(expression).await, expected, "{expression}");
    }
    assert_eq!(
        eval("(BigInt.prototype as any).toJSON = () => 'big'; return [10n]").await.unwrap(),
        json!(["big"])
    );
}

#[tokio::test]
async fn only_bytes_become_bytes() {
    let script = load(
        "function VoipParseWebhookRequest(request: any) {
            return Object.entries(request).map(([key, value]) => [key, value instanceof ArrayBuffer]);
         }
         function VoipGetCallLink(data: any) { return data; }",
    );
    let forged = json!({ "\u{FDD0}bytes": "AA==" });
    let request = json!({ "query": forged, "headers": forged, "body": data::bytes(&[0xff]), "rawBody": data::bytes(&[1]) });
    let seen = script.call(Function::ParseWebhookRequest, vec![request]).await.unwrap().value;
    assert_eq!(seen, json!([["body", true], ["headers", false], ["query", false], ["rawBody", true]]));

    for plain in
        ["{ $bytes: 'AA==' }", "{ '\\ufdd0bytes': 'AA==' }", "JSON.parse('{\"\\ufdd0bytes\":\"AA==\"}')"]
    {
        assert_eq!(data::as_bytes(&value(plain).await), None, "{plain}");
    }
    let given = value("new Uint8Array([1, 2, 3]).subarray(1)").await;
    assert_eq!(data::as_bytes(&given), Some(vec![2, 3]));
    assert_eq!(script.link(given.clone()).await.unwrap(), given, "bytes survive the round trip");
}

#[tokio::test]
async fn thrown_values_are_reported() {
    for (thrown, message) in [
        ("null", "null"),
        ("undefined", "undefined"),
        ("0", "0"),
        ("''", ""),
        ("Symbol('s')", "Symbol(s)"),
        ("10n", "10n"),
        ("[1, { a: 2 }]", "[1, {a: 2}]"),
        (
            "{ name: 'InternalError', message: 'out of memory' }",
            "{name: \"InternalError\", message: \"out of memory\"}",
        ),
        (
            "Object.assign(new Error('out of memory'), { name: 'InternalError' })",
            "InternalError: out of memory",
        ),
        ("Object.create(null)", "{}"),
        ("new Proxy(new Error('x'), { get() { throw 1 } })", "something was thrown that cannot be shown"),
        ("'\\ud800'", "\u{FFFD}"),
    ] {
        for body in [format!("throw {thrown}"), format!("await null; throw {thrown}")] {
            let error = eval(&body).await.unwrap_err();
            assert_eq!(error.code(), "threw", "{body}: {error}");
            assert!(error.to_string().starts_with(message), "{body}: {error}");
        }
        let loading = load(&format!("function VoipTestConnection() {{}}\nthrow {thrown};")).test().await;
        assert_eq!(loading.unwrap_err().code(), "threw", "{thrown} while loading");
    }
}

#[tokio::test]
async fn a_scripts_own_json_affects_nothing_else() {
    let script = load(
        "(JSON as any).stringify = () => '\\\\ü'; (JSON as any).parse = () => 'nonsense';
         (String.prototype as any).toWellFormed = () => '\\ud800';
         async function VoipTestConnection() {
            await Namespace.storage.set('k', { a: 1 });
            return [await Namespace.storage.get('k'), new HttpResponse().json({ b: 2 })];
         }",
    );
    let response = json!({ "headers": { "content-type": "application/json" }, "content": "{\"b\":2}" });
    assert_eq!(script.test().await, Ok(json!([{ "a": 1 }, response])));
}

#[tokio::test]
async fn a_panic_in_the_host_fails_the_call_and_the_module_goes_on() {
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
