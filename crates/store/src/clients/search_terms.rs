//! The words by which a search finds a client.

use std::collections::BTreeSet;

use hookswitch_model::{ClientId, phone};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::ClientFields;
use crate::db::{Db, text};
use crate::rows::{Rows, Values};

/// Longest word stored, in characters; nobody types more.
const MAX_WORD: usize = 64;

/// Text for comparison: lower case, without accents.
#[must_use]
pub fn folded(text: &str) -> String {
    text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The words of a text, folded.
pub(crate) fn words(text: &str) -> Vec<String> {
    let folded = folded(text);
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word.chars().take(MAX_WORD).collect()).collect()
}

/// The digits by which a number in E.164 is found: with and without the calling code.
pub(crate) fn number_words(e164: &str) -> [String; 2] {
    [e164.trim_start_matches('+').to_owned(), phone::national(e164)]
}

/// Everything by which a client with this name and these numbers is found.
pub(crate) fn of_name_and_numbers<'a>(
    name: &str,
    numbers: impl Iterator<Item = &'a str>,
) -> BTreeSet<String> {
    words(name).into_iter().chain(numbers.flat_map(number_words)).collect()
}

/// Everything by which a client is found.
pub(crate) fn of_client(fields: &ClientFields) -> BTreeSet<String> {
    let numbers = fields.phones.iter().filter_map(|phone| phone.e164.as_deref());
    let mut found = of_name_and_numbers(&fields.name, numbers);
    let others = fields.phones.iter().filter(|phone| phone.e164.is_none());
    found.extend(others.map(|phone| digits(&phone.number)));
    for address in &fields.emails {
        found.insert(email_key(address));
        // `ann.smith` may be typed before the @; `ann` is a prefix of the address anyway.
        let (mailbox, _) = address.split_once('@').unwrap_or((address, ""));
        found.extend(words(mailbox).into_iter().skip(1));
    }
    found.extend(fields.tags.iter().map(|tag| tag_word(tag)));
    found.remove("");
    found.into_iter().map(|word| text(&word)).collect()
}

/// An email address for comparison.
pub(crate) fn email_key(address: &str) -> String {
    folded(address).chars().take(MAX_WORD).collect()
}

/// The word by which clients with this tag are found.
pub(crate) fn tag_word(tag: &str) -> String {
    format!("#{}", folded(tag))
}

/// The digits of a number, however it is written.
pub(crate) fn digits(number: &str) -> String {
    phone::clean(number).chars().filter(char::is_ascii_digit).collect()
}

static WORDS: Rows = Rows::new(
    "insert into client_words (word, client_id) select * from (values ",
    2,
    ") as v where column1 is not null",
);

/// Writes the words by which clients are found.
pub(crate) async fn insert(db: &mut impl Db, words: &[(String, ClientId)]) -> Result<(), sqlx::Error> {
    let add = |values: &mut Values, row: Option<&(String, ClientId)>| {
        values.add(row.map(|(word, _)| word.clone()));
        values.add(row.map(|(_, client)| client.0));
    };
    WORDS.execute(db, words, add).await?;
    Ok(())
}
