//! Notifies colleagues who are mentioned in a comment.

use std::collections::BTreeSet;

use hookswitch_model::UserId;
use hookswitch_store::{Comment, StoreError};

use super::Live;
use super::message::{Message, NoticeLevel};

/// Characters of a comment repeated in its notice.
const NOTICED: usize = 100;

/// The number of a user's unseen mentions.
///
/// # Errors
/// If the database fails.
pub async fn mention_count(live: &Live, user: UserId) -> Result<u64, StoreError> {
    live.store.mention_count(user, live.catalog.sees_only_own(user)).await
}

/// Notifies the mentioned users' tabs.
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

/// Sends users' tabs the number of unseen mentions.
pub async fn tell_counts(live: &Live, users: &BTreeSet<UserId>) {
    for user in users.iter().filter(|user| live.hub.is_connected(**user)) {
        match mention_count(live, *user).await {
            Ok(count) => live.hub.send(*user, Message::Mentions { count }.to_text()),
            Err(error) => tracing::error!(%error, "mentions could not be counted"),
        }
    }
}
