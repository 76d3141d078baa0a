//! Merging two clients that are the same.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::{ClientId, MergeId};
use hookswitch_store::{AuditAction, AuditChange, Client, User};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use hookswitch_core::clients::{UNDOABLE, changed_meanwhile, find, tell};
use hookswitch_core::clock;
use hookswitch_core::views::client::{ApiClient, ApiMerge, show};

/// The client to merge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MergeClient {
    /// The client that disappears in the merge.
    from_id: ClientId,
}

/// Merges another client into this one.
///
/// Its numbers, addresses, tags, notes, calls, comments and employees move to this client. Can be undone for a day.
#[utoipa::path(
    post,
    path = "/api/v1/clients/{id}/merge",
    tag = "clients",
    params(("id" = ClientId, Path)),
    request_body = MergeClient,
    responses((status = 200, body = ApiClient)),
)]
pub async fn merge_client(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
    Json(MergeClient { from_id }): Json<MergeClient>,
) -> ApiResult<axum::Json<ApiClient>> {
    let into = find(&app.calls, &user, id).await?;
    let from = find(&app.calls, &user, from_id).await?;
    if into.id == from.id {
        return Err(Error::invalid("fromId", "This is the same client. Give the id of another one.").into());
    }
    if into.archived_at.is_some() {
        return Err(Error::conflict("archived", "This client is archived. Restore it first.").into());
    }
    let now = app.clock.now();
    let merge = MergeId::new(now, clock::random());
    let merged = app.store.merge_clients(merge, &into, &from, user.id, app.catalog.scope(&user), now).await?;
    let merged = merged.ok_or_else(changed_meanwhile)?;
    app.audit.record(user.id, AuditAction::Merged, Some(into.id), None, vec![other(&from)]).await;
    tell(&app.calls, from.id).await?;
    app.live.client_changes.left(into.id, into.fields.responsible);
    tell(&app.calls, into.id).await?;
    Ok(axum::Json(show_with_merges(&app, &user, merged).await?))
}

/// Undoes a merge. Later changes to the remaining client are kept. Returns 409 `tooLate` after a day.
#[utoipa::path(
    post,
    path = "/api/v1/merges/{id}/undo",
    tag = "clients",
    params(("id" = MergeId, Path)),
    responses((status = 200, description = "The restored client", body = ApiClient)),
)]
pub async fn undo_merge(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<MergeId>,
) -> ApiResult<axum::Json<ApiClient>> {
    let now = app.clock.now();
    let merge = app.store.merge(id).await?.ok_or_else(|| Error::not_found("merge"))?;
    let into = find(&app.calls, &user, merge.into).await.map_err(|error| error.not_found_as("merge"))?;
    // The restored client may be a colleague's.
    if !app.catalog.scope(&user).has(merge.responsible()) {
        return Err(Error::not_found("merge").into());
    }
    if merge.made_at < now - UNDOABLE {
        return Err(Error::conflict(
            "tooLate",
            "This merge is more than a day old and can no longer be undone.",
        )
        .into());
    }
    if into.id != merge.into {
        let detail = "The client has since been merged into another one. Undo that merge first.";
        return Err(Error::conflict("mergedAgain", detail).into());
    }
    let back = app.store.undo_merge(&merge, &into, now).await?.ok_or_else(changed_meanwhile)?;
    app.audit.record(user.id, AuditAction::MergeUndone, Some(into.id), None, vec![other(&back)]).await;
    app.live.client_changes.left(into.id, into.fields.responsible);
    tell(&app.calls, into.id).await?;
    tell(&app.calls, back.id).await?;
    Ok(axum::Json(show_with_merges(&app, &user, back).await?))
}

/// Returns a client as `user` sees it, with the merges they can undo.
pub async fn show_with_merges(app: &App, user: &User, client: Client) -> ApiResult<ApiClient> {
    let merges = app.store.merges_into(client.id, app.clock.now() - UNDOABLE).await?;
    let scope = app.catalog.scope(user);
    let merges = merges.into_iter().filter(|merge| scope.has(merge.responsible()));
    let merges = merges.map(|merge| ApiMerge {
        id: merge.id,
        by: merge.made_by().map(|user| app.catalog.directory.named(user)),
        merged_at: merge.made_at,
        name: merge.name,
    });
    let merges = merges.collect();
    Ok(ApiClient { merges, ..show(&app.catalog, user, client) })
}

/// The other client in a merge, for the audit trail.
fn other(client: &Client) -> AuditChange {
    AuditChange { field: "client".to_owned(), from: Some(client.fields.name.clone()), to: None }
}
