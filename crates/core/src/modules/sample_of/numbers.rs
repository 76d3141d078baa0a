//! Replaces people's numbers in a request.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use hookswitch_model::masking::{exchange_digits, written_numbers};
use hookswitch_model::phone::{self, unassigned};

use serde_json::Value;

use super::moments::{is_moment, without_moments};
use super::parts;
use crate::modules::registry::Active;

/// People's numbers: the digits of each, and their replacement. Longer ones come first.
pub struct Numbers(Vec<(Vec<char>, Vec<char>)>);

impl Numbers {
    /// The numbers found by the script, and any other valid number in the request that is not a time.
    pub fn found<'a>(
        active: &Active,
        received_at: DateTime<Utc>,
        texts: impl Iterator<Item = &'a str>,
        result: Option<&Value>,
    ) -> Self {
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut pairs: Vec<(Vec<char>, Vec<char>)> = Vec::new();
        let mut add = |text: &str, surely: bool| {
            let read = phone::read(text, active.country, active.module.numbers);
            let e164 = read.readings.into_iter().next();
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            if read.withheld || digits.len() < 7 || (e164.is_none() && !surely) {
                return;
            }
            let number = e164.unwrap_or_else(|| digits.clone());
            let national =
                Some(phone::national(&number)).filter(|national| digits.ends_with(national.as_str()));
            let own = national.filter(|national| !national.is_empty()).unwrap_or(digits);
            if known.insert(own.clone()) {
                let mut free = unassigned(&number, pairs.len());
                if free.len() != own.len() {
                    free = unassigned(&own, pairs.len());
                }
                pairs.push((own.chars().collect(), free.chars().collect()));
            }
        };
        for part in parts(result) {
            for field in
                ["srcPhone", "dstPhone", "srcPhoneExt", "dstPhoneExt", "redirectTo", "line", "callerName"]
            {
                let numbers = part[field].as_str().map(written_numbers).unwrap_or_default();
                numbers.iter().for_each(|number| add(number, true));
            }
        }
        for text in texts {
            let text = without_moments(text);
            let numbers = written_numbers(&text).into_iter();
            numbers
                .filter(|number| !is_moment(number, &text, received_at))
                .for_each(|number| add(&number, false));
        }
        pairs.sort_by_key(|(own, _)| std::cmp::Reverse(own.len()));
        Self(pairs)
    }

    /// The text with its numbers replaced.
    pub fn exchanged(&self, text: &str) -> String {
        exchange_digits(text, |digits| {
            let mut done = vec![false; digits.len()];
            for (own, free) in &self.0 {
                let mut at = 0;
                while let Some(found) = digits.get(at..).and_then(|rest| position(rest, own)) {
                    let place = at + found..at + found + own.len();
                    if !done[place.clone()].contains(&true) {
                        digits[place.clone()].copy_from_slice(free);
                        done[place.clone()].fill(true);
                    }
                    at = place.end;
                }
            }
        })
    }
}

fn position(digits: &[char], number: &[char]) -> Option<usize> {
    digits.windows(number.len()).position(|window| window == number)
}
