//! `hookswitch module pull`

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use hookswitch_model::phone::Written;
use serde::Serialize;
use serde_json::Value;

use super::new::{SDK, TSCONFIG, code_of, write};
use super::remote::{Module, Remote};
use crate::cli::CliResult;
use hookswitch_core::modules::manifest::{self, Manifest, SelectOption, Setting, SettingKind};

pub async fn run(remote: &Remote, which: &str, dir: &Path, force: bool) -> CliResult {
    let server = remote.server()?;
    let module = server.must_find(which).await?;
    let script = server.script(&module).await?;
    let script = script.ok_or_else(|| format!("{} has no script yet", module.name))?;
    let before = fs::read_to_string(dir.join("module.toml")).ok();
    let before = before.and_then(|text| manifest::parse(&text).ok());
    let manifest = manifest_of(&module, dir, before.as_ref());
    let mut files = Vec::new();
    if before.as_ref() != Some(&manifest) {
        files.push(("module.toml", text_of(&manifest)?));
    }
    if fs::read_to_string(dir.join("module.ts")).ok().as_ref() != Some(&script) {
        files.push(("module.ts", script));
    }
    let taken = files.iter().map(|(name, _)| dir.join(name)).find(|path| path.exists());
    if let Some(taken) = taken.filter(|_| !force) {
        return Err(format!("{} exists and differs; use --force to overwrite it", taken.display()).into());
    }
    let changed = files.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    for (name, text) in files {
        write(&dir.join(name), &text)?;
    }
    for (name, text) in [("hookswitch.d.ts", SDK), ("tsconfig.json", TSCONFIG)] {
        if !dir.join(name).exists() {
            write(&dir.join(name), text)?;
        }
    }
    let dir = dir.display();
    let said = match changed.as_str() {
        "" => format!("{dir} is up to date with {}\n", module.name),
        changed => format!("{dir} now has {}; written: {changed}\n", module.name),
    };
    Ok(write!(std::io::stdout(), "{said}")?)
}

/// Returns the manifest: what the server knows of it, and the rest from the folder.
fn manifest_of(module: &Module, dir: &Path, before: Option<&Manifest>) -> Manifest {
    Manifest {
        code: before.map_or_else(|| code_of(dir), |before| before.code.clone()),
        name: module.name.clone(),
        description: before
            .map_or_else(|| format!("Calls of {}.", module.name), |before| before.description.clone()),
        default_country: module.default_country.clone(),
        numbers: module.numbers,
        dials_extensions: module.dials_extensions,
        settings: module.declared(),
        cannot: before.map(|before| before.cannot.clone()).unwrap_or_default(),
    }
}

/// A manifest in the form that people write.
#[derive(Serialize)]
struct Text<'a> {
    code: &'a str,
    name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    default_country: Option<&'a str>,
    numbers: Written,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    dials_extensions: bool,
    settings: Vec<SettingText<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    cannot: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct SettingText<'a> {
    name: &'a str,
    label: &'a str,
    #[serde(rename = "type")]
    kind: SettingKind,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    required: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    options: &'a [SelectOption],
}

fn text_of(manifest: &Manifest) -> Result<String, String> {
    let text = Text {
        code: &manifest.code,
        name: &manifest.name,
        description: &manifest.description,
        default_country: manifest.default_country.as_deref(),
        numbers: manifest.numbers,
        dials_extensions: manifest.dials_extensions,
        settings: manifest.settings.iter().map(SettingText::new).collect(),
        cannot: &manifest.cannot,
    };
    toml::to_string(&text).map_err(|error| format!("cannot write module.toml: {error}"))
}

impl<'a> SettingText<'a> {
    fn new(setting: &'a Setting) -> Self {
        let Setting { name, label, kind, required, default, help, options } = setting;
        let (default, help) = (default.as_ref(), help.as_deref());
        Self { name, label, kind: *kind, required: *required, default, help, options }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookswitch_core::modules::builtin;

    #[test]
    fn a_manifest_that_is_written_is_read_as_it_was() {
        for module in builtin::all() {
            let text = text_of(&module.manifest).expect("a text");
            assert_eq!(manifest::parse(&text).expect("a manifest"), module.manifest, "{text}");
        }
    }
}
