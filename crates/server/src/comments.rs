//! Comments as the API shows them, and telling colleagues that they are mentioned in one.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, CommentId, UserId};
use hookswitch_store::{Comment, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::live::message::{Message, NoticeLevel};
use crate::named::NamedUser;

/// Characters of a comment that a notice of it repeats.
const NOTICED: usize = 100;

/// A comment in a client's activity stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Comment)]
pub struct ApiComment {
    /// Which.
    id: CommentId,
    /// In whose stream it is.
    client_id: ClientId,
    /// The call it is about.
    call_id: Option<CallId>,
    /// Who wrote it.
    author: NamedUser,
    /// What it says; a mention stands in it as `@Name`.
    text: String,
    /// Who is mentioned in it.
    mentions: Vec<NamedUser>,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    edited_at: Option<DateTime<Utc>>,
    /// Whether the asking user may change it.
    can_edit: bool,
}

/// A comment as that user sees it.
pub fn show(app: &App, user: UserId, comment: Comment) -> ApiComment {
    ApiComment {
        id: comment.id,
        client_id: comment.client_id,
        call_id: comment.call_id,
        author: app.directory.named(comment.author_id),
        text: comment.text,
        mentions: comment.mentions.into_iter().map(|user| app.directory.named(user)).collect(),
        created_at: comment.created_at,
        edited_at: comment.edited_at,
        can_edit: comment.author_id == user,
    }
}

/// How many mentions a user has not seen.
///
/// # Errors
/// When the database fails.
pub async fn mention_count(app: &App, user: UserId) -> Result<u64, StoreError> {
    app.store.mention_count(user, sees_only_own(app, user)).await
}

/// Whether a user sees only the clients that are theirs or nobody's.
pub fn sees_only_own(app: &App, user: UserId) -> bool {
    app.directory.role_of(user).is_none_or(|role| app.settings.get().shows_only_own(role))
}

/// Tells those users' tabs that they are mentioned in a comment.
pub async fn tell_mentioned(app: &App, comment: &Comment, users: &BTreeSet<UserId>) {
    let author = app.directory.named(comment.author_id).name;
    let beginning: String = comment.text.chars().take(NOTICED).collect();
    let notice = Message::Notice {
        level: NoticeLevel::Info,
        text: format!("{author} mentioned you: {beginning}"),
        client_id: Some(comment.client_id),
    };
    let text = notice.to_text();
    users.iter().for_each(|user| app.hub.send(*user, text.clone()));
    tell_counts(app, users).await;
}

/// Tells those users' tabs how many mentions they have not seen.
pub async fn tell_counts(app: &App, users: &BTreeSet<UserId>) {
    for user in users.iter().filter(|user| app.hub.is_connected(**user)) {
        match mention_count(app, *user).await {
            Ok(count) => app.hub.send(*user, Message::Mentions { count }.to_text()),
            Err(error) => tracing::error!(%error, "mentions could not be counted"),
        }
    }
}
