//! The capability sheet as plain data.

use hookswitch_script::Function;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kit::play::Played;
use hookswitch_core::modules::manifest::Manifest;
use hookswitch_core::modules::scenario::Shows;

/// What a module can do and how it stands what goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sheet {
    /// The module's code.
    pub code: String,
    /// The provider as people call it.
    pub name: String,
    /// Every function of the contract.
    pub functions: Vec<Ability>,
    /// Every word that scenarios show.
    pub shows: Vec<Ability>,
    /// The conformance checks.
    pub checks: Vec<Check>,
}

/// One thing that a module can do or cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ability {
    /// The function's name or the word.
    pub name: String,
    /// What people read.
    pub title: String,
    /// Whether it can.
    pub state: State,
    /// Why the provider cannot.
    pub reason: Option<String>,
}

/// Whether a module can do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum State {
    /// It can: the function is there, a scenario shows it.
    Yes,
    /// It cannot.
    No,
    /// The provider cannot.
    Cannot,
}

/// A conformance check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Which.
    pub name: CheckName,
    /// What people read.
    pub title: String,
    /// What came of it.
    pub outcome: Outcome,
    /// Why it does not apply.
    pub reason: Option<String>,
    /// What went wrong.
    pub problems: Vec<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// All well.
    Passed,
    /// Something went wrong.
    Failed,
    /// There is nothing to make it from.
    DoesNotApply,
}

/// The conformance checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CheckName {
    /// Each request twice.
    Twice,
    /// Requests in any order and at once.
    Disorder,
    /// An end that never comes.
    MissingEnd,
    /// A record that comes late.
    LateRecord,
    /// A spoilt signature is refused.
    WrongSignature,
    /// An unsigned request is refused.
    NoSignature,
    /// An event that the module does not know.
    UnknownEvent,
    /// Bodies that make no sense.
    Garbage,
    /// The provider's API failing.
    FailingApi,
    /// What the manifest says that the provider cannot do.
    Cannot,
}

impl CheckName {
    /// What people read.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Twice => "Every request twice makes the same calls",
            Self::Disorder => "Requests in any order, and all at once, make the same calls",
            Self::MissingEnd => "A call whose end never comes does not hang",
            Self::LateRecord => "A record that comes hours later is the call's",
            Self::WrongSignature => "A wrong signature is refused and makes no call",
            Self::NoSignature => "A missing signature is refused and makes no call",
            Self::UnknownEvent => "An unknown event is taken and makes no call",
            Self::Garbage => "Garbage is not an error of the server's and makes no call",
            Self::FailingApi => "When the provider's API fails, people are told in a sentence",
            Self::Cannot => "What the provider cannot do is not offered",
        }
    }
}

impl Check {
    /// A check with what went wrong, each as `where: what`.
    #[must_use]
    pub fn of(name: CheckName, problems: Vec<String>) -> Self {
        let problems = grouped(problems);
        let outcome = if problems.is_empty() { Outcome::Passed } else { Outcome::Failed };
        Self { name, title: name.title().to_owned(), outcome, reason: None, problems }
    }

    /// A check that there is nothing for.
    #[must_use]
    pub fn does_not_apply(name: CheckName, reason: impl Into<String>) -> Self {
        let (title, reason) = (name.title().to_owned(), Some(reason.into()));
        Self { name, title, outcome: Outcome::DoesNotApply, reason, problems: Vec::new() }
    }
}

/// Problems that are the same in several places, told once.
fn grouped(problems: Vec<String>) -> Vec<String> {
    let mut groups: Vec<(String, String, usize)> = Vec::new();
    for problem in problems {
        let (place, what) = problem.split_once(": ").unwrap_or(("", &problem));
        match groups.iter_mut().find(|(_, known, _)| known == what) {
            Some((_, _, more)) => *more += 1,
            None => groups.push((place.to_owned(), what.to_owned(), 0)),
        }
    }
    let told = groups.into_iter().map(|(place, what, more)| match (place.as_str(), more) {
        ("", _) => what,
        (place, 0) => format!("{place}: {what}"),
        (place, more) => format!("{place} (and {more} more like it): {what}"),
    });
    told.collect()
}

impl Sheet {
    /// The checks that went wrong.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.outcome == Outcome::Failed)
    }
}

/// The functions that a script implements, and those it does not.
pub(super) fn of_functions(manifest: &Manifest, functions: &[Function]) -> Vec<Ability> {
    let ability = |function: Function| {
        let title = title(function).to_owned();
        ability(manifest, function.name(), title, functions.contains(&function))
    };
    Function::ALL.into_iter().map(ability).collect()
}

/// What the scenarios show, those that came out well.
pub(super) fn of_shows(manifest: &Manifest, played: &[Played]) -> Vec<Ability> {
    let shown = |shows: Shows| played.iter().any(|played| played.passed() && played.shows.contains(&shows));
    let ability =
        |(shows, word, title): (Shows, &str, &str)| ability(manifest, word, title.to_owned(), shown(shows));
    Shows::ALL.into_iter().map(ability).collect()
}

fn ability(manifest: &Manifest, name: &str, title: String, is_there: bool) -> Ability {
    let reason = manifest.cannot.get(name).filter(|_| !is_there).cloned();
    let state = match (is_there, &reason) {
        (true, _) => State::Yes,
        (false, Some(_)) => State::Cannot,
        (false, None) => State::No,
    };
    Ability { name: name.to_owned(), title, state, reason }
}

/// The word of scenarios.
pub(super) fn word(shows: Shows) -> &'static str {
    Shows::ALL.into_iter().find(|(known, ..)| *known == shows).map_or("", |(_, word, _)| word)
}

/// What a function is for.
const fn title(function: Function) -> &'static str {
    match function {
        Function::TestConnection => "Test connection",
        Function::ParseWebhookRequest => "Calls are shown",
        Function::GetMembers => "Provider's users are listed",
        Function::GenerateCall => "Call and call back with a click",
        Function::GetCallLink => "Recordings are played",
        Function::OnWebhookUpdated => "The webhook's address is set at the provider",
        Function::AcceptCall => "Accept",
        Function::HangupCall => "End call",
        Function::RedirectCall => "Redirect",
        Function::HoldCall => "Hold and resume",
        Function::MuteCall => "Mute and unmute",
        Function::SendDtmf => "Keypad",
        Function::AttendedTransfer => "Attended transfer",
    }
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn what_is_wrong_in_several_places_is_told_once() {
        let problems = ["a, step 1: answered 500: x", "b: other", "a, step 2: answered 500: x", "whole"];
        let expected = ["a, step 1 (and 1 more like it): answered 500: x", "b: other", "whole"];
        assert_eq!(grouped(problems.map(str::to_owned).to_vec()), expected);
    }
}
