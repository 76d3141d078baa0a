//! Calls that fail, and where they are reported to fail.

use hookswitch_script::{Diagnostic, Position, ScriptError, compile};
use serde_json::json;

use crate::support::{eval, load};

fn threw(error: &ScriptError) -> (&str, &str, Option<(u32, u32)>) {
    let ScriptError::Threw { name, message, position, .. } = error else { panic!("{error:?}") };
    (name, message, position.map(|Position { line, column }| (line, column)))
}

/// Types and an enum before the code shift the compiled lines against those of the source.
const TYPES: &str =
    "interface Wide {\n  a: number;\n  b: string;\n}\ntype Narrow = 'x' | 'y';\nenum Kind { One, Two }\n";

#[tokio::test]
async fn a_throw_is_reported_with_its_typescript_line() {
    let script = load(&format!(
        "{TYPES}function inner(value: Narrow): never {{\n  throw new TypeError('no ' + value);\n}}\n\
         function VoipTestConnection() {{\n  inner('x');\n}}"
    ));
    let error = script.test().await.unwrap_err();
    assert_eq!(threw(&error), ("TypeError", "no x", Some((8, 31))));
    assert_eq!(error.to_string(), "TypeError: no x (line 8, column 31)");
    let ScriptError::Threw { stack, .. } = &error else { unreachable!() };
    assert_eq!(stack, "at inner (module.ts:8:31)\nat VoipTestConnection (module.ts:11:3)\n");
}

#[tokio::test]
async fn a_throw_after_an_await_is_reported_with_its_line() {
    let script = load(&format!(
        "{TYPES}async function deep(): Promise<void> {{\n  await fetch('https://example.com/echo');\n  throw new Error('late');\n}}\n\
         export async function VoipTestConnection() {{\n  await deep();\n}}"
    ));
    let error = script.test().await.unwrap_err();
    assert_eq!(threw(&error), ("Error", "late", Some((9, 13))));
}

#[tokio::test]
async fn rejections_and_thrown_values_are_reported() {
    assert_eq!(
        threw(&eval("return Promise.reject(new RangeError('far'))").await.unwrap_err()).0,
        "RangeError"
    );
    assert_eq!(threw(&eval("throw 'words'").await.unwrap_err()), ("", "words", None));
    assert_eq!(threw(&eval("throw { code: 5 }").await.unwrap_err()), ("", "{code: 5}", None));
    assert_eq!(threw(&eval("throw undefined").await.unwrap_err()), ("", "undefined", None));
    assert_eq!(threw(&eval("throw ''").await.unwrap_err()), ("", "the script threw without a message", None));
    assert_eq!(threw(&eval("const a: any = null; return a.b").await.unwrap_err()).0, "TypeError");
    assert_eq!(eval("const a: any = {}; a.a = a; return a").await.unwrap_err().code(), "resultDepth");
    let message = eval("throw new Error('x'.repeat(100000))").await.unwrap_err().to_string();
    assert!(message.len() < 5_000);
}

#[tokio::test]
async fn errors_that_resist_being_shown_are_still_errors() {
    let error =
        eval("throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } })").await.unwrap_err();
    assert_eq!(error.code(), "threw");
    let error = eval("throw new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 } })").await.unwrap_err();
    assert_eq!(error.code(), "threw");
    let error =
        eval("const e = new Error('m'); e.message = { toString: null } as any; throw e").await.unwrap_err();
    assert_eq!(error.code(), "threw");
}

#[tokio::test]
async fn a_script_that_fails_while_loading_reports_where() {
    let script = load(&format!(
        "{TYPES}const table = undefined as any;\ntable.entries();\nfunction VoipTestConnection() {{}}"
    ));
    let error = script.handle.functions().await.unwrap_err();
    assert_eq!(threw(&error).2.map(|(line, _)| line), Some(8));
    assert_eq!(script.test().await.unwrap_err(), error);

    let waiting = load("await new Promise(() => {});\nfunction VoipTestConnection() {}");
    assert_eq!(waiting.test().await.unwrap_err().code(), "neverSettles");
    let fetching = load("await fetch('https://example.com/');\nfunction VoipTestConnection() {}");
    assert!(fetching.test().await.unwrap_err().to_string().contains("not while the script is loaded"));
}

#[tokio::test]
async fn a_missing_function_is_named() {
    let error = load("const x = 1;").link(json!(null)).await.unwrap_err();
    assert_eq!(error.to_string(), "the script does not implement VoipGetCallLink");
}

fn refused(source: &str) -> Vec<(u32, u32)> {
    let diagnostics = compile(source).expect_err("it compiled");
    diagnostics.iter().map(|Diagnostic { line, column, .. }| (*line, *column)).collect()
}

#[test]
fn syntax_errors_are_reported_with_line_and_column() {
    assert_eq!(refused("const a = 1;\nconst b: = 2;"), [(2, 10)]);
    assert_eq!(refused("function f() {\n  return 1\n"), [(3, 1)]);
    assert_eq!(refused("const ä = '😀'; const ä = 2;").first(), Some(&(1, 7)));
    assert_eq!(refused("let a = '\0';"), [(1, 10)]);
    assert_eq!(refused(&" ".repeat(300_000)), [(1, 1)]);
    assert_eq!(refused("return 5;").len(), 1);
}

#[test]
fn importing_values_is_refused_and_importing_types_is_not() {
    assert_eq!(refused("import fs from 'fs';\nfs.readFile('x');"), [(1, 1)]);
    assert_eq!(refused("const a = 1;\n  import 'side-effect';"), [(2, 3)]);
    assert_eq!(refused("export * from './other';"), [(1, 1)]);
    assert_eq!(refused("export { a } from './other';"), [(1, 1)]);
    assert_eq!(refused("const load = () => import('fs');"), [(1, 20)]);
    assert_eq!(refused("const here = import.meta.url;"), [(1, 14)]);
    assert!(compile("import type { A } from './a';\nimport { B } from './b';\nconst a: A | B = 1;").is_ok());
}

#[test]
fn a_script_of_pure_nesting_does_not_overflow_the_compiler() {
    let size = hookswitch_script::MAX_SOURCE_BYTES;
    for (open, middle, close) in [("{", "", "}"), ("a=>", "1", "")] {
        let levels = size / (open.len() + close.len()) - 2;
        let source = format!("{}{middle}{}", open.repeat(levels), close.repeat(levels));
        assert!(compile(&source).is_ok(), "{open}");
    }
}
