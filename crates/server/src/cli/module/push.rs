//! `hookswitch module push`

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;

use axum::http::Method;
use serde_json::{Map, Value, json};
use similar::{ChangeTag, TextDiff};

use super::remote::{Module, Refused, Remote, Server};
use super::{listed, open};
use crate::cli::CliResult;
use hookswitch_core::modules::folder::Folder;
use hookswitch_core::modules::manifest::{Setting, SettingKind};
use hookswitch_core::modules::update;

pub async fn run(remote: &Remote, dir: &Path, which: Option<&str>, set: &[String]) -> CliResult {
    let (folder, _) = open(dir)?;
    let values = values(&folder.manifest.settings, set)?;
    let server = remote.server()?;
    let refused = |refused: Refused| match refused.diagnostics.as_slice() {
        [] => refused.detail,
        diagnostics => listed(dir, diagnostics),
    };
    let found = match which {
        Some(which) => Some(server.must_find(which).await.map_err(refused)?),
        None => server.find(&folder.manifest.name).await.map_err(refused)?,
    };
    let said = match found {
        None => create(&server, &folder, &values).await,
        Some(module) => update(&server, &folder, &module, &values).await,
    };
    Ok(write!(std::io::stdout(), "{}", said.map_err(refused)?)?)
}

async fn create(server: &Server, folder: &Folder, values: &Map<String, Value>) -> Result<String, Refused> {
    let manifest = &folder.manifest;
    let body = json!({
        "name": manifest.name,
        "script": folder.source,
        "settings": manifest.settings,
        "defaultCountry": manifest.default_country,
        "numbers": manifest.numbers,
        "dialsExtensions": manifest.dials_extensions,
    });
    let made: Module = server.send(Method::POST, "/api/v1/modules", Some(&body)).await?;
    let (made, set) = with_values(server, made, values).await?;
    let page = server.url(&format!("/modules/{}", made.id));
    Ok(format!(
        "created {} ({})\nits webhook URL and users are at {page}\n{set}{}",
        made.name,
        made.id,
        unset(&made)
    ))
}

async fn update(
    server: &Server,
    folder: &Folder,
    module: &Module,
    values: &Map<String, Value>,
) -> Result<String, Refused> {
    let manifest = &folder.manifest;
    let path = format!("/api/v1/modules/{}", module.id);
    let before = server.script(module).await?;
    let declared = module.declared();
    let mut said = String::new();
    if before.as_deref() != Some(folder.source.as_str()) || declared != manifest.settings {
        let body = json!({ "source": folder.source, "settings": manifest.settings });
        let saved: Module = server.send(Method::PUT, &format!("{path}/script"), Some(&body)).await?;
        if module.script_version != saved.script_version {
            let version = saved.script_version.unwrap_or_default();
            let _ =
                writeln!(said, "  script: version {version} ({})", lines(before.as_deref(), &folder.source));
        }
        said.push_str(&settings(&declared, &manifest.settings));
    }
    let mut changes = json!({});
    let mut change = |name: &str, label: &str, from: Value, to: Value| {
        if from != to {
            let _ = writeln!(said, "  {label}: {from} -> {to}");
            changes[name] = to;
        }
    };
    if let Some(country) = &manifest.default_country {
        change("defaultCountry", "default country", json!(module.default_country), json!(country));
    }
    change("numbers", "numbers", json!(module.numbers), json!(manifest.numbers));
    let dials = (json!(module.dials_extensions), json!(manifest.dials_extensions));
    change("dialsExtensions", "dials extensions", dials.0, dials.1);
    if changes != json!({}) {
        let _: Module = server.send(Method::PATCH, &path, Some(&changes)).await?;
    }
    let now: Module = server.get(&path).await?;
    let (now, set) = with_values(server, now, values).await?;
    said.push_str(&set);
    let Module { id, name, .. } = module;
    let head = if said.is_empty() { "nothing to change in" } else { "updated" };
    Ok(format!("{head} {name} ({id})\n{said}{}", unset(&now)))
}

/// Parses the values of `--set` according to their settings' declarations.
fn values(declared: &[Setting], set: &[String]) -> Result<Map<String, Value>, String> {
    let mut values = Map::new();
    let mut is_read = false;
    for given in set {
        let (name, value) = given.split_once('=').ok_or("--set: write NAME=VALUE")?;
        let setting = declared.iter().find(|setting| setting.name == name).ok_or_else(|| {
            let names: Vec<_> = declared.iter().map(|setting| setting.name.as_str()).collect();
            format!("--set {name}: module.toml declares no such setting; choose one of {}", names.join(", "))
        })?;
        let mut text = value.to_owned();
        if value == "-" {
            if std::mem::replace(&mut is_read, true) {
                return Err(format!("--set {name}: only one value can be read from standard input"));
            }
            text.clear();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| format!("--set {name}: cannot read standard input: {error}"))?;
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        let value = match setting.kind {
            SettingKind::Number | SettingKind::Boolean => serde_json::from_str(&text)
                .map_err(|_| format!("--set {name}: give a number, true or false"))?,
            _ => Value::String(text),
        };
        values.insert(name.to_owned(), value);
    }
    Ok(values)
}

/// Sets the values; returns the updated module and a line for the user.
async fn with_values(
    server: &Server,
    module: Module,
    values: &Map<String, Value>,
) -> Result<(Module, String), Refused> {
    if values.is_empty() {
        return Ok((module, String::new()));
    }
    let path = format!("/api/v1/modules/{}/settings", module.id);
    let set: Module = server.send(Method::PATCH, &path, Some(&json!(values))).await?;
    let names: Vec<_> = values.keys().map(String::as_str).collect();
    Ok((set, format!("  set: {}\n", names.join(", "))))
}

/// Returns how many lines were added and removed.
fn lines(before: Option<&str>, after: &str) -> String {
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after);
    let count = |tag: ChangeTag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    format!("{} lines added, {} removed", count(ChangeTag::Insert), count(ChangeTag::Delete))
}

fn settings(before: &[Setting], after: &[Setting]) -> String {
    let difference = update::difference(before, after);
    let names = |settings: &mut dyn Iterator<Item = &Setting>| {
        settings.map(|setting| setting.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let kinds = [
        ("new", names(&mut difference.added.iter())),
        ("changed", names(&mut difference.changed.iter().map(|(_, after)| after))),
        ("gone", names(&mut difference.removed.iter())),
    ];
    let said = kinds.iter().filter(|(_, names)| !names.is_empty());
    said.map(|(kind, names)| format!("  settings {kind}: {names}\n")).collect()
}

fn unset(module: &Module) -> String {
    match module.unset().as_slice() {
        [] => String::new(),
        labels => format!("still to be set: {}\n", labels.join(", ")),
    }
}
