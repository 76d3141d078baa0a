//! The audit trail; administrators only.

use std::sync::Arc;

use axum::extract::State;
use chrono::{DateTime, Utc};
use hookswitch_model::{CallId, ClientId, UserId};
use hookswitch_store::{AuditAction, AuditChange, AuditFilter, AuditLine};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiResult;
use crate::extract::ListQuery;
use crate::page::{Page, PageQuery};
use hookswitch_core::catalog::NamedUser;
use hookswitch_core::views::NamedClient;

/// An entry in the audit trail.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    id: Uuid,
    /// When it happened.
    at: DateTime<Utc>,
    /// The user who did it.
    user: NamedUser,
    /// What was done.
    action: AuditAction,
    /// The client concerned, under its current name.
    client: Option<NamedClient>,
    /// Whether that client has been erased.
    client_erased: bool,
    /// The call concerned.
    call_id: Option<CallId>,
    /// The name of anything else concerned: a user's login, a module, a token or a kind of file.
    subject: Option<String>,
    /// What changed. Never contains secret values.
    changes: Vec<AuditChange>,
}

/// Filters for the audit trail.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct ListAudit {
    /// Only entries about this client.
    client_id: Option<ClientId>,
    /// Only entries by this user.
    user_id: Option<UserId>,
    /// Only entries with this action.
    #[param(inline)]
    action: Option<AuditAction>,
}

/// Lists who viewed or changed what, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/audit",
    tag = "audit",
    params(ListAudit, PageQuery),
    responses((status = 200, body = Page<AuditEntry>)),
)]
pub async fn list_audit(
    State(app): State<Arc<App>>,
    _: Admin,
    ListQuery { filters: ListAudit { client_id, user_id, action }, page }: ListQuery<ListAudit>,
) -> ApiResult<axum::Json<Page<AuditEntry>>> {
    let (limit, before) = (page.limit()?, page.after::<Uuid>()?);
    let lines = app.store.audit(AuditFilter { client_id, user_id, action }, before, limit + 1).await?;
    let items = lines.into_iter().map(|line| shown(&app, line)).collect();
    Ok(axum::Json(Page::of(items, limit, |entry: &AuditEntry| entry.id)?))
}

fn shown(app: &App, AuditLine { entry, client_name }: AuditLine) -> AuditEntry {
    AuditEntry {
        id: entry.id,
        at: entry.at,
        user: app.catalog.directory.named(entry.user_id),
        action: entry.action,
        client_erased: entry.client_id.is_some() && client_name.is_none(),
        client: entry.client_id.map(|id| NamedClient { id, name: client_name.unwrap_or_default() }),
        call_id: entry.call_id,
        subject: entry.subject,
        changes: entry.changes,
    }
}
