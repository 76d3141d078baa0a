//! A comment as shown by the API.

use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, CommentId, UserId};
use hookswitch_store::Comment;
use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::{Catalog, NamedUser};

/// A comment in a client's activity stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Comment)]
pub struct ApiComment {
    /// The comment's id.
    id: CommentId,
    /// The client in whose activity stream it is.
    client_id: ClientId,
    /// The call it is about.
    call_id: Option<CallId>,
    author: NamedUser,
    /// The text; mentions have the form `@Name`.
    text: String,
    /// The mentioned users.
    mentions: Vec<NamedUser>,
    /// When it was written.
    created_at: DateTime<Utc>,
    /// When it was last changed.
    edited_at: Option<DateTime<Utc>>,
    /// Whether the requesting user may change it.
    can_edit: bool,
}

/// A comment as seen by a user.
pub fn show(catalog: &Catalog, user: UserId, comment: Comment) -> ApiComment {
    ApiComment {
        id: comment.id,
        client_id: comment.client_id,
        call_id: comment.call_id,
        author: catalog.directory.named(comment.author_id),
        text: comment.text,
        mentions: comment.mentions.into_iter().map(|user| catalog.directory.named(user)).collect(),
        created_at: comment.created_at,
        edited_at: comment.edited_at,
        can_edit: comment.author_id == user,
    }
}
