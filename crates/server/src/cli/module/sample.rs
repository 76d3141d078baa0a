//! `hookswitch module sample`

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use hookswitch_model::RequestId;
use serde_json::Value;

use super::remote::Remote;
use crate::cli::CliResult;
use hookswitch_core::modules::sample::Sample;

pub async fn run(remote: &Remote, which: &str, request: RequestId, dir: &Path) -> CliResult {
    let server = remote.server()?;
    let module = server.must_find(which).await?;
    let sample: Sample =
        server.get(&format!("/api/v1/modules/{}/requests/{request}/sample", module.id)).await?;
    let text = serde_json::to_string_pretty(&sample)?;
    let path = next(&dir.join("samples"), sample.result.as_ref())?;
    let cannot = |error: std::io::Error| format!("{}: {error}", path.display());
    // Never overwrites an existing file.
    let mut file = File::create_new(&path).map_err(cannot)?;
    writeln!(file, "{text}").map_err(cannot)?;
    writeln!(
        std::io::stdout(),
        "{}\nadd the settings it needs and, if the provider signs requests, how (\"sign\"); then run\n  hookswitch module test {}",
        path.display(),
        dir.display()
    )?;
    Ok(())
}

/// Returns the path of a new file after the existing ones, such as `05-notify-start.json`.
fn next(samples: &Path, result: Option<&Value>) -> Result<PathBuf, String> {
    let cannot = |error: std::io::Error| format!("{}: {error}", samples.display());
    fs::create_dir_all(samples).map_err(cannot)?;
    let names = fs::read_dir(samples).map_err(cannot)?.filter_map(Result::ok);
    let numbers = names.filter_map(|entry| number(&entry.file_name().to_string_lossy()));
    let number = numbers.max().unwrap_or_default().saturating_add(1);
    Ok(samples.join(format!("{number:02}-{}.json", words(result))))
}

fn number(name: &str) -> Option<u32> {
    name.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Returns the request's meaning as part of a file name.
fn words(result: Option<&Value>) -> String {
    let event = |result: &Value| Some(result.get("event")?.get("event")?.as_str()?.to_owned());
    let record = |result: &Value| result.get("callRecord")?.is_object().then(|| "record".to_owned());
    let said = result.and_then(|result| event(result).or_else(|| record(result)));
    let mut words = String::new();
    for c in said.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).take(40) {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push('-');
        }
        words.push(c.to_ascii_lowercase());
    }
    if words.is_empty() { "request".to_owned() } else { words }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sample_comes_behind_those_that_are_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let name = |result: Value| {
            let path = next(dir.path(), Some(&result)).expect("a name");
            path.file_name().expect("a name").to_string_lossy().into_owned()
        };
        assert_eq!(name(json!({})), "01-request.json");
        for there in ["03-start.json", "41-test.json", "README.md"] {
            fs::write(dir.path().join(there), "").expect("a file");
        }
        assert_eq!(name(json!({ "event": { "event": "notifyStart" } })), "42-notify-start.json");
        assert_eq!(name(json!({ "callRecord": {} })), "42-record.json");
        assert_eq!(name(json!({ "event": { "event": "../../x" } })), "42-x.json");
    }
}
