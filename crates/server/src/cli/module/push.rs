//! `hookswitch module push`

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use axum::http::Method;
use serde_json::{Value, json};
use similar::{ChangeTag, TextDiff};

use super::remote::{Module, Refused, Remote, Server};
use super::{listed, open};
use crate::cli::CliResult;
use hookswitch_core::modules::folder::Folder;
use hookswitch_core::modules::manifest::Setting;
use hookswitch_core::modules::update;

pub async fn run(remote: &Remote, dir: &Path, which: Option<&str>) -> CliResult {
    let (folder, _) = open(dir)?;
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
        None => create(&server, &folder).await,
        Some(module) => update(&server, &folder, &module).await,
    };
    Ok(write!(std::io::stdout(), "{}", said.map_err(refused)?)?)
}

async fn create(server: &Server, folder: &Folder) -> Result<String, Refused> {
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
    let page = server.url(&format!("/modules/{}", made.id));
    Ok(format!(
        "made {} ({})\nits webhook URL and its users are at {page}\n{}",
        made.name,
        made.id,
        unset(&made)
    ))
}

async fn update(server: &Server, folder: &Folder, module: &Module) -> Result<String, Refused> {
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
    let Module { id, name, .. } = module;
    let head = if said.is_empty() { "nothing to change in" } else { "updated" };
    Ok(format!("{head} {name} ({id})\n{said}{}", unset(&now)))
}

/// How many lines came and went.
fn lines(before: Option<&str>, after: &str) -> String {
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after);
    let count = |tag: ChangeTag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
    format!("{} lines new, {} gone", count(ChangeTag::Insert), count(ChangeTag::Delete))
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
