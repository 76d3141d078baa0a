use super::*;
use crate::modules::{builtin, sample};
use hookswitch_script::{Limits, compile};

fn engine() -> Engine {
    Engine::new(Limits::default(), tokio::runtime::Handle::current())
}

#[tokio::test]
async fn every_sample_of_the_builtin_modules_yields_its_result() {
    for module in builtin::all() {
        let compiled = Arc::new(compile(module.source).expect("it compiles"));
        for (_, sample) in &module.samples {
            let ran = run(&engine(), &compiled, &module.manifest.settings, sample).await;
            let which = format!("{}: {}", module.manifest.code, sample.name);
            assert!(ran.is_as_expected(sample), "{which}\n{ran:#?}\nexpected {sample:#?}");
        }
    }
}

#[tokio::test]
async fn every_builtin_module_has_what_a_module_needs() {
    for module in builtin::all() {
        let compiled = Arc::new(compile(module.source).expect("it compiles"));
        let functions = functions(&engine(), compiled, &module.manifest.settings).await.expect("it loads");
        for function in Function::ALL.into_iter().filter(|function| function.required()) {
            assert!(functions.contains(&function), "{} lacks {function}", module.manifest.code);
        }
    }
}

#[tokio::test]
async fn unrecorded_behaviour_is_a_problem() {
    let source =
        "async function VoipGetCallLink(data) { await fetch('https://x.example/' + data); return 1 }";
    let compiled = Arc::new(compile(source).expect("it compiles"));
    let recorded = r#"{
        "name": "n", "call": { "function": "VoipGetCallLink", "args": ["a"] }, "result": 1,
        "fetch": [
            { "request": { "method": "GET", "url": "https://x.example/a" }, "response": {} },
            { "request": { "method": "GET", "url": "https://x.example/b" }, "response": {} }
        ]
    }"#;
    let recorded = sample::parse(recorded).expect("a sample");
    let ran = run(&engine(), &compiled, &[], &recorded).await;
    assert_eq!(ran.problems[0], "never fetched: GET https://x.example/b");
    assert!(ran.problems[1].starts_with("the result breaks the contract: "), "{:?}", ran.problems);

    let other = Sample { fetch: Vec::new(), ..recorded };
    let ran = run(&engine(), &compiled, &[], &other).await;
    assert!(ran.problems[0].starts_with("fetched without a recording: "), "{:?}", ran.problems);
    assert!(ran.outcome.is_err());
}
