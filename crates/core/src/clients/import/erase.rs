//! Finds import files that contain a client being erased.

use std::collections::BTreeSet;
use std::sync::Arc;

use csv::StringRecord;
use hookswitch_model::phone;
use hookswitch_store::{Client, folded};

use super::{Import, Imports};

/// Shorter numbers identify nobody.
const MIN_DIGITS: usize = 6;

/// What identifies a client in a file.
pub struct Known {
    words: BTreeSet<String>,
    numbers: Vec<String>,
    emails: Vec<String>,
}

impl Known {
    /// From a client.
    #[must_use]
    pub fn new(client: &Client) -> Self {
        let numbers = client.fields.phones.iter().map(|of| match &of.e164 {
            Some(e164) => phone::national(e164),
            None => digits(&of.number),
        });
        Self {
            words: words(&client.fields.name).collect(),
            numbers: numbers.filter(|digits| digits.len() >= MIN_DIGITS).collect(),
            emails: client.fields.emails.iter().map(|address| folded(address)).collect(),
        }
    }

    /// Whether a line is about the client: it contains all words of the name, a number or an address.
    fn is_in(&self, cells: &StringRecord) -> bool {
        let line: BTreeSet<String> = cells.iter().flat_map(words).collect();
        let named = !self.words.is_empty() && self.words.is_subset(&line);
        named
            || cells.iter().any(|cell| {
                let said = digits(cell);
                self.numbers.iter().any(|number| said.contains(number.as_str()))
                    || self.emails.iter().any(|address| folded(cell).contains(address.as_str()))
            })
    }
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let folded = folded(text);
    let words: Vec<String> = folded.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect();
    words.into_iter().filter(|word| !word.is_empty())
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

impl Imports {
    /// Stops and deletes the imports whose file contains the client. Reads whole files, so do not call it on an async
    /// thread.
    pub fn erase(&self, known: &Known) {
        let all: Vec<Arc<Import>> = self.all().values().cloned().collect();
        for import in all.into_iter().filter(|import| holds(import, known)) {
            import.cancelled.cancel();
            self.all().remove(&import.id);
            super::remove(&import.file());
            super::remove(&import.rejected());
        }
    }
}

/// A file that cannot be read counts as containing the client.
fn holds(import: &Import, known: &Known) -> bool {
    let Ok(mut lines) = import.table.lines(&import.file()) else { return true };
    loop {
        match lines.take(1000) {
            Ok(some) if some.is_empty() => return false,
            Ok(some) if some.iter().any(|line| known.is_in(&line.cells)) => return true,
            Ok(_) => {}
            Err(_) => return true,
        }
    }
}
