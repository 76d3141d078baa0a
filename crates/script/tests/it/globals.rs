//! The globals of a script, and that sdk/hookswitch.d.ts declares exactly those.

use std::collections::BTreeSet;

use hookswitch_script::LogLevel;
use serde_json::json;

use crate::support::{eval, load, load_with, tight, value};

/// The globals of ES2023 (without shared memory, which scripts do not have).
const LANGUAGE: &str = "AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
    FinalizationRegistry Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array JSON Map Math NaN Number
    Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError Uint16Array
    Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent
    escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape";

#[tokio::test]
async fn the_declared_globals_are_the_real_ones() {
    let names = value("Object.getOwnPropertyNames(globalThis)").await;
    let names: BTreeSet<&str> = names.as_array().unwrap().iter().filter_map(|name| name.as_str()).collect();
    let language: BTreeSet<&str> = LANGUAGE.split_whitespace().collect();
    let missing: Vec<_> = language.difference(&names).collect();
    assert!(missing.is_empty(), "missing: {missing:?}");
    let ours: BTreeSet<&str> = names.difference(&language).copied().collect();

    let declared = include_str!("../../../../sdk/hookswitch.d.ts");
    let declared: BTreeSet<&str> = declared
        .lines()
        .filter_map(|line| line.strip_prefix("declare "))
        .filter_map(|line| line.split_once(' '))
        .filter(|(kind, _)| ["const", "function", "class", "enum", "var"].contains(kind))
        .filter_map(|(_, rest)| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
        .collect();
    assert_eq!(ours, declared);
}

#[tokio::test]
async fn declared_members_are_the_real_ones() {
    for (what, members) in [
        ("Namespace", "params services storage webhookUrl"),
        ("Namespace.storage", "delete get remember set update"),
        ("console", "debug error info log warn"),
        ("crypto", "getRandomValues hmac md5 randomUUID subtle timingSafeEqual"),
        ("Jwt", "sign verify"),
        ("crypto.subtle", "digest importKey sign verify"),
        ("URL", "canParse length name prototype"),
        ("AbortSignal", "length name prototype timeout"),
        ("Response", "length name prototype"),
        ("HttpResponse.prototype", "constructor content header json status toJSON"),
        ("Response.prototype", "clone constructor ok redirected status statusText url"),
        ("Object.getPrototypeOf(Response.prototype)", "arrayBuffer bodyUsed constructor headers json text"),
        ("CryptoKey", "length name prototype"),
        ("Headers", "length name prototype"),
        ("URLSearchParams", "length name prototype"),
    ] {
        let names = value(&format!("Object.getOwnPropertyNames({what}).sort().join(' ')")).await;
        assert_eq!(names, json!(members), "{what}");
    }
}

#[tokio::test]
async fn settings_and_enums_cannot_be_changed() {
    let script = load_with(
        "const key = Namespace.params.data.key;
         function VoipTestConnection() {
            const tries = [() => { Namespace.params.data.key = 'x'; }, () => { Namespace.params.data.list.push(1); },
                () => { (VoipCallDirection as any).In = 'x'; }, () => { (Namespace as any).storage = 1; }];
            const refused = tries.map((one) => { try { one(); return false; } catch { return true; } });
            return [key, Namespace.params.data, refused, Object.keys(Namespace.services)];
         }",
        tight(),
        json!({ "key": "k", "list": [1], "__proto__": { "odd": true } }),
    );
    let settings = json!({ "key": "k", "list": [1], "__proto__": { "odd": true } });
    assert_eq!(script.test().await.unwrap(), json!(["k", settings, [true, true, true, true], ["bridge"]]));
}

#[tokio::test]
async fn the_console_writes_lines_with_level_line_and_request() {
    let script = load(
        "interface A { a: number }\nconsole.info('loading');\nasync function VoipTestConnection() {\n  console.log('plain', 1, { a: [1, 'x', null] });\n\
         console.warn(new Map([['k', new Set([1n])]]), new Date(0), undefined);\n  console.error(new TypeError('bad'));\n  console.debug(() => 1, Symbol('s'));\n}",
    );
    script.test().await.unwrap();
    let log = script.host.log.lock().unwrap().clone();
    let seen: Vec<_> = log.iter().map(|entry| (entry.level, entry.text.as_str(), entry.line)).collect();
    assert_eq!(
        seen,
        [
            (LogLevel::Info, "loading", Some(2)),
            (LogLevel::Info, "plain 1 {a: [1, \"x\", null]}", Some(4)),
            (LogLevel::Warn, "Map {\"k\" => Set {1n}} 1970-01-01T00:00:00.000Z undefined", Some(5)),
            (LogLevel::Error, "TypeError: bad", Some(6)),
            (LogLevel::Debug, "[function anonymous] Symbol(s)", Some(7)),
        ]
    );
    assert_eq!((log[0].function, log[0].request_id.as_deref()), (None, None));
    assert_eq!(log[1].request_id.as_deref(), Some("request-1"));
}

#[tokio::test]
async fn the_console_stays_readable_for_any_value() {
    let script = load(
        "function VoipTestConnection() {
            const ring: any = { name: 'ring' }; ring.self = ring;
            let deep: any = 'end'; for (let i = 0; i < 50; i++) deep = { deep };
            console.log(ring, deep);
            console.log(new Array(5000).fill('x'));
            console.log('x'.repeat(100000));
            console.log(new HttpResponse().status(200), new Response('a'), new Headers({ a: 'b' }), new URL('http://a.b'));
            class Point { x = 1; }
            console.log(new Point(), new Uint8Array(3), Promise.resolve(), /a/g, 'a\\ud800');
         }",
    );
    script.test().await.unwrap();
    let lines = script.host.log_texts();
    assert_eq!(lines[0], "{name: \"ring\", self: [circular]} {deep: {deep: {deep: {deep: {…}}}}}");
    assert!(lines[1].ends_with("… 4900 more]") && lines[1].len() < 1_000);
    assert!(lines[2].len() < 8_200);
    assert_eq!(
        lines[3],
        "HttpResponse {status: 200, headers: {}, content: undefined} Response {status: 200, url: \"\"} Headers {a: \"b\"} http://a.b/"
    );
    assert_eq!(lines[4], "Point {x: 1} [Uint8Array: 3 bytes] [promise] /a/g a\u{FFFD}");
}

#[tokio::test]
async fn timers_fire_in_order_and_can_be_cleared() {
    let body = "const seen: any[] = [];
        await new Promise<void>((done) => {
            setTimeout((value: string) => { seen.push(value); }, 20, 'second');
            setTimeout(() => seen.push('first'));
            clearTimeout(setTimeout(() => seen.push('never'), 5));
            queueMicrotask(() => seen.push('micro'));
            let n = 0;
            const id = setInterval(() => { n += 1; if (n === 3) { clearInterval(id); setTimeout(done, 30); } seen.push(n); }, 1);
        });
        clearTimeout(12345);
        return [seen.filter((one) => typeof one === 'number'), seen.filter((one) => typeof one === 'string')];";
    assert_eq!(eval(body).await.unwrap(), json!([[1, 2, 3], ["micro", "first", "second"]]));
    assert!(eval("setTimeout('code' as any)").await.unwrap_err().to_string().contains("needs a function"));
}
