//! `hookswitch module test`

use std::fmt::Write as _;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::join;
use hookswitch_script::{Compiled, Engine, Function, Limits};
use serde_json::Value;

use super::open;
use crate::cli::CliResult;
use crate::kit::conformance::sheet::State;
use crate::kit::conformance::{self, render};
use crate::kit::play::{Played, Stage, Subject, diff, play};
use hookswitch_core::modules::folder::Folder;
use hookswitch_core::modules::sample::Sample;
use hookswitch_core::modules::trial::{self, Ran};

pub async fn run(dir: &Path, update: bool, sheet: Option<&Path>) -> CliResult {
    let (folder, compiled) = open(dir)?;
    let mut out = std::io::stdout().lock();
    let engine = Engine::new(Limits::default(), tokio::runtime::Handle::current());
    let failed_samples = samples(&engine, &folder, &compiled, update, &mut out).await?;
    let unreadable: Vec<_> =
        folder.scenarios.iter().filter_map(|(path, read)| Some((path, read.as_ref().err()?))).collect();
    for (path, problem) in &unreadable {
        writeln!(out, "FAIL {}: {problem}", stem(path))?;
    }
    let unreadable = unreadable.len();
    let subject = Subject {
        manifest: folder.manifest,
        source: folder.source,
        compiled,
        samples: named(folder.samples),
        scenarios: named(folder.scenarios),
    };
    let (stage, other) = (Stage::open().await?, Stage::open().await?);
    let (played, apart) = join!(
        play_and_print(&stage, &subject, &mut out),
        conformance::checks_apart(&other, &engine, &subject)
    );
    let (played, failed) = played?;
    let failed_scenarios = (failed + unreadable, subject.scenarios.len() + unreadable);
    let made = conformance::sheet_of(&stage, &engine, &subject, &played, apart).await;
    stage.close().await;
    other.close().await;
    let made = made?;
    write!(out, "{}", render::text(&made))?;
    if let Some(file) = sheet {
        fs::write(file, render::markdown(&made)).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let failed_checks = (made.failed().count(), made.checks.len());
    let failed = [(failed_samples, "samples"), (failed_scenarios, "scenarios"), (failed_checks, "checks")];
    let is_there = |function: &Function| {
        made.functions.iter().any(|ability| ability.name == function.name() && ability.state == State::Yes)
    };
    if let Some(lacks) = Function::ALL.iter().find(|function| function.required() && !is_there(function)) {
        return Err(format!("the module cannot be used without {lacks}").into());
    }
    match failed.into_iter().filter_map(failures).collect::<Vec<_>>() {
        none if none.is_empty() => Ok(()),
        failed => Err(failed.join(", ").into()),
    }
}

fn failures(((failed, all), what): ((usize, usize), &str)) -> Option<String> {
    (failed > 0).then(|| format!("{failed} of {all} {what} failed"))
}

/// Returns those that could be read, by file name.
fn named<T>(files: Vec<(PathBuf, Result<T, String>)>) -> Vec<(String, T)> {
    let named = files.into_iter().filter_map(|(path, read)| Some((stem(&path), read.ok()?)));
    named.collect()
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Plays the scenarios; returns how each went, and how many failed.
async fn play_and_print(
    stage: &Stage,
    subject: &Subject,
    out: &mut impl Write,
) -> std::io::Result<(Vec<Played>, usize)> {
    let (mut failed, mut played) = (0, Vec::new());
    for (file, scenario) in &subject.scenarios {
        let came = play(stage, subject, (file, scenario)).await;
        let mark = if came.passed() { "ok  " } else { "FAIL" };
        failed += usize::from(!came.passed());
        writeln!(out, "{mark} {file}: {}", scenario.name)?;
        for line in came
            .problems()
            .flat_map(|problem| problem.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
        {
            writeln!(out, "     {line}")?;
        }
        played.push(came);
    }
    if failed == 0 && !played.is_empty() {
        writeln!(out, "{} scenarios make the expected calls, in every order", played.len())?;
    }
    Ok((played, failed))
}

/// Runs the samples; returns how many of how many failed.
async fn samples(
    engine: &Engine,
    folder: &Folder,
    compiled: &Arc<Compiled>,
    update: bool,
    out: &mut impl Write,
) -> Result<(usize, usize), Box<dyn std::error::Error + Send + Sync>> {
    let mut failed = 0;
    for (path, sample) in &folder.samples {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let sample = match sample {
            Ok(sample) => sample,
            Err(problem) => {
                failed += 1;
                writeln!(out, "FAIL {file}: {problem}")?;
                continue;
            }
        };
        let ran = trial::run(engine, compiled, &folder.manifest.settings, sample).await;
        if ran.is_as_expected(sample) {
            write!(out, "ok   {file}: {}\n{}", sample.name, warnings(&ran))?;
        } else if update && ran.problems.is_empty() {
            fs::write(path, with_outcome(sample, &ran)?)?;
            writeln!(out, "NEW  {file}: {}", sample.name)?;
        } else {
            failed += 1;
            write!(out, "FAIL {file}: {}\n{}", sample.name, report(sample, &ran))?;
        }
    }
    let all = folder.samples.len();
    if failed == 0 {
        writeln!(out, "{all} samples give the expected results")?;
    }
    Ok((failed, all))
}

/// Returns the sample's file with its actual outcome.
fn with_outcome(sample: &Sample, ran: &Ran) -> serde_json::Result<String> {
    let (result, error) = match &ran.outcome {
        Ok(value) => (Some(value.clone()), None),
        Err(error) => (None, Some(trial::message(error))),
    };
    let mut text = serde_json::to_string_pretty(&Sample { result, error, ..sample.clone() })?;
    text.push('\n');
    Ok(text)
}

/// Returns the differences, other problems and the script's log, each line indented.
fn report(sample: &Sample, ran: &Ran) -> String {
    let expected = match &sample.error {
        Some(message) => format!("throws: {message}"),
        None => pretty(sample.result.as_ref().unwrap_or(&Value::Null)),
    };
    let got = match &ran.outcome {
        Ok(value) => pretty(value),
        Err(error) => format!("throws: {}", trial::message(error)),
    };
    let mut report = String::new();
    if expected != got {
        for line in diff(&expected.into(), &got.into()).lines() {
            let _ = writeln!(report, "     {line}");
        }
    }
    for problem in &ran.problems {
        let _ = writeln!(report, "     {problem}");
    }
    report.push_str(&warnings(ran));
    for entry in &ran.log {
        let line = entry.line.map_or_else(String::new, |line| format!(" (line {line})"));
        let _ = writeln!(report, "     log{line}: {}", entry.text);
    }
    report
}

/// Returns the problems that do not make the sample fail.
fn warnings(ran: &Ran) -> String {
    ran.warnings
        .iter()
        .map(|warning| format!("     warning: {}: {}\n", warning.path, warning.message))
        .collect()
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookswitch_core::modules::sample;
    use hookswitch_model::contract::Warning;
    use hookswitch_script::{LogEntry, LogLevel};
    use serde_json::json;

    #[test]
    fn a_difference_is_shown_line_by_line() {
        let sample =
            r#"{ "name": "n", "call": { "function": "VoipGetMembers" }, "result": [{ "id": "101" }] }"#;
        let sample = sample::parse(sample).expect("a sample");
        let outcome = Ok(json!([{ "id": "102" }]));
        let ran = Ran {
            outcome,
            fetches: Vec::new(),
            breach: None,
            problems: vec!["never fetched: GET https://x.example/".into()],
            warnings: vec![Warning::new("event.line", "was cut")],
            log: vec![LogEntry {
                level: LogLevel::Info,
                text: "two members".into(),
                line: Some(7),
                function: None,
                request_id: None,
            }],
        };
        let expected = concat!(
            "     - expected, + got\n",
            "       [\n         {\n",
            "     -     \"id\": \"101\"\n     +     \"id\": \"102\"\n",
            "         }\n       ]\n",
            "     never fetched: GET https://x.example/\n",
            "     warning: event.line: was cut\n",
            "     log (line 7): two members\n",
        );
        assert_eq!(report(&sample, &ran), expected);
        let updated = with_outcome(&sample, &ran).expect("JSON");
        assert!(sample::parse(&updated).expect("a sample").result == Some(json!([{ "id": "102" }])));
    }
}
