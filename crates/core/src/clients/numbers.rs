//! Parses numbers typed by people.

use std::collections::BTreeSet;

use hookswitch_model::phone::{self, Country, Written};

use crate::calls::Calls;

/// A typed number in E.164: read as dialled in the country of the oldest module for which it is valid.
#[must_use]
pub fn e164(calls: &Calls, typed: &str) -> Option<String> {
    countries(calls).into_iter().find_map(|country| phone::e164(typed, country))
}

/// Every number in E.164 that a typed text may mean: as dialled in each module's country, and in each spelling in use.
#[must_use]
pub fn spellings(calls: &Calls, typed: &str) -> Vec<String> {
    let readings =
        countries(calls).into_iter().map(|country| phone::read(typed, country, Written::Both).readings);
    let spellings = readings.flatten().flat_map(|number| phone::spellings(&number).collect::<Vec<_>>());
    spellings.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The modules' countries, oldest module first; then none.
fn countries(calls: &Calls) -> Vec<Option<Country>> {
    let mut countries: Vec<Option<Country>> = Vec::new();
    for active in calls.modules.all() {
        if active.country.is_some() && !countries.contains(&active.country) {
            countries.push(active.country);
        }
    }
    countries.push(None);
    countries
}
