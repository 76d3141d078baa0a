//! Lists: `limit` and `cursor` in, `{ items, nextCursor }` out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookswitch_core::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiResult;

/// Items a page holds when `limit` is not given.
pub const DEFAULT_LIMIT: u32 = 50;
/// Items a page holds at most.
pub const MAX_LIMIT: u32 = 200;

/// U+0000 in JSON.
const NUL: &[u8] = b"\\u0000";

/// Which page. A list with filters takes it beside them by `ListQuery`.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Items at most: 1 to 200, 50 when not given.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `nextCursor` of the page before.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The names in the query string.
    pub const FIELDS: [&str; 2] = ["limit", "cursor"];

    /// The number of items asked for.
    ///
    /// # Errors
    /// 422 when it is not between 1 and [`MAX_LIMIT`].
    pub fn limit(&self) -> ApiResult<u32> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
            Some(_) => {
                Err(Error::invalid("limit", format!("Give a limit between 1 and {MAX_LIMIT}.")).into())
            }
        }
    }

    /// The key of the last item of the page before, as [`Page::of`] was given it.
    ///
    /// # Errors
    /// 422 when it is not a cursor of this list.
    pub fn after<K: DeserializeOwned>(&self) -> ApiResult<Option<K>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        // No text in the database has U+0000, and PostgreSQL takes none.
        let plain = |bytes: &Vec<u8>| !bytes.windows(NUL.len()).any(|part| part == NUL);
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().filter(plain);
        let key = key.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let bad =
            || Error::invalid("cursor", "Give the `nextCursor` of a page of this list, or leave it out.");
        Ok(key.map(Some).ok_or_else(bad)?)
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// `cursor` of the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// Items that belong here, but are damaged in the database and left out; the server's log names them. Left out where
    /// there are none.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    pub unreadable: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl<T> Page<T> {
    /// A list that is there as a whole.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None, unreadable: 0 }
    }

    /// The page of a list that is there as a whole, sorted by `key`.
    ///
    /// # Errors
    /// 422 for a bad `limit` or `cursor`.
    pub fn of_all<K>(
        all: impl IntoIterator<Item = T>,
        query: &PageQuery,
        key: impl Fn(&T) -> K,
    ) -> ApiResult<Self>
    where
        K: Ord + Serialize + DeserializeOwned,
    {
        let (limit, after) = (query.limit()?, query.after::<K>()?);
        let comes_after = |item: &T| after.as_ref().is_none_or(|after| key(item) > *after);
        let one_more = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        Self::of(all.into_iter().filter(comes_after).take(one_more).collect(), limit, &key)
    }

    /// The first `limit` of `items`, which were asked for with one more than `limit`; `key` gives what the next page
    /// continues after.
    ///
    /// # Errors
    /// 500 when a key has no JSON.
    pub fn of<K: Serialize>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> ApiResult<Self> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more).map(|item| serde_json::to_vec(&key(item)));
        let next_cursor = last.transpose().map_err(Error::internal)?.map(|key| URL_SAFE_NO_PAD.encode(key));
        Ok(Self { items, next_cursor, unreadable: 0 })
    }
}

/// The cursor that [`PageQuery::after`] reads as `key`.
///
/// # Errors
/// 500 when the key has no JSON.
pub fn cursor_of<K: Serialize>(key: &K) -> ApiResult<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).map_err(Error::internal)?))
}
