//! A module's folder on disk, as edited by its author.

use std::fs;
use std::path::{Path, PathBuf};

use super::manifest::{self, Manifest};
use super::sample::{self, Sample};
use super::scenario::{self, Scenario};

/// The content of a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// `module.toml`.
    pub manifest: Manifest,
    /// `module.ts`.
    pub source: String,
    /// `samples/*.json`, by name.
    pub samples: Vec<(PathBuf, Result<Sample, String>)>,
    /// `scenarios/*.json`, by name.
    pub scenarios: Vec<(PathBuf, Result<Scenario, String>)>,
}

/// Reads a folder.
///
/// # Errors
/// A file that is missing or cannot be read, or an error in the manifest. Errors in samples or scenarios are returned
/// with them.
pub fn read(folder: &Path) -> Result<Folder, String> {
    let text = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let manifest = text(&folder.join("module.toml"))?;
    let manifest = manifest::parse(&manifest).map_err(|error| error.to_string())?;
    let source = text(&folder.join("module.ts"))?;
    let samples = parsed(&folder.join("samples"), sample::parse)?;
    let scenarios = parsed(&folder.join("scenarios"), scenario::parse)?;
    Ok(Folder { manifest, source, samples, scenarios })
}

type Parsed<T> = Vec<(PathBuf, Result<T, String>)>;

fn parsed<T>(folder: &Path, parse: impl Fn(&str) -> Result<T, String>) -> Result<Parsed<T>, String> {
    let files = json_files(folder)?.into_iter().map(|path| {
        let text = fs::read_to_string(&path).map_err(|error| error.to_string());
        let parsed = text.and_then(|text| parse(&text));
        (path, parsed)
    });
    Ok(files.collect())
}

fn json_files(folder: &Path) -> Result<Vec<PathBuf>, String> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let paths: Result<Vec<_>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|error| format!("{}: {error}", folder.display()))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    Ok(paths)
}
