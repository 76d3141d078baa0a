//! The authors' kit: samples, scenarios and conformance, for the built-in modules and a faulty one.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hookswitch_core::modules::{builtin, manifest, sample, scenario, trial};
use hookswitch_script::{Engine, Limits, compile};
use hookswitch_server::config::Config;
use hookswitch_server::kit::conformance::{self, CheckName, Outcome, Sheet, Unmade, sheet_within};
use hookswitch_server::kit::play::{OrderKind, Played, Stage, Subject, play};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::Database;
use crate::support::process::run;

fn engine() -> Engine {
    Engine::new(Limits::default(), tokio::runtime::Handle::current())
}

/// A module with these scenarios, named by their position.
fn subject(script: &str, scenarios: &[Value]) -> Subject {
    let manifest = r#"
        code = "made-up"
        name = "Made up"
        description = "For tests."
        default_country = "GB"
        settings = [{ name = "secret", label = "Secret", type = "secret" }]
    "#;
    let scenarios = scenarios.iter().enumerate().map(|(index, scenario)| {
        (index.to_string(), scenario::parse(&scenario.to_string()).expect("a scenario"))
    });
    let sample = json!({
        "name": "Users are listed",
        "fetch": [{ "request": { "method": "GET", "url": "https://pbx.example/users" }, "response": { "body": [] } }],
        "call": { "function": "VoipGetMembers" },
        "result": [],
    });
    Subject {
        manifest: manifest::parse(manifest).expect("a manifest"),
        source: script.to_owned(),
        compiled: Arc::new(compile(script).expect("it compiles")),
        samples: vec![("members".to_owned(), sample::parse(&sample.to_string()).expect("a sample"))],
        scenarios: scenarios.collect(),
    }
}

/// Passes on what it is sent and trusts everyone.
const CARELESS: &str = r"
    export function VoipParseWebhookRequest(request) {
        const { record, answer, ...event } = JSON.parse(request.body);
        if (record) return { callRecord: record };
        if (answer) return { response: new HttpResponse().content(answer) };
        return { event: { direction: 'in', srcPhone: '020 7946 0123', dstPhone: '101', callId: 'a', ...event } };
    }
    export async function VoipGetMembers() {
        const users = await (await fetch('https://pbx.example/users')).json();
        return users.map(({ id, name }) => ({ id, name }));
    }
    export async function VoipHangupCall(src, dst, call) {
        const answer = await fetch('https://pbx.example/hangup', { method: 'POST', body: call.callId });
        if (!answer.ok) throw new Error('The PBX has lost the call.');
    }
    export const VoipTestConnection = () => ({ success: true });
    export const VoipGenerateCall = () => {};
    export const VoipGetCallLink = (data) => `https://pbx.example/${data}`;
";

fn step(event: Value) -> Value {
    json!({ "request": { "method": "POST", "body": event.to_string() } })
}

fn event(kind: &str, second: u32, more: Value) -> Value {
    let mut event = json!({ "event": kind, "occurredAt": format!("2026-01-05T09:00:{second:02}Z") });
    event.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("an object"));
    event
}

async fn played(script: &str, scenario: Value) -> Played {
    let stage = Stage::open().await.expect("a stage");
    let subject = subject(script, &[scenario]);
    let (file, scenario) = &subject.scenarios[0];
    let played = play(&stage, &subject, (file, scenario)).await;
    stage.close().await;
    played
}

fn answered(steps: Vec<Value>, calls: Value) -> Value {
    json!({
        "name": "A call", "shows": ["incoming", "answered"], "members": ["101"], "steps": steps, "calls": calls,
        "settings": { "secret": "s3cret" },
        "sign": { "algorithm": "hmac-sha1", "key": "{setting:secret}", "text": "{url}", "header": "x-signature" },
    })
}

fn ring_to_end() -> Vec<Value> {
    let mut hang_up = json!({ "do": "hangUp", "by": "101", "fetch": [{
        "request": { "method": "POST", "url": "https://pbx.example/hangup", "body": "a" }, "response": {},
    }] });
    let mut refused = hang_up.clone();
    refused["fetch"][0]["response"] = json!({ "status": 404 });
    refused["error"] = json!("The PBX has lost the call.");
    hang_up["after"] = json!(5);
    vec![
        step(event("notifyStart", 0, json!({}))),
        refused,
        step(event("notifyAnswer", 4, json!({}))),
        hang_up,
        step(event("notifyEnd", 30, json!({ "disposition": "answered" }))),
        step(json!({ "record": { "callId": "a", "call": "a.mp3" } })),
        json!({ "do": "recording", "by": "101", "url": "https://pbx.example/a.mp3" }),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_is_played_in_every_order_with_the_clicks_between() {
    let calls = json!([{
        "callId": "a", "direction": "in", "state": "ended", "disposition": "answered", "clientNumber": "+442079460123",
        "operators": ["101"], "missedBy": [], "talkSeconds": 26, "segments": [{ "operator": "101", "talkSeconds": 26 }],
        "recording": true,
    }]);
    let played = played(CARELESS, answered(ring_to_end(), calls)).await;
    assert!(played.passed(), "{:#?}", played.orders);
    let kinds: Vec<_> = played.orders.iter().map(|order| order.order).collect();
    assert_eq!(kinds, [OrderKind::AsWritten, OrderKind::Twice, OrderKind::Shuffled, OrderKind::Parallel]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_goes_wrong_is_told_by_order_and_step() {
    let mut steps = ring_to_end();
    steps[0]["status"] = json!(204);
    steps[1]["error"] = json!("The PBX is away.");
    steps[3]["fetch"][0]["request"]["body"] = json!("b");
    let told = played(CARELESS, answered(steps, json!([{ "disposition": "busy" }]))).await;
    let problems: Vec<_> = told.problems().map(ToString::to_string).collect();
    assert!(problems[0].starts_with("as written, step 1 (POST  {"), "{problems:#?}");
    assert!(problems[0].contains("answered 200 instead of 204: {}"), "{problems:#?}");
    assert!(
        problems[1]
            .contains("step 2 (HangUp by 101): - expected, + got\n- The PBX is away.\n+ The PBX has lost")
    );
    assert!(
        problems[2].contains("step 4 (HangUp by 101): the operator is told: Fetched without a recording")
            || problems[2].contains("fetched without a recording"),
        "{problems:#?}"
    );
    let last = problems.last().expect("the calls");
    assert!(last.contains("-     \"disposition\": \"busy\"\n+     \"disposition\": \"answered\""), "{last}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_counts_on_the_order_is_found_out() {
    // Takes whatever comes second for the answer.
    let script = r"
        let count = 0;
        export async function VoipParseWebhookRequest(request) {
            const n = await Namespace.storage.update('n', (n = 0) => n + 1);
            const event = ['notifyStart', 'notifyAnswer', 'notifyEnd'][n - 1] ?? 'notifyEnd';
            return { event: { event, direction: 'in', srcPhone: '020 7946 0123', dstPhone: '101', callId: request.body } };
        }
    ";
    let steps = ["a", "a", "a", "b"].map(|id| json!({ "request": { "method": "POST", "body": id } }));
    let calls = json!([{ "callId": "a", "operators": ["101"], "disposition": "answered" }, { "callId": "b", "state": "ended" }]);
    let played =
        played(script, json!({ "name": "n", "members": ["101"], "steps": steps, "calls": calls })).await;
    assert!(!played.passed());
    assert!(played.orders[0].problems.is_empty(), "{:#?}", played.orders);
    assert!(played.problems().any(|problem| problem.order == "backwards"), "{:#?}", played.orders);
}

fn outcome(sheet: &Sheet, name: CheckName) -> Outcome {
    sheet.checks.iter().find(|check| check.name == name).map(|check| check.outcome).expect("the check")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conformance_finds_what_a_careless_module_does_not_stand() {
    let subject = subject(CARELESS, &[answered(ring_to_end(), json!([{ "state": "ended" }]))]);
    let stage = Stage::open().await.expect("a stage");
    let (sheet, _) = conformance::sheet(&stage, &engine(), &subject).await.expect("a sheet");
    stage.close().await;
    let passed = [CheckName::Twice, CheckName::Disorder, CheckName::MissingEnd, CheckName::LateRecord];
    for check in passed {
        assert_eq!(outcome(&sheet, check), Outcome::Passed, "{sheet:#?}");
    }
    // It checks no signature, parses anything, and lets language errors through.
    let failed =
        [CheckName::WrongSignature, CheckName::NoSignature, CheckName::Garbage, CheckName::FailingApi];
    for check in failed {
        assert_eq!(outcome(&sheet, check), Outcome::Failed, "{sheet:#?}");
    }
    assert_eq!(outcome(&sheet, CheckName::Cannot), Outcome::DoesNotApply);
    let text = conformance::render::text(&sheet);
    assert!(text.contains("  yes              VoipHangupCall"), "{text}");
    assert!(text.contains("  no               VoipHoldCall"), "{text}");
    assert!(text.contains("  FAIL             A wrong signature is refused"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scenario_that_goes_wrong_as_written_is_played_no_further() {
    let subject = subject(CARELESS, &[answered(ring_to_end(), json!([{ "state": "talking" }]))]);
    let stage = Stage::open().await.expect("a stage");
    let (sheet, played) = conformance::sheet(&stage, stage.engine(), &subject).await.expect("a sheet");
    stage.close().await;
    assert_eq!(played[0].orders.len(), 1, "{played:#?}");
    for name in [CheckName::Twice, CheckName::Disorder, CheckName::MissingEnd, CheckName::LateRecord] {
        assert_eq!(outcome(&sheet, name), Outcome::DoesNotApply, "{sheet:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stage_has_the_limits_of_its_server() {
    let mut limits = Config::load(None, |_| None).expect("the defaults");
    limits.webhooks.body_bytes = 10;
    let stage = Stage::under(&limits).await.expect("a stage");
    let subject = subject(CARELESS, &[answered(ring_to_end(), json!([]))]);
    let (file, scenario) = &subject.scenarios[0];
    let played = play(&stage, &subject, (file, scenario)).await;
    stage.close().await;
    let told = played.problems().next().expect("too large").to_string();
    assert!(told.contains("answered 413 instead of 2xx"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn checks_are_not_waited_for_without_end() {
    let script = CARELESS.replace(
        "export function VoipParseWebhookRequest(request) {",
        "
        export async function VoipParseWebhookRequest(request) {
            await new Promise((resolve) => setTimeout(resolve, 2000));
    ",
    );
    let subject = subject(&script, &[answered(ring_to_end(), json!([{ "state": "ended" }]))]);
    let limits = Config::load(None, |_| None).expect("the defaults");
    let begun = Instant::now();
    let gone = CancellationToken::new();
    let made = sheet_within(&limits, &subject, Duration::from_secs(1), &gone).await;
    assert_eq!(made.expect_err("it is slow"), Unmade::TookTooLong);
    gone.cancel();
    let made = sheet_within(&limits, &subject, Duration::from_secs(60), &gone).await;
    assert_eq!(made.expect_err("nobody waits"), Unmade::GivenUp);
    assert!(begun.elapsed() < Duration::from_secs(20), "only what was already running is finished");
}

/// Checks every built-in module's samples, scenarios in every order, and conformance.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_builtin_modules_do_what_their_folders_say() {
    let (engine, stage) = (engine(), Stage::open().await.expect("a stage"));
    let mut wrong = Vec::new();
    for module in builtin::all() {
        let subject = Subject::of_builtin(module).expect("it compiles");
        let code = &subject.manifest.code;
        for (file, sample) in &subject.samples {
            let ran = trial::run(&engine, &subject.compiled, &subject.manifest.settings, sample).await;
            if !ran.is_as_expected(sample) {
                wrong.push(format!("{code}, sample {file}: {ran:#?}"));
            }
        }
        assert!(!subject.scenarios.is_empty(), "{code} has no scenarios");
        let (sheet, played) = conformance::sheet(&stage, &engine, &subject).await.expect("a sheet");
        for played in &played {
            wrong.extend(played.problems().map(|problem| format!("{code}, {}: {problem}", played.scenario)));
        }
        for check in sheet.failed() {
            wrong.push(format!("{code}, {}: {}", check.title, check.problems.join("\n")));
        }
    }
    stage.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_scenario_stands_in_a_folder_that_is_checked() {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../modules");
    let folders = std::fs::read_dir(modules).expect("modules").map(|entry| entry.expect("an entry").path());
    let scenarios: usize = folders
        .filter_map(|folder| std::fs::read_dir(folder.join("scenarios")).ok())
        .map(Iterator::count)
        .sum();
    let known: usize = builtin::all().iter().map(|module| module.scenarios.len()).sum();
    assert_eq!(scenarios, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_folder_passes_its_own_test() {
    let database = Database::sqlite();
    let folder = database.folder.path().join("my-pbx");
    let (folder, sheet) = (folder.display(), database.folder.path().join("sheet.md"));
    let (code, _, problem) = run(&database, &format!("module new {folder}")).await;
    assert_eq!((code, problem.as_str()), (0, ""));
    let (code, out, problem) =
        run(&database, &format!("module test {folder} --sheet {}", sheet.display())).await;
    assert_eq!((code, problem.as_str()), (0, ""), "{out}");
    assert!(out.contains("ok   1-answered: A call rings 101, is answered and ends"), "{out}");
    assert!(out.contains("1 scenarios make the expected calls, in every order"), "{out}");
    let sheet = std::fs::read_to_string(sheet).expect("the sheet");
    assert!(sheet.contains("| Calls are shown | yes |"), "{sheet}");
}
