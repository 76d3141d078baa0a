//! Lists of clients.

use hookswitch_model::{ClientId, ClientKind, UserId};
use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::read::columns;
use super::scope::Part;
use super::search_terms::tag_word;
use super::{Client, ClientScope, read};
use crate::MAX_PAGE;
use crate::db::{Tx, on, text};
use crate::error::StoreError;
use crate::open::Store;

/// Which clients to list; `None` matches everything. Clients merged into another are never listed.
#[derive(Debug, Clone, Default)]
pub struct ClientFilter {
    pub kind: Option<ClientKind>,
    /// The responsible user; `Some(None)` for clients without one.
    pub responsible: Option<Option<UserId>>,
    /// A tag they have.
    pub tag: Option<String>,
    /// The company they belong to.
    pub company: Option<ClientId>,
    /// A number they have: one of these, in E.164.
    pub numbers: Option<Vec<String>>,
    /// Whether they are archived.
    pub archived: bool,
}

/// Where the next page of clients starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCursor {
    /// The name of the page's last client, as sorted.
    pub name_key: String,
    /// The page's last client.
    pub id: ClientId,
}

/// A page of clients, by name.
#[derive(Debug, Clone, PartialEq)]
pub struct ClientPage {
    pub items: Vec<Client>,
    /// The next page; `None` on the last.
    pub next: Option<ClientCursor>,
}

/// Clients checked one by one where no index matches the query exactly. More would take too long.
pub(super) const MAX_SCAN: i64 = 5000;

impl Store {
    /// Lists clients by name.
    pub async fn clients(
        &self,
        scope: ClientScope,
        filter: &ClientFilter,
        after: Option<&ClientCursor>,
        limit: u32,
    ) -> Result<ClientPage, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut tx = self.inner.pools.begin_read().await?;
        let found = found_by(&mut tx, filter).await?;
        let mut rows: Vec<read::Row> = Vec::new();
        for part in scope.parts(filter.responsible) {
            rows.extend(on!(tx.conn(), |db| {
                let mut query = select(found.as_ref(), filter, &[part]);
                if let Some(after) = after {
                    query.push(" and (c.name_key, c.id) > (").push_bind(after.name_key.clone());
                    query.push(", ").push_bind(after.id.0).push(")");
                }
                // With the first column of the index: for PostgreSQL, "is null" alone does not order by the rest.
                query.push(if part == Part::Nobodys { " order by c.responsible_id, " } else { " order by " });
                query.push("c.name_key, c.id limit ").push_bind(i64::from(limit) + 1);
                query.build_query_as::<read::Row>().fetch_all(db).await
            })?);
        }
        rows.sort_by(|a, b| (&a.name_key, a.id).cmp(&(&b.name_key, b.id)));
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| more);
        let next = last.map(|row| ClientCursor { name_key: row.name_key.clone(), id: ClientId(row.id) });
        Ok(ClientPage { items: read::complete(&mut tx, rows).await?, next })
    }
}

/// How to find clients, if that is better than going through all of them by name.
#[derive(Debug, Clone)]
pub(super) enum SearchKey {
    /// By one of these numbers.
    Numbers(Vec<String>),
    /// By a word in this span.
    Words(Span),
    /// By a name in this span, among the clients in that part.
    Names(Span, Part),
}

/// A range of strings, in index order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub from: String,
    pub to: String,
}

impl Span {
    /// The strings with this prefix.
    pub(super) fn of_prefix(prefix: &str) -> Self {
        let from = text(prefix);
        Self { to: format!("{from}{}", char::MAX), from }
    }

    /// A single string.
    pub(super) fn of_word(word: &str) -> Self {
        let from = text(word);
        Self { to: format!("{from}\u{1}"), from }
    }
}

async fn found_by(tx: &mut Tx, filter: &ClientFilter) -> Result<Option<SearchKey>, StoreError> {
    if let Some(numbers) = &filter.numbers {
        return Ok(Some(SearchKey::Numbers(numbers.clone())));
    }
    let Some(tag) = &filter.tag else { return Ok(None) };
    let span = Span::of_word(&tag_word(tag));
    // For a common tag, the first page is found sooner by going through the names.
    Ok((count(tx, &span).await? < MAX_SCAN).then_some(SearchKey::Words(span)))
}

/// The number of words in the span, at most [`MAX_SCAN`].
pub(super) async fn count(tx: &mut Tx, span: &Span) -> Result<i64, StoreError> {
    let sql = "select count(*) from (select 1 from client_words where word >= $1 and word < $2 limit $3) as bounded";
    Ok(on!(tx.conn(), |db| {
        sqlx::query_scalar(sql).bind(&span.from).bind(&span.to).bind(MAX_SCAN).fetch_one(db).await
    })?)
}

/// The statement for the clients in these parts, up to its conditions; more may be added.
pub(super) fn select<DB>(found: Option<&SearchKey>, filter: &ClientFilter, parts: &[Part]) -> QueryBuilder<DB>
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> &'static str: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(concat!("select ", columns!(), " from "));
    if let Some(found) = found {
        push_found(&mut query, found, filter.archived);
        // SQLite processes a cross join in the written order.
        query.push(" as found cross join ");
    }
    query.push("clients c left join clients company on company.id = c.company_id where ");
    query.push(archived("c.", filter.archived));
    if found.is_some() {
        query.push(" and c.id = found.client_id");
    }
    push_parts(&mut query, "c.", parts);
    if let Some(kind) = filter.kind {
        query.push(" and c.kind = ").push_bind(kind.as_str());
    }
    if let Some(company) = filter.company {
        query.push(" and c.company_id = ").push_bind(company.0);
    }
    if let Some(tag) = &filter.tag {
        query.push(" and exists (select 1 from client_words where client_id = c.id and word = ");
        query.push_bind(text(&tag_word(tag))).push(")");
    }
    query
}

fn push_found<DB>(query: &mut QueryBuilder<DB>, found: &SearchKey, of_archived: bool)
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
    for<'q> String: Encode<'q, DB> + Type<DB>,
    for<'q> i64: Encode<'q, DB> + Type<DB>,
{
    match found {
        SearchKey::Numbers(numbers) => {
            // With a null: PostgreSQL rejects an empty list.
            query.push("(select distinct client_id from client_phones where e164 in (null");
            for number in numbers {
                query.push(", ").push_bind(text(number));
            }
            query.push("))");
        }
        SearchKey::Words(span) => {
            query.push("(select client_id from client_words where word >= ").push_bind(span.from.clone());
            query.push(" and word < ").push_bind(span.to.clone());
            query.push(" order by word, client_id limit ").push_bind(MAX_SCAN).push(")");
        }
        SearchKey::Names(span, part) => {
            query.push("(select id as client_id from clients where ").push(archived("", of_archived));
            push_parts(query, "", &[*part]);
            query.push(" and name_key >= ").push_bind(span.from.clone());
            query.push(" and name_key < ").push_bind(span.to.clone());
            query.push(" order by name_key, id limit ").push_bind(MAX_SCAN).push(")");
        }
    }
}

fn archived(of: &str, archived: bool) -> String {
    match archived {
        false => format!("{of}archived_at is null"),
        true => format!("{of}archived_at is not null and {of}merged_into is null"),
    }
}

fn push_parts<DB>(query: &mut QueryBuilder<DB>, of: &str, parts: &[Part])
where
    DB: Database,
    for<'q> Uuid: Encode<'q, DB> + Type<DB>,
{
    for (place, part) in parts.iter().enumerate() {
        query.push(if place == 0 { " and (" } else { " or " });
        match part {
            Part::All => query.push("true"),
            Part::Of(user) => query.push(format!("{of}responsible_id = ")).push_bind(user.0),
            Part::Nobodys => query.push(format!("{of}responsible_id is null")),
        };
    }
    query.push(if parts.is_empty() { " and false" } else { ")" });
}
