//! Tells colleagues that they are mentioned in a comment.

use std::collections::BTreeSet;

use hookswitch_model::UserId;
use hookswitch_store::{Comment, StoreError};

use super::Live;
use super::message::{Message, NoticeLevel};

/// Characters of a comment that a notice of it repeats.
const NOTICED: usize = 100;

/// How many mentions a user has not seen.
///
/// # Errors
/// When the database fails.
pub async fn mention_count(live: &Live, user: UserId) -> Result<u64, StoreError> {
    live.store.mention_count(user, live.catalog.sees_only_own(user)).await
}

/// Tells those users' tabs that they are mentioned in a comment.
pub async fn tell_mentioned(live: &Live, comment: &Comment, users: &BTreeSet<UserId>) {
    let author = live.catalog.directory.named(comment.author_id).name;
    let beginning: String = comment.text.chars().take(NOTICED).collect();
    let notice = Message::Notice {
        level: NoticeLevel::Info,
        text: format!("{author} mentioned you: {beginning}"),
        client_id: Some(comment.client_id),
    };
    let text = notice.to_text();
    users.iter().for_each(|user| live.hub.send(*user, text.clone()));
    tell_counts(live, users).await;
}

/// Tells those users' tabs how many mentions they have not seen.
pub async fn tell_counts(live: &Live, users: &BTreeSet<UserId>) {
    for user in users.iter().filter(|user| live.hub.is_connected(**user)) {
        match mention_count(live, *user).await {
            Ok(count) => live.hub.send(*user, Message::Mentions { count }.to_text()),
            Err(error) => tracing::error!(%error, "mentions could not be counted"),
        }
    }
}
