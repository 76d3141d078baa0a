//! Comments that mention the user.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use hookswitch_model::CommentId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::Query;
use crate::page::{Page, PageQuery};
use hookswitch_core::live::mentions::tell_counts;
use hookswitch_core::views::ApiClientSummary;
use hookswitch_core::views::comment::{ApiComment, show};

/// A comment that mentions the user.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mention {
    /// Where the user is mentioned.
    comment: ApiComment,
    /// The client the comment is on.
    client: ApiClientSummary,
    /// When the user saw it; `null` if not yet.
    seen_at: Option<DateTime<Utc>>,
}

/// Lists comments that mention the user, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/mentions",
    tag = "clients",
    params(PageQuery),
    responses((status = 200, body = Page<Mention>)),
)]
pub async fn list_mentions(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Query(page): Query<PageQuery>,
) -> ApiResult<axum::Json<Page<Mention>>> {
    let (limit, before) = (page.limit()?, page.after::<CommentId>()?);
    let found = app.store.mentions(user.id, app.catalog.sees_only_own(user.id), before, limit + 1).await?;
    let Page { items, next_cursor, unreadable } = Page::of(found, limit, |mention| mention.comment.id)?;
    let ids: BTreeSet<_> = items.iter().map(|mention| mention.comment.client_id).collect();
    let clients = app.store.client_summaries(&ids).await?;
    let mention = |mention: hookswitch_store::Mention| {
        let client = ApiClientSummary::new(&app.catalog, clients.get(&mention.comment.client_id)?);
        Some(Mention {
            comment: show(&app.catalog, user.id, mention.comment),
            client,
            seen_at: mention.seen_at,
        })
    };
    Ok(axum::Json(Page { items: items.into_iter().filter_map(mention).collect(), next_cursor, unreadable }))
}

/// Marks all mentions as seen.
#[utoipa::path(
    post,
    path = "/api/v1/mentions/seen",
    tag = "clients",
    responses((status = 204, description = "noted")),
)]
pub async fn see_mentions(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
) -> ApiResult<StatusCode> {
    app.store.see_mentions(user.id, app.clock.now()).await?;
    tell_counts(&app.live, &[user.id].into()).await;
    Ok(StatusCode::NO_CONTENT)
}
