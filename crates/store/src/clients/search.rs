//! Searches clients.

use std::collections::BTreeSet;

use hookswitch_model::{ClientId, phone};

use super::list::{SearchKey, Span, count, select};
use super::search_terms::{digits, email_key, folded, tag_word, words};
use super::{Client, ClientFilter, ClientScope, read};
use crate::MAX_PAGE;
use crate::db::{Tx, on};
use crate::error::StoreError;
use crate::open::Store;

/// A parsed search query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSearch {
    /// All of these must match.
    terms: Vec<Term>,
    /// The start of the name, if the query is a name.
    name: Option<Span>,
}

/// Words of which one must match.
type Term = Vec<Span>;

/// Further terms are ignored; nobody types more.
const MAX_TERMS: usize = 10;

impl ClientSearch {
    /// Parses a query: words of a name, numbers in any spelling, email addresses and `#tags`, or prefixes of these.
    /// `e164` returns the numbers a string may stand for. With `whole_numbers` a prefix of a number finds nothing, so
    /// that users who may not see numbers cannot find them out digit by digit.
    #[must_use]
    pub fn new(typed: &str, whole_numbers: bool, e164: impl Fn(&str) -> Vec<String>) -> Self {
        let mut terms: Vec<Term> = Vec::new();
        let mut number = String::new();
        let mut only_words = true;
        for token in typed.split_whitespace() {
            let cleaned = phone::clean(token);
            if is_part_of_number(&cleaned) {
                number.push_str(&cleaned);
                continue;
            }
            terms.extend(number_term(&std::mem::take(&mut number), whole_numbers, &e164));
            if let Some(tag) = token.strip_prefix('#') {
                terms.push(vec![Span::of_prefix(&tag_word(tag))]);
                only_words = false;
            } else if token.contains('@') {
                terms.push(vec![Span::of_prefix(&email_key(token))]);
                only_words = false;
            } else {
                let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
                terms.extend(words(token).iter().map(|word| match whole_numbers && is_number(word) {
                    true => vec![Span::of_word(word)],
                    false => vec![Span::of_prefix(word)],
                }));
            }
        }
        terms.extend(number_term(&number, whole_numbers, &e164));
        terms.truncate(MAX_TERMS);
        let name = folded(typed.trim());
        Self { name: (only_words && !terms.is_empty()).then(|| Span::of_prefix(&name)), terms }
    }
}

fn is_part_of_number(token: &str) -> bool {
    token.contains(|c: char| c.is_ascii_digit() || c == '+')
        && token.chars().all(|c| c.is_ascii_digit() || "+-–()/.".contains(c))
}

/// A number, as it is or as dialled at home; `None` without digits.
fn number_term(number: &str, whole: bool, e164: impl Fn(&str) -> Vec<String>) -> Option<Term> {
    let typed = digits(number);
    if typed.is_empty() {
        return None;
    }
    let mut spans: Vec<Span> = e164(number).iter().map(|e164| Span::of_word(&digits(e164))).collect();
    if whole {
        // A number without a country has no other spelling.
        spans.push(Span::of_word(&typed));
    } else {
        // Without the trunk or international prefix: 00 abroad, 0 at home.
        let bare = typed.trim_start_matches('0');
        spans.extend(
            [typed.as_str(), bare]
                .iter()
                .filter(|digits| !digits.is_empty())
                .map(|digits| Span::of_prefix(digits)),
        );
    }
    spans.dedup();
    Some(spans)
}

impl Store {
    /// The best matches: clients whose name starts as typed, then the others, each by name. Not all of them if there
    /// are very many.
    pub async fn search_clients(
        &self,
        scope: ClientScope,
        filter: &ClientFilter,
        search: &ClientSearch,
        limit: u32,
    ) -> Result<Vec<Client>, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE) as usize;
        let mut tx = self.inner.pools.begin_read().await?;
        let mut finder = Finder { scope, filter, limit, seen: BTreeSet::new(), rows: Vec::new() };
        if let Some(name) = &search.name {
            for part in scope.parts(filter.responsible) {
                finder.find(&mut tx, &SearchKey::Names(name.clone(), part), &[]).await?;
            }
        }
        finder.rows.sort_by(by_name);
        if let Some((rarest, others)) = rarest(&mut tx, &search.terms).await? {
            let begun = finder.rows.len();
            for span in rarest {
                finder.find(&mut tx, &SearchKey::Words(span.clone()), &others).await?;
            }
            finder.rows[begun..].sort_by(by_name);
        }
        finder.rows.truncate(limit);
        read::complete(&mut tx, finder.rows).await
    }
}

fn by_name(a: &read::Row, b: &read::Row) -> std::cmp::Ordering {
    (&a.name_key, a.id).cmp(&(&b.name_key, b.id))
}

/// The term with the fewest words, and the others; `None` if a term has no words at all.
async fn rarest<'a>(tx: &mut Tx, terms: &'a [Term]) -> Result<Option<(&'a Term, Vec<&'a Term>)>, StoreError> {
    let mut rarest: Option<(i64, usize)> = None;
    for (place, term) in terms.iter().enumerate() {
        let mut words = 0;
        for span in term {
            words += count(tx, span).await?;
        }
        if words == 0 {
            return Ok(None);
        }
        rarest = rarest.min(Some((words, place))).or(Some((words, place)));
    }
    let Some((_, rarest)) = rarest else { return Ok(None) };
    let others = terms.iter().enumerate().filter(|(place, _)| *place != rarest).map(|(_, term)| term);
    Ok(Some((&terms[rarest], others.collect())))
}

/// Collects clients, each once, up to a limit.
struct Finder<'a> {
    scope: ClientScope,
    filter: &'a ClientFilter,
    limit: usize,
    seen: BTreeSet<ClientId>,
    rows: Vec<read::Row>,
}

impl Finder<'_> {
    async fn find(&mut self, tx: &mut Tx, found: &SearchKey, others: &[&Term]) -> Result<(), StoreError> {
        if self.rows.len() >= self.limit {
            return Ok(());
        }
        let parts = self.scope.parts(self.filter.responsible);
        // A client may be found by two of its words.
        let most = 2 * i64::try_from(self.limit).unwrap_or(i64::MAX / 2);
        let rows: Vec<read::Row> = on!(tx.conn(), |db| {
            let mut query = select(Some(found), self.filter, &parts);
            for term in others {
                query.push(
                    " and exists (select 1 from client_words w where w.client_id = found.client_id and (",
                );
                for (place, span) in term.iter().enumerate() {
                    query.push(if place == 0 { "w.word >= " } else { " or w.word >= " });
                    query.push_bind(span.from.clone()).push(" and w.word < ").push_bind(span.to.clone());
                }
                query.push("))");
            }
            query.push(" limit ").push_bind(most);
            query.build_query_as::<read::Row>().fetch_all(db).await
        })?;
        self.rows.extend(rows.into_iter().filter(|row| self.seen.insert(ClientId(row.id))));
        Ok(())
    }
}
