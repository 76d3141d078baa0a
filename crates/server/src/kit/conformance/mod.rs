//! Conformance: what a module's own samples and scenarios show that it can do, and how it stands what goes wrong.
//!
//! Nothing here knows a provider: duplicates, disorder, wrong signatures, garbage and failing APIs are made from what the
//! module's folder holds.

use hookswitch_script::{Engine, Function};

use crate::kit::play::{OrderKind, Played, Stage, Subject, play_all};
use hookswitch_core::modules::trial;

mod api;
mod calls;
mod hostile;
mod probes;
pub mod render;
pub mod sheet;
mod within;

pub use sheet::{Ability, Check, CheckName, Outcome, Sheet, State};
pub use within::{Unmade, sheet_within};

/// Plays a module's scenarios and everything that is derived from them, and says what the module can do.
///
/// # Errors
/// A script that cannot be loaded.
pub async fn sheet(
    stage: &Stage,
    engine: &Engine,
    subject: &Subject,
) -> Result<(Sheet, Vec<Played>), String> {
    let played = play_all(stage, subject).await;
    let others = checks_apart(stage, engine, subject).await;
    let sheet = sheet_of(stage, engine, subject, &played, others).await?;
    Ok((sheet, played))
}

/// The checks for which no scenario has to be played before: on a stage of their own they can be made meanwhile.
pub async fn checks_apart(stage: &Stage, engine: &Engine, subject: &Subject) -> Vec<Check> {
    let mut checks = hostile::checks(stage, subject).await;
    checks.push(api::check(engine, subject).await);
    checks
}

/// The sheet of scenarios that were played, with the checks made apart.
///
/// # Errors
/// A script that cannot be loaded.
pub async fn sheet_of(
    stage: &Stage,
    engine: &Engine,
    subject: &Subject,
    played: &[Played],
    apart: Vec<Check>,
) -> Result<Sheet, String> {
    let functions = trial::functions(engine, subject.compiled.clone(), &subject.manifest.settings).await;
    let functions = functions.map_err(|error| format!("module.ts cannot be loaded: {error}"))?;
    let mut checks = vec![
        of_orders(CheckName::Twice, &[OrderKind::Twice], played),
        of_orders(CheckName::Disorder, &[OrderKind::Shuffled, OrderKind::Parallel], played),
        calls::missing_end(stage, subject, played).await,
        calls::late_record(stage, subject, played).await,
    ];
    checks.extend(apart);
    checks.push(cannot_and_does(subject, &functions));
    Ok(Sheet {
        code: subject.manifest.code.clone(),
        name: subject.manifest.name.clone(),
        functions: sheet::of_functions(&subject.manifest, &functions),
        shows: sheet::of_shows(&subject.manifest, played),
        checks,
    })
}

/// What came of the scenarios in those orders.
fn of_orders(name: CheckName, kinds: &[OrderKind], played: &[Played]) -> Check {
    let (mut problems, mut reasons, mut any) = (Vec::new(), Vec::new(), false);
    for scenario in played {
        for order in scenario.orders.iter().filter(|order| kinds.contains(&order.order)) {
            match &order.not_played {
                Some(reason) => reasons.push(format!("{}: {reason}", scenario.scenario)),
                None => any = true,
            }
            problems.extend(order.problems.iter().map(|problem| format!("{}: {problem}", scenario.scenario)));
        }
    }
    if any {
        return Check::of(name, problems);
    }
    let reason = match reasons.first() {
        Some(reason) => format!("No scenario is played so: {reason}"),
        None => "No scenario came out as written.".into(),
    };
    Check::does_not_apply(name, reason)
}

/// What the manifest says the provider cannot do, the script must not offer.
fn cannot_and_does(subject: &Subject, functions: &[Function]) -> Check {
    let cannot = &subject.manifest.cannot;
    if cannot.is_empty() {
        return Check::does_not_apply(CheckName::Cannot, "The manifest has no [cannot].");
    }
    let done = functions.iter().filter(|function| cannot.contains_key(function.name()));
    let mut problems: Vec<String> = done
        .map(|function| {
            format!("[cannot] names {function}, and the script implements it: take one of them out")
        })
        .collect();
    let shown = subject
        .scenarios
        .iter()
        .flat_map(|(file, scenario)| scenario.shows.iter().map(move |shows| (file, sheet::word(*shows))));
    problems.extend(
        shown
            .filter(|(_, word)| cannot.contains_key(*word))
            .map(|(file, word)| format!("[cannot] names {word}, and the scenario {file} shows it")),
    );
    if cannot.contains_key("hold") && functions.contains(&Function::HoldCall) {
        problems.push(
            "VoipHoldCall is there, and the provider reports no hold: nobody could press Resume. Take it out"
                .into(),
        );
    }
    Check::of(CheckName::Cannot, problems)
}
