//! The built-in modules: every folder under `modules/` in the repository, embedded in the binary.

use std::path::PathBuf;
use std::sync::LazyLock;

use include_dir::{Dir, File, include_dir};

use super::manifest::{self, Manifest};
use super::sample::{self, Sample};
use super::scenario::{self, Scenario};

static FOLDERS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../modules");

static MODULES: LazyLock<Vec<BuiltinModule>> = LazyLock::new(|| {
    let mut modules: Vec<_> = FOLDERS.dirs().map(read).collect();
    modules.sort_by(|a, b| a.manifest.code.cmp(&b.manifest.code));
    modules
});

/// A built-in module.
#[derive(Debug, Clone, PartialEq)]
pub struct BuiltinModule {
    /// What it is and which settings it has.
    pub manifest: Manifest,
    pub source: &'static str,
    /// Expected results for real requests, by the file's name without its extension.
    pub samples: Vec<(String, Sample)>,
    /// Expected results for sequences of requests, likewise.
    pub scenarios: Vec<(String, Scenario)>,
}

/// All built-in modules, by code.
#[must_use]
pub fn all() -> &'static [BuiltinModule] {
    &MODULES
}

/// The built-in module with this code.
#[must_use]
pub fn find(code: &str) -> Option<&'static BuiltinModule> {
    MODULES.iter().find(|module| module.manifest.code == code)
}

/// The files of the built-in module with this code: path within its folder, and text.
#[must_use]
pub fn files(code: &str) -> Option<Vec<(PathBuf, &'static str)>> {
    let folder = FOLDERS.get_dir(code)?;
    let inner =
        ["samples", "scenarios"].into_iter().filter_map(|name| folder.get_dir(folder.path().join(name)));
    let inner = inner.flat_map(Dir::files);
    let text = |file: &'static File<'static>| {
        Some((file.path().strip_prefix(code).ok()?.to_owned(), file.contents_utf8()?))
    };
    Some(folder.files().chain(inner).filter_map(text).collect())
}

fn read(folder: &'static Dir<'static>) -> BuiltinModule {
    let name = folder.path().display();
    let text = |file: &str| {
        let found = folder.get_file(folder.path().join(file)).and_then(|file| file.contents_utf8());
        found.unwrap_or_else(|| panic!("modules/{name}/{file} is missing or not UTF-8"))
    };
    let manifest =
        manifest::parse(text("module.toml")).unwrap_or_else(|error| panic!("modules/{name}: {error}"));
    BuiltinModule {
        manifest,
        source: text("module.ts"),
        samples: parsed(folder, "samples", sample::parse),
        scenarios: parsed(folder, "scenarios", scenario::parse),
    }
}

fn parsed<T>(
    folder: &Dir<'static>,
    name: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Vec<(String, T)> {
    let mut files: Vec<_> =
        folder.get_dir(folder.path().join(name)).into_iter().flat_map(Dir::files).collect();
    files.sort_by_key(|file| file.path());
    let parsed = files.into_iter().map(|file| {
        let path = file.path();
        let parsed = parse(file.contents_utf8().unwrap_or_default());
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (stem, parsed.unwrap_or_else(|error| panic!("modules/{}: {error}", path.display())))
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_is_a_module_with_samples() {
        for folder in FOLDERS.dirs() {
            let module = read(folder);
            assert_eq!(
                Some(module.manifest.code.as_str()),
                folder.path().to_str(),
                "the folder is named like the code"
            );
            assert!(!module.samples.is_empty(), "{} has no samples", module.manifest.code);
            assert_eq!(find(&module.manifest.code), Some(&module));
        }
        assert!(all().len() >= 2);
    }
}
