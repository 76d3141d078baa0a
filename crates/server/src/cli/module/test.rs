//! `hookswitch module test`

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use hookswitch_script::{Engine, Limits};
use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::open;
use crate::cli::CliResult;
use crate::modules::sample::Sample;
use crate::modules::trial::{self, Ran};

pub async fn run(dir: &Path, update: bool) -> CliResult {
    let (folder, compiled) = open(dir)?;
    let engine = Engine::new(Limits::default(), tokio::runtime::Handle::current());
    let mut out = std::io::stdout().lock();
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
        let ran = trial::run(&engine, &compiled, &folder.manifest.settings, sample).await;
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
    if failed > 0 {
        return Err(format!("{failed} of {all} samples failed").into());
    }
    writeln!(out, "{all} samples give what they must")?;
    Ok(())
}

/// The sample's file with what it gave now.
fn with_outcome(sample: &Sample, ran: &Ran) -> serde_json::Result<String> {
    let (result, error) = match &ran.outcome {
        Ok(value) => (Some(value.clone()), None),
        Err(error) => (None, Some(trial::message(error))),
    };
    let mut text = serde_json::to_string_pretty(&Sample { result, error, ..sample.clone() })?;
    text.push('\n');
    Ok(text)
}

/// What is different, what else is wrong, and what the script logged; each line indented.
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
        report.push_str("     - expected, + got\n");
        for change in TextDiff::from_lines(&expected, &got).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            let _ = writeln!(report, "     {sign} {}", change.value().trim_end());
        }
    }
    for problem in &ran.problems {
        let _ = writeln!(report, "     {problem}");
    }
    report.push_str(&warnings(ran));
    for entry in &ran.log {
        let _ = writeln!(report, "     log: {}", entry.text);
    }
    report
}

/// What is amiss without making the sample fail.
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
    use crate::modules::sample;
    use hookswitch_model::contract::Warning;
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
            problems: vec!["never fetched: GET https://x.example/".into()],
            warnings: vec![Warning::new("event.line", "was cut")],
            log: Vec::new(),
        };
        let expected = concat!(
            "     - expected, + got\n",
            "       [\n         {\n",
            "     -     \"id\": \"101\"\n     +     \"id\": \"102\"\n",
            "         }\n       ]\n",
            "     never fetched: GET https://x.example/\n",
            "     warning: event.line: was cut\n",
        );
        assert_eq!(report(&sample, &ran), expected);
        let updated = with_outcome(&sample, &ran).expect("JSON");
        assert!(sample::parse(&updated).expect("a sample").result == Some(json!([{ "id": "102" }])));
    }
}
