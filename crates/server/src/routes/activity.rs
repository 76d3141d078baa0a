//! A client's activity stream.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, CommentId, view};
use hookswitch_store::{CallCursor, CallFilter, Comment, CommentCursor, StoredCall};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Path, Query};
use crate::page::{Page, PageQuery, cursor_of};
use hookswitch_core::calls::show::show_all;
use hookswitch_core::clients::find;
use hookswitch_core::views::call::ApiCall;
use hookswitch_core::views::comment::{ApiComment, show};

/// An entry in a client's activity stream.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum Activity {
    /// A call with the client.
    Call {
        /// When the call started.
        at: DateTime<Utc>,
        /// As in lists of calls.
        call: Box<ApiCall>,
        /// Comments on the call, oldest first.
        comments: Vec<ApiComment>,
    },
    /// What somebody wrote about the client.
    Comment {
        /// When it was written.
        at: DateTime<Utc>,
        /// With its author and mentions.
        comment: ApiComment,
    },
}

/// An entry as it comes from the store.
enum Entry {
    Call(Box<StoredCall>, DateTime<Utc>),
    Comment(Comment),
}

impl Entry {
    /// The stream's sort key, which is also its cursor.
    fn key(&self) -> (DateTime<Utc>, Uuid) {
        match self {
            Self::Call(stored, started_at) => (*started_at, stored.call.id.0),
            Self::Comment(comment) => (comment.created_at, comment.id.0),
        }
    }
}

/// Lists a client's calls and comments, newest first. Anyone who may see the client sees all its calls.
#[utoipa::path(
    get,
    path = "/api/v1/clients/{id}/activity",
    tag = "clients",
    params(("id" = ClientId, Path), PageQuery),
    responses((status = 200, body = Page<Activity>)),
)]
pub async fn list_activity(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<Activity>>> {
    let client = find(&app.calls, &user, id).await?.id;
    let (limit, after) = (page.limit()?, page.after::<(DateTime<Utc>, Uuid)>()?);
    let of_client = CallFilter { client_id: Some(client), ..CallFilter::default() };
    let after_call = after.map(|(started_at, id)| CallCursor { started_at, id: CallId(id) });
    let after_comment = after.map(|(created_at, id)| CommentCursor { created_at, id: CommentId(id) });
    let (calls, comments) = tokio::try_join!(
        app.store.calls(&of_client, after_call, limit + 1),
        app.store.free_comments(client, after_comment, limit + 1),
    )?;
    let (unreadable, more) = (calls.unreadable, calls.next.is_some());
    let calls = calls.items.into_iter().map(|stored| {
        let started_at = view(&stored.call).started_at;
        Entry::Call(Box::new(stored), started_at)
    });
    let mut entries: Vec<Entry> = calls.chain(comments.into_iter().map(Entry::Comment)).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.key()));
    let Page { items, mut next_cursor, .. } = Page::of(entries, limit, Entry::key)?;
    if let (true, None, Some(last)) = (more, &next_cursor, items.last()) {
        // Unreadable calls took the place of the extra entry by which `Page::of` sees that there are more.
        next_cursor = Some(cursor_of(&last.key())?);
    }

    let calls = items.iter().filter_map(|entry| match entry {
        Entry::Call(stored, _) => Some(&**stored),
        Entry::Comment(_) => None,
    });
    let ids: Vec<CallId> = calls.clone().map(|stored| stored.call.id).collect();
    let mut under = app.store.comments_of_calls(client, &ids).await?;
    let mut calls = show_all(&app.calls, user.id, calls).await?.into_iter();
    let show = |comment| show(&app.catalog, user.id, comment);
    let activity = |entry| match entry {
        Entry::Comment(comment) => Some(Activity::Comment { at: comment.created_at, comment: show(comment) }),
        Entry::Call(..) => calls.next().map(|call| {
            let comments = under.remove(&call.id).unwrap_or_default();
            let comments = comments.into_iter().map(show).collect();
            Activity::Call { at: call.started_at, call: Box::new(call), comments }
        }),
    };
    Ok(axum::Json(Page { items: items.into_iter().filter_map(activity).collect(), next_cursor, unreadable }))
}
