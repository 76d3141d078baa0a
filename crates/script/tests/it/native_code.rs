//! Long loops, stuck threads and compilation in QuickJS's own code.

use std::time::Duration;

use hookswitch_script::{EngineThreads, Limits};
use serde_json::{Value, json};

use crate::support::{eval, load_with, script_with, soon, tight};

/// These would hold a core for minutes or forever if the language's own loops had no bounds.
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
async fn the_languages_own_loops_end() {
    let limits = Limits { cpu_ms: 100, wall_ms: 30_000, memory_bytes: 64 << 20, ..Limits::default() };
    for body in NATIVE_LOOPS {
        let script = script_with(body, limits.clone());
        // Whatever it returns: it ends by itself.
        let _outcome = script.test().await;
        assert_eq!(script.engine.threads().stuck, 0, "{body}");
        assert_eq!(script.link(json!(1)).await, Ok(json!(2)), "after {body}");
    }
}

/// Spends long in native code: the digits of a large number are computed one by one.
const STUCK: &str =
    "function VoipTestConnection() { return [3n ** 600_000n, 3n ** 600_001n, 3n ** 600_002n].join().length; }
                     function VoipGetCallLink(data: any) { return data; }";

#[tokio::test]
async fn no_script_is_started_while_too_many_are_stuck() {
    let limits = Limits { cpu_ms: 50, wall_ms: 300, stuck_threads: 1, ..tight() };
    let stuck = load_with(STUCK, limits, json!({}));
    let running = stuck.beside("function VoipTestConnection() { return 'runs'; }");
    let later = stuck.beside("function VoipTestConnection() { return 'later'; }");
    assert_eq!(running.test().await, Ok(json!("runs")));
    assert_eq!(stuck.test().await.unwrap_err().code(), "cpuTime");
    assert_eq!(stuck.engine.threads(), EngineThreads { stuck: 1, most: 1 });

    let engine = stuck.engine.clone();
    drop(stuck);
    assert_eq!(engine.threads().stuck, 1, "a dropped module counts");
    assert_eq!(running.test().await, Ok(json!("runs")), "running modules go on");
    let refused = later.test().await.unwrap_err();
    assert!(refused.to_string().contains("1 other scripts are stuck"), "{refused}");

    while engine.threads().stuck > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(later.test().await, Ok(json!("later")));
}

#[tokio::test]
async fn compiling_without_memory_left_harms_only_its_module() {
    const CODES: [&str; 2] = [
        "for(;;) { if (a) break; }",
        "async function f() { try { while (true) { await [1, { a: `${b}` }]; } } catch (error) { return g(error); } }",
    ];
    // All memory is taken in small pieces, and freed piece by piece until the code compiles.
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
async fn code_is_compiled_if_there_is_room() {
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

#[tokio::test]
async fn calls_of_a_module_stuck_in_native_code_fail_until_it_finishes() {
    let script = load_with(
        "function VoipTestConnection() { return [3n ** 600_000n, 3n ** 600_001n, 3n ** 600_002n].join().length; }
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
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("the module stayed stuck");
}
