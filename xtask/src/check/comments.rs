//! Comments that say nothing.

use super::sources::tracked;
use crate::process::project_root;
use anyhow::{Result, ensure};
use std::collections::BTreeSet;

/// Words that add nothing to a name.
const EMPTY: &[&str] = &["a", "an", "its", "of", "that", "the", "their", "this"];
/// Words that come before an item's name.
const BEFORE_NAMES: &[&str] =
    &["pub", "async", "const", "unsafe", "fn", "struct", "enum", "trait", "type", "static", "mod"];

/// Rejects doc comments that only repeat the name of their item.
pub async fn repeated_names() -> Result<()> {
    let mut found = Vec::new();
    for file in tracked(&["*.rs"]).await? {
        let Ok(text) = std::fs::read_to_string(project_root().join(&file)) else { continue };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let repeats = lines.iter().enumerate().filter(|(index, _)| only_repeats(&lines, *index));
        found.extend(repeats.map(|(index, line)| format!("{file}:{}: {line}", index + 1)));
    }
    ensure!(found.is_empty(), "comments that only repeat a name:\n{}", found.join("\n"));
    Ok(())
}

/// Whether the line is all of a doc comment, and has no word that the name of its item lacks.
fn only_repeats(lines: &[&str], index: usize) -> bool {
    let is_doc = |line: Option<&&str>| line.is_some_and(|line| line.starts_with("///"));
    let above = index.checked_sub(1).and_then(|above| lines.get(above));
    let Some(comment) = lines[index].strip_prefix("///") else { return false };
    // A word of a file or of an answer is another name for the item.
    if comment.trim_start().starts_with('`') {
        return false;
    }
    if is_doc(above) || is_doc(lines.get(index + 1)) {
        return false;
    }
    let Some(item) = lines[index + 1..].iter().find(|line| !line.starts_with("#[")) else { return false };
    let name = item
        .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        .find(|word| !word.is_empty() && !BEFORE_NAMES.contains(word) && !matches!(*word, "crate" | "super"));
    let said = words(comment);
    name.is_some_and(|name| !said.is_empty() && said.is_subset(&words(name)))
}

/// The words of a sentence or a name, in lower case and without a plural's `s`.
fn words(text: &str) -> BTreeSet<String> {
    let mut spaced = String::new();
    for letter in text.chars() {
        if letter.is_uppercase() || !letter.is_alphanumeric() {
            spaced.push(' ');
        }
        spaced.push(if letter.is_alphanumeric() { letter } else { ' ' });
    }
    let words = spaced.split_whitespace().map(str::to_lowercase);
    let words = words.filter(|word| !EMPTY.contains(&word.as_str()));
    words
        .map(|word| word.strip_suffix('s').unwrap_or(&word).to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::only_repeats;

    #[test]
    fn a_comment_that_adds_a_word_is_kept() {
        for (repeats, lines) in [
            (true, ["/// The call id.", "pub call_id: String,"]),
            (true, ["/// Its name.", "name: String,"]),
            (true, ["/// Call views.", "pub struct CallView {"]),
            (false, ["/// The provider's call id.", "pub call_id: String,"]),
            (false, ["/// Seconds.", "pub duration: u32,"]),
        ] {
            assert_eq!(only_repeats(&lines, 0), repeats, "{lines:?}");
        }
    }
}
