//! House rules for committed files.

use crate::process::{self, command, project_root};
use anyhow::{Result, ensure};

const LINES_THAT_ASK_FOR_A_SPLIT: usize = 400;
const LINES_TOO_MANY: usize = 800;

/// Rejects long source files. Generated files and test data may be long, and so may a module's script, which has to be
/// a single file.
pub async fn file_sizes() -> Result<()> {
    let mut too_long = Vec::new();
    for file in tracked(&["*.rs", "*.ts", "*.js", "*.svelte"]).await? {
        let by_hand = !file.ends_with(".d.ts")
            && !file.ends_with("/module.ts")
            && !file.split('/').any(|folder| ["generated", "fixtures", "samples"].contains(&folder));
        let Ok(text) = std::fs::read_to_string(project_root().join(&file)) else { continue };
        let lines = text.lines().count();
        if by_hand && lines > LINES_TOO_MANY {
            too_long.push(format!("{file} ({lines} lines)"));
        } else if by_hand && lines > LINES_THAT_ASK_FOR_A_SPLIT {
            println!("warning: {file} has {lines} lines; can it be split?");
        }
    }
    ensure!(too_long.is_empty(), "more than {LINES_TOO_MANY} lines: {}", too_long.join(", "));
    Ok(())
}

/// Rejects provider names in crates, even in tests: modules are data to the server. The demo module is ours and its
/// name an ordinary word.
pub async fn provider_names() -> Result<()> {
    let modules = std::fs::read_dir(project_root().join("modules"))?;
    let names: Vec<String> = modules
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name != "demo" && project_root().join("modules").join(name).is_dir())
        .collect();
    let mut found = Vec::new();
    for file in tracked(&["crates"]).await? {
        let Ok(text) = std::fs::read_to_string(project_root().join(&file)) else { continue };
        let text = text.to_lowercase();
        found.extend(
            names.iter().filter(|name| text.contains(*name)).map(|name| format!("{file} names {name}")),
        );
    }
    ensure!(found.is_empty(), "{}; provider names belong only in modules/", found.join(", "));
    Ok(())
}

/// Rejects SQL outside `store`, except in tests that inspect a database from outside.
pub async fn sql() -> Result<()> {
    let mut found = Vec::new();
    for file in
        tracked(&["crates/model/src", "crates/script/src", "crates/core/src", "crates/server/src"]).await?
    {
        let Ok(text) = std::fs::read_to_string(project_root().join(&file)) else { continue };
        let is_sql = |line: &str| {
            let line = line.trim_start().trim_start_matches(['"', 'r', '#']);
            ["select ", "insert into ", "delete from "].iter().any(|start| line.starts_with(start))
                || (line.starts_with("update ") && line.contains(" set "))
        };
        if text.lines().any(is_sql) {
            found.push(file);
        }
    }
    ensure!(found.is_empty(), "SQL outside crates/store: {}", found.join(", "));
    Ok(())
}

/// Returns files matching the patterns that git tracks or would add, relative to the project root.
pub async fn tracked(patterns: &[&str]) -> Result<Vec<String>> {
    let mut git = command("git");
    git.args(["ls-files", "--cached", "--others", "--exclude-standard", "--deduplicate", "--"])
        .args(patterns);
    Ok(process::output(&mut git).await?.lines().map(str::to_owned).collect())
}
