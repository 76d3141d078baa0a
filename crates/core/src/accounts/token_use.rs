//! When each token's use was last recorded.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::TokenId;

/// Once a minute is enough. Holds an entry per token in use.
#[derive(Debug, Default)]
pub struct TokenUse(Mutex<HashMap<TokenId, DateTime<Utc>>>);

impl TokenUse {
    /// Whether to record the token's use now.
    pub(crate) fn is_news(&self, id: TokenId, now: DateTime<Utc>) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |at: &DateTime<Utc>| now - *at >= TimeDelta::minutes(1);
        let is_news = written.get(&id).is_none_or(is_old);
        if is_news {
            written.retain(|_, at| !is_old(at));
            written.insert(id, now);
        }
        is_news
    }
}
