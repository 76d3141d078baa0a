//! Checks that links in the documentation lead to existing files and headings.

use super::sources::tracked;
use crate::process::project_root;
use anyhow::{Result, ensure};
use std::path::Path;

pub async fn check() -> Result<()> {
    let mut broken = Vec::new();
    for file in tracked(&["*.md"]).await? {
        let path = project_root().join(&file);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let folder = path.parent().unwrap_or(&path);
        broken.extend(
            links(&text)
                .filter(|link| !leads_somewhere(folder, &path, link))
                .map(|link| format!("{file}: {link}")),
        );
    }
    ensure!(broken.is_empty(), "broken links: {}", broken.join(", "));
    Ok(())
}

fn leads_somewhere(folder: &Path, own: &Path, link: &str) -> bool {
    let (file, heading) = link.split_once('#').unwrap_or((link, ""));
    let target = if file.is_empty() { own.to_owned() } else { folder.join(file) };
    if heading.is_empty() {
        return target.exists();
    }
    let text = std::fs::read_to_string(target).unwrap_or_default();
    let mut headings = prose(&text).filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line.trim_start_matches('#').trim()) == heading)
}

/// Returns the targets of `[…](…)`, except other sites.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let links = prose(text).flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split_once(')'));
    links.map(|(link, _)| link).filter(|link| !link.contains(':') && !link.contains(' '))
}

/// Returns the lines outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    text.split("```").step_by(2).flat_map(str::lines)
}

/// Returns a heading's anchor as GitHub generates it.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_headings_are_read_as_they_are_shown() {
        let text = "See [a](A.md#b) and [c](#d).\n```\n[e](f)\n```\n[g](https://h.example/)";
        assert_eq!(links(text).collect::<Vec<_>>(), ["A.md#b", "#d"]);
        assert_eq!(anchor("Which call an `event` is about?"), "which-call-an-event-is-about");
    }

    #[tokio::test]
    async fn the_documentation_links_to_what_is_there() {
        check().await.expect("every link leads somewhere");
    }
}
