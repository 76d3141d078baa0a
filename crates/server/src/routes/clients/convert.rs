//! Converting a lead to a contact.

use hookswitch_core::Error;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::{ClientId, ClientKind};
use hookswitch_store::{AuditAction, ClientFields, ClientSource, NewClient};
use serde::Deserialize;
use utoipa::ToSchema;

use super::merge::show_with_merges;
use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::{Json, Path};
use hookswitch_core::clients::audit::changes;
use hookswitch_core::clients::fields::{FieldChanges, changed, empty};
use hookswitch_core::clients::{changed_meanwhile, find, tell};
use hookswitch_core::clock;
use hookswitch_core::views::client::ApiClient;

/// The company of the new contact: an existing one, a new one, or none.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ConvertLead {
    /// Id of an existing company.
    #[serde(default)]
    company_id: Option<ClientId>,
    /// Name of a company to create.
    #[serde(default)]
    company_name: Option<String>,
}

/// Converts a lead to a contact. Returns 409 `noLead` if the client is not a lead, 409 `nameless` if it has no name.
#[utoipa::path(
    post,
    path = "/api/v1/clients/{id}/convert",
    tag = "clients",
    params(("id" = ClientId, Path)),
    request_body = ConvertLead,
    responses((status = 200, body = ApiClient)),
)]
pub async fn convert_lead(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Path(id): Path<ClientId>,
    Json(ConvertLead { company_id, company_name }): Json<ConvertLead>,
) -> ApiResult<axum::Json<ApiClient>> {
    let before = find(&app.calls, &user, id).await?;
    if before.fields.kind != ClientKind::Lead || before.archived_at.is_some() {
        return Err(Error::conflict("noLead", "This client is not a lead, or is archived.").into());
    }
    if before.fields.name.is_empty() {
        return Err(Error::conflict("nameless", "Name the lead first: a contact needs a name.").into());
    }
    let now = app.clock.now();
    let company = match (company_id, company_name) {
        (Some(_), Some(_)) => {
            let detail = "Give either an existing company or the name of a new one, not both.";
            return Err(Error::invalid("companyName", detail).into());
        }
        (None, Some(name)) => {
            let asked = FieldChanges { name: Some(name), ..FieldChanges::default() };
            let fields = changed(&app.calls, &user, None, &empty(ClientKind::Company), asked).await;
            let fields = ClientFields {
                responsible: before.fields.responsible,
                ..fields.map_err(|error| error.at("companyName"))?
            };
            let id = ClientId::new(now, clock::random());
            Some(NewClient { id, fields, source: ClientSource::Hand, created_at: now })
        }
        (_, None) => None,
    };
    let mut lead = before.clone();
    if company_id.is_some() {
        let asked = FieldChanges { company: Some(company_id), ..FieldChanges::default() };
        lead.fields = changed(&app.calls, &user, Some(&before), &before.fields, asked).await?;
    }
    let after = app.store.convert_lead(&lead, company.as_ref(), app.catalog.scope(&user), now).await?;
    let after = after.ok_or_else(changed_meanwhile)?;
    if let Some(company) = company {
        app.audit.record(user.id, AuditAction::Created, Some(company.id), None, Vec::new()).await;
        app.live.client_changes.note(company.id);
    }
    let changes = changes(&app.calls, &before, &after);
    app.audit.record(user.id, AuditAction::Converted, Some(after.id), None, changes).await;
    tell(&app.calls, after.id).await?;
    Ok(axum::Json(show_with_merges(&app, &user, after).await?))
}
