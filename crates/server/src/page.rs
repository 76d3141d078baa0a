//! Pagination: `limit` and `cursor` in, `{ items, nextCursor }` out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hookswitch_core::Error;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::error::ApiResult;

/// Default number of items per page.
pub const DEFAULT_LIMIT: u32 = 50;
/// Most items per page.
pub const MAX_LIMIT: u32 = 200;

/// U+0000 in JSON.
const NUL: &[u8] = b"\\u0000";

/// Parameters for a page. Lists with filters take them with `ListQuery`.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most items to return, 1 to 200; defaults to 50.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
    /// `nextCursor` of the previous page.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

impl PageQuery {
    /// Names of the query parameters.
    pub const FIELDS: [&str; 2] = ["limit", "cursor"];

    /// Returns the number of items requested.
    ///
    /// # Errors
    /// Returns 422 unless it is from 1 to [`MAX_LIMIT`].
    pub fn limit(&self) -> ApiResult<u32> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit @ 1..=MAX_LIMIT) => Ok(limit),
            Some(_) => Err(Error::invalid("limit", format!("Enter a limit from 1 to {MAX_LIMIT}.")).into()),
        }
    }

    /// Returns the key of the previous page's last item, as passed to [`Page::of`].
    ///
    /// # Errors
    /// Returns 422 if it is not a cursor for this list.
    pub fn after<K: DeserializeOwned>(&self) -> ApiResult<Option<K>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        // No text in the database contains U+0000, and PostgreSQL rejects it.
        let plain = |bytes: &Vec<u8>| !bytes.windows(NUL.len()).any(|part| part == NUL);
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().filter(plain);
        let key = key.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let bad =
            || Error::invalid("cursor", "Use the `nextCursor` of a page of this list, or omit the cursor.");
        Ok(key.map(Some).ok_or_else(bad)?)
    }
}

/// One page of a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// Items in the list's order.
    pub items: Vec<T>,
    /// The `cursor` for the next page; `null` on the last one.
    pub next_cursor: Option<String>,
    /// Number of items left out because they are damaged in the database; the server's log names them. Omitted if zero.
    #[serde(skip_serializing_if = "is_zero")]
    #[schema(required = false)]
    pub unreadable: u32,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl<T> Page<T> {
    /// Returns a page with the whole list.
    #[must_use]
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None, unreadable: 0 }
    }

    /// Returns a page from a whole list sorted by `key`.
    ///
    /// # Errors
    /// Returns 422 if `limit` or `cursor` is invalid.
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

    /// Returns a page with the first `limit` of `items`, which must include one more if there are more. `key` returns
    /// what the next page continues after.
    ///
    /// # Errors
    /// Returns 500 if a key cannot be serialized.
    pub fn of<K: Serialize>(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> ApiResult<Self> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more).map(|item| serde_json::to_vec(&key(item)));
        let next_cursor = last.transpose().map_err(Error::internal)?.map(|key| URL_SAFE_NO_PAD.encode(key));
        Ok(Self { items, next_cursor, unreadable: 0 })
    }
}

/// Returns the cursor that [`PageQuery::after`] reads as `key`.
///
/// # Errors
/// Returns 500 if the key cannot be serialized.
pub fn cursor_of<K: Serialize>(key: &K) -> ApiResult<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).map_err(Error::internal)?))
}
