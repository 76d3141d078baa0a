//! Sheets for people: as text for the terminal, as Markdown for the docs.

use std::fmt::Write as _;

use super::sheet::{Ability, Check, Outcome, Sheet, State};

/// Lines for the terminal.
#[must_use]
pub fn text(sheet: &Sheet) -> String {
    let mut text = String::new();
    for (title, abilities) in [("Functions", &sheet.functions), ("Shown by scenarios", &sheet.shows)] {
        let _ = writeln!(text, "\n{title}");
        for ability in abilities {
            let line = format!("  {:<16} {:<22} {}", answer(ability.state), ability.name, because(ability));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let _ = writeln!(text, "\nConformance");
    for check in &sheet.checks {
        let reason = check.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let _ = writeln!(text, "  {:<16} {}{reason}", outcome(check), check.title);
        for problem in &check.problems {
            problem.lines().for_each(|line| {
                let _ = writeln!(text, "     {line}");
            });
        }
    }
    text
}

/// A section of a page.
#[must_use]
pub fn markdown(sheet: &Sheet) -> String {
    let mut text = format!("## {}\n\n", sheet.name);
    for (head, abilities) in
        [("what operators and administrators can do", &sheet.functions), ("what is shown", &sheet.shows)]
    {
        let _ = writeln!(text, "| {head} | | |\n|---|---|---|");
        for ability in abilities {
            let cells = [&ability.title, answer(ability.state), because(ability)].map(escaped);
            let _ = writeln!(text, "| {} |", cells.join(" | ").trim_end());
        }
        text.push('\n');
    }
    text.push_str("| check | | |\n|---|---|---|\n");
    for check in &sheet.checks {
        let reason = check.reason.clone().unwrap_or_default();
        let cells = [&check.title, outcome(check), &reason].map(escaped);
        let _ = writeln!(text, "| {} |", cells.join(" | ").trim_end());
    }
    text
}

/// One page of every sheet.
#[must_use]
pub fn page(sheets: &[Sheet]) -> String {
    let head = "# Providers\n\nWhat the built-in modules can do, as their own scenarios and the conformance checks show it. \
                `cargo xtask codegen` writes\nthis page; each module's README says where to click at the provider and where the \
                facts are from. «Provider can't» is what the\nprovider itself does not offer.\n";
    let sections = sheets.iter().map(|sheet| format!("\n{}", markdown(sheet)));
    std::iter::once(head.to_owned()).chain(sections).collect()
}

const fn answer(state: State) -> &'static str {
    match state {
        State::Yes => "yes",
        State::No => "no",
        State::Cannot => "provider can't",
    }
}

fn because(ability: &Ability) -> &str {
    ability.reason.as_deref().unwrap_or_default()
}

const fn outcome(check: &Check) -> &'static str {
    match check.outcome {
        Outcome::Passed => "pass",
        Outcome::Failed => "FAIL",
        Outcome::DoesNotApply => "does not apply",
    }
}

fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|").replace('\n', " ")
}
