//! Comments on clients and their calls.

use hookswitch_core::Error;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hookswitch_model::{CallId, ClientId, CommentId, UserId};
use hookswitch_store::{AuditAction, AuditChange, Client, Comment, MAX_COMMENTS_OF_CALL, Role, User};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult};
use crate::extract::{Json, Path};
use hookswitch_core::clients::find;
use hookswitch_core::clock;
use hookswitch_core::live::mentions::{tell_counts, tell_mentioned};
use hookswitch_core::views::comment::{ApiComment, show};

/// Longest comment, in characters.
const MAX_TEXT: usize = 10_000;
const MAX_MENTIONS: usize = 50;

/// A comment to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddComment {
    /// 1 to 10,000 characters; a mention is written `@Name`.
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
    /// The call it is about, which must be logged on the client.
    call_id: Option<CallId>,
    /// Colleagues mentioned in it, at most 50; they are notified.
    #[serde(default)]
    #[schema(max_items = 50)]
    mentions: Vec<UserId>,
}

/// Changes to a comment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateComment {
    /// 1 to 10,000 characters; a mention is written `@Name`.
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
    /// All colleagues mentioned in it, at most 50; new ones are notified. If omitted, the mentions stay as they are.
    #[schema(max_items = 50)]
    mentions: Option<Vec<UserId>>,
}

/// Adds a comment to a client or to one of its calls.
#[utoipa::path(
    post,
    path = "/api/v1/clients/{id}/activity",
    tag = "clients",
    params(("id" = ClientId, Path)),
    request_body = AddComment,
    responses((status = 201, body = ApiComment)),
)]
pub async fn add_comment(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
    Json(body): Json<AddComment>,
) -> ApiResult<(StatusCode, axum::Json<ApiComment>)> {
    let client = find(&app.calls, &user, id).await?;
    let text = checked_text(&body.text)?;
    let mentions = checked_mentions(&app, &user, &client, body.mentions, &BTreeSet::new())?;
    if let Some(call) = body.call_id {
        let stored = app.store.call(call).await?;
        if stored.and_then(|stored| stored.added.client_id) != Some(client.id) {
            return Err(Error::invalid(
                "callId",
                "This call is not logged on this client. Choose one that is.",
            )
            .into());
        }
    }
    let now = app.clock.now();
    let comment = Comment {
        id: CommentId::new(now, clock::random()),
        client_id: client.id,
        call_id: body.call_id,
        author_id: user.id,
        text,
        mentions,
        created_at: now,
        edited_at: None,
    };
    if !app.store.add_comment(&comment).await? {
        let detail =
            format!("A call has at most {MAX_COMMENTS_OF_CALL} comments. Comment on the client instead.");
        return Err(Error::conflict("tooManyComments", detail).into());
    }
    app.live.client_changes.note(client.id);
    app.audit.record(user.id, AuditAction::Commented, Some(client.id), comment.call_id, Vec::new()).await;
    tell_mentioned(&app.live, &comment, &comment.mentions).await;
    Ok((StatusCode::CREATED, axum::Json(show(&app.catalog, user.id, comment))))
}

/// Edits one of the user's own comments.
#[utoipa::path(
    patch,
    path = "/api/v1/comments/{id}",
    tag = "clients",
    params(("id" = CommentId, Path)),
    request_body = UpdateComment,
    responses((status = 200, body = ApiComment)),
)]
pub async fn update_comment(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CommentId>,
    Json(body): Json<UpdateComment>,
) -> ApiResult<axum::Json<ApiComment>> {
    let (before, client) = find_comment(&app, &user, id).await?;
    if before.author_id != user.id {
        return Err(Error::not_allowed("Only the author of a comment may change it.").into());
    }
    let text = checked_text(&body.text)?;
    let mentions = match body.mentions {
        Some(mentions) => checked_mentions(&app, &user, &client, mentions, &before.mentions)?,
        None => before.mentions.clone(),
    };
    let now = app.clock.now();
    let new = app.store.edit_comment(id, &text, &mentions, now).await?.ok_or_else(no_comment)?;
    let after = Comment { text, mentions, edited_at: Some(now), ..before.clone() };
    app.live.client_changes.note(client.id);
    let change = text_change(Some(before.text), Some(after.text.clone()));
    app.audit.record(user.id, AuditAction::CommentEdited, Some(client.id), after.call_id, vec![change]).await;
    tell_mentioned(&app.live, &after, &new).await;
    tell_counts(&app.live, &before.mentions.difference(&after.mentions).copied().collect()).await;
    Ok(axum::Json(show(&app.catalog, user.id, after)))
}

/// Deletes one of the user's own comments; administrators may delete any comment.
#[utoipa::path(
    delete,
    path = "/api/v1/comments/{id}",
    tag = "clients",
    params(("id" = CommentId, Path)),
    responses((status = 204, description = "deleted")),
)]
pub async fn delete_comment(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<CommentId>,
) -> ApiResult<StatusCode> {
    let (comment, client) = find_comment(&app, &user, id).await?;
    if comment.author_id != user.id && user.role != Role::Admin {
        return Err(
            Error::not_allowed("Only the author of a comment or an administrator may delete it.").into()
        );
    }
    if !app.store.delete_comment(id).await? {
        return Err(no_comment());
    }
    app.live.client_changes.note(client.id);
    let change = text_change(Some(comment.text), None);
    app.audit
        .record(user.id, AuditAction::CommentDeleted, Some(client.id), comment.call_id, vec![change])
        .await;
    tell_counts(&app.live, &comment.mentions).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Finds a comment on a client that the user may see.
async fn find_comment(app: &App, user: &User, id: CommentId) -> ApiResult<(Comment, Client)> {
    let comment = app.store.comment(id).await?.ok_or_else(no_comment)?;
    let client =
        find(&app.calls, user, comment.client_id).await.map_err(|error| error.not_found_as("comment"))?;
    Ok((comment, client))
}

fn no_comment() -> ApiError {
    Error::not_found("comment").into()
}

fn text_change(from: Option<String>, to: Option<String>) -> AuditChange {
    AuditChange { field: "text".to_owned(), from, to }
}

fn checked_text(text: &str) -> ApiResult<String> {
    let text = text.trim();
    if !(1..=MAX_TEXT).contains(&text.chars().count()) {
        return Err(Error::invalid("text", format!("Write 1 to {MAX_TEXT} characters.")).into());
    }
    Ok(text.to_owned())
}

/// Returns the mentioned users without the author. Users mentioned before are not checked again.
fn checked_mentions(
    app: &App,
    author: &User,
    client: &Client,
    asked: Vec<UserId>,
    before: &BTreeSet<UserId>,
) -> ApiResult<BTreeSet<UserId>> {
    if asked.len() > MAX_MENTIONS {
        return Err(Error::invalid("mentions", format!("Mention at most {MAX_MENTIONS} colleagues.")).into());
    }
    let responsible = client.fields.responsible;
    let sees =
        |user| !app.catalog.sees_only_own(user) || responsible.is_none_or(|responsible| responsible == user);
    for (at, user) in asked.iter().enumerate() {
        let fits = before.contains(user) || (app.catalog.directory.is_active(*user) && sees(*user));
        if !fits {
            let detail = "Mention colleagues who are active and may see this client.";
            return Err(Error::invalid(format!("mentions[{at}]"), detail).into());
        }
    }
    Ok(asked.into_iter().filter(|user| *user != author.id).collect())
}
