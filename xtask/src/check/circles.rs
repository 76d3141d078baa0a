//! Checks that the folders of a crate have no dependency cycles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use crate::process::project_root;

/// The crates whose folders must not form cycles.
const CRATES: &[&str] = &["core", "server"];

/// What each top-level folder or file of a crate uses.
type Uses = BTreeMap<String, BTreeSet<String>>;

pub fn check() -> Result<()> {
    for name in CRATES {
        let folder = project_root().join("crates").join(name).join("src");
        let mut uses = Uses::new();
        read(&folder, None, &mut uses).with_context(|| folder.display().to_string())?;
        let circle = circle(&mut uses);
        ensure!(circle.is_empty(), "crates/{name}: {} use each other", circle.join(", "));
    }
    Ok(())
}

/// Adds what the files of a folder use. `top` is the top-level folder that they belong to.
fn read(folder: &Path, top: Option<&str>, uses: &mut Uses) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let of = top.unwrap_or(name);
        if path.is_dir() {
            read(&path, Some(of), uses)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") && !["lib", "main"].contains(&of) {
            let text = std::fs::read_to_string(&path)?;
            let used = text.split("crate::").skip(1).flat_map(first_names).filter(|name| name != of);
            uses.entry(of.to_owned()).or_default().extend(used);
        }
    }
    Ok(())
}

/// Returns the first segment of `a::b`, or of each path in `{a::b, c}`.
fn first_names(path: &str) -> Vec<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let first =
        |text: &str| text.trim_start().split(|c| !is_of_name(c)).next().unwrap_or_default().to_owned();
    let Some(list) = path.strip_prefix('{') else { return vec![first(path)] };
    let (mut depth, mut names) = (0, vec![first(list)]);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(first(&list[at + 1..])),
            _ => {}
        }
    }
    names
}

/// Repeatedly removes what uses nothing that remains. What is left is part of a cycle or uses one.
fn circle(uses: &mut Uses) -> Vec<String> {
    loop {
        let known: BTreeSet<String> = uses.keys().cloned().collect();
        let before = uses.len();
        uses.retain(|_, used| used.iter().any(|name| known.contains(name)));
        if uses.len() == before {
            return uses.keys().cloned().collect();
        }
    }
}
