//! What came of playing scenarios.

use serde::Serialize;
use utoipa::ToSchema;

use hookswitch_core::modules::scenario::Shows;

/// What came of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Played {
    /// Its file's name, without `.json`.
    pub scenario: String,
    /// What happens in it.
    pub name: String,
    /// What it shows.
    pub shows: Vec<Shows>,
    /// The orders in which it was played.
    pub orders: Vec<PlayedOrder>,
    /// What the script made of each step's request, as written; null for other steps.
    #[serde(skip)]
    pub results: Vec<Option<serde_json::Value>>,
}

/// What came of one kind of order.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlayedOrder {
    /// Which kind.
    pub order: OrderKind,
    /// Why the scenario is not played in it.
    pub not_played: Option<String>,
    /// What went wrong.
    pub problems: Vec<Problem>,
}

/// How the requests of a scenario are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum OrderKind {
    /// In order, with the clicks between them.
    AsWritten,
    /// Each twice.
    Twice,
    /// Backwards, rotated, in random orders.
    Shuffled,
    /// All at once.
    Parallel,
}

/// Something that went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// In which order, as people read it.
    pub order: String,
    /// At which step: its number, from 1, and what it is.
    pub step: Option<String>,
    /// What; lines.
    pub text: String,
}

impl Played {
    /// Whether it came out as it says, in every order.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.orders.iter().all(|order| order.problems.is_empty())
    }

    /// Whether it came out as it says when played in order.
    #[must_use]
    pub fn passed_as_written(&self) -> bool {
        let mut as_written = self.orders.iter().filter(|order| order.order == OrderKind::AsWritten);
        as_written.all(|order| order.problems.is_empty())
    }

    /// What went wrong.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.orders.iter().flat_map(|order| &order.problems)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.order)?;
        if let Some(step) = &self.step {
            write!(f, ", step {step}")?;
        }
        write!(f, ": {}", self.text.trim_end())
    }
}
