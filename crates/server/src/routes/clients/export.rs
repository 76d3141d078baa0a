//! The list of clients as CSV.

use std::sync::Arc;

use axum::BoxError;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use chrono::SecondsFormat;
use futures::stream;
use hookswitch_store::{AuditAction, Client, ClientCursor, ClientPage, ClientPhone, ClientScope, MAX_PAGE};

use super::{Asked, ListClients};
use crate::app::App;
use crate::auth::Admin;
use crate::error::ApiResult;
use crate::extract::Query;
use hookswitch_core::spreadsheet::plain;
use hookswitch_core::views::number;

const COLUMNS: [&str; 12] = [
    "Kind",
    "Name",
    "Company",
    "Responsible",
    "Phones",
    "E-mails",
    "Tags",
    "Notes",
    "Source",
    "Created",
    "Updated",
    "Client id",
];

/// Exports all clients that `GET /api/v1/clients` would list, as CSV. The file can be imported again.
#[utoipa::path(
    get,
    path = "/api/v1/clients.csv",
    tag = "clients",
    params(ListClients),
    responses((status = 200, description = "A header line, then one line per client, by name", content_type = "text/csv", body = String)),
)]
pub async fn export_clients(
    State(app): State<Arc<App>>,
    Admin(caller): Admin,
    Query(filters): Query<ListClients>,
) -> ApiResult<Response> {
    let asked = filters.asked(&app, &caller.user)?;
    app.audit.record_of(caller.user.id, AuditAction::Exported, "clients", Vec::new()).await;
    let disposition = format!("attachment; filename=\"clients-{}.csv\"", app.clock.now().format("%F"));
    let headers = [(CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (CONTENT_DISPOSITION, disposition)];
    let pages = stream::try_unfold((app, asked, Some(None)), async |(app, asked, next)| {
        let Some(after) = next else { return Ok(None) };
        let (text, next) = page(&app, &asked, after).await.inspect_err(|error| {
            tracing::error!(%error, "could not complete an export of clients");
        })?;
        Ok::<_, BoxError>(Some((text, (app, asked, next.map(Some)))))
    });
    Ok((headers, Body::from_stream(pages)).into_response())
}

/// Returns a page's lines and the cursor of the next page.
async fn page(
    app: &App,
    asked: &Asked,
    after: Option<ClientCursor>,
) -> Result<(Vec<u8>, Option<ClientCursor>), BoxError> {
    let (store, filter) = (&app.store, &asked.filter);
    let page = match &asked.search {
        None => store.clients(ClientScope::All, filter, after.as_ref(), MAX_PAGE).await?,
        Some(search) => {
            let items = store.search_clients(ClientScope::All, filter, search, MAX_PAGE).await?;
            ClientPage { items, next: None }
        }
    };
    let mut csv = csv::Writer::from_writer(Vec::new());
    if after.is_none() {
        csv.write_record(COLUMNS)?;
    }
    for client in page.items {
        csv.write_record(line(app, client))?;
    }
    Ok((csv.into_inner().map_err(csv::IntoInnerError::into_error)?, page.next))
}

fn line(app: &App, client: Client) -> [String; COLUMNS.len()] {
    let fields = client.fields;
    let time = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    [
        fields.kind.as_str().to_owned(),
        plain(fields.name),
        plain(client.company_name.unwrap_or_default()),
        plain(fields.responsible.map(|user| app.catalog.directory.named(user).name).unwrap_or_default()),
        plain(fields.phones.into_iter().map(phone).collect::<Vec<_>>().join("; ")),
        plain(fields.emails.join("; ")),
        plain(fields.tags.join("; ")),
        plain(fields.notes.unwrap_or_default()),
        client.source.as_str().to_owned(),
        time(client.created_at),
        time(client.updated_at),
        client.id.to_string(),
    ]
}

fn phone(phone: ClientPhone) -> String {
    let extension = number::extension(&phone);
    let number = phone.e164.unwrap_or(phone.number);
    let number = extension.map_or(number.clone(), |extension| format!("{number} ext. {extension}"));
    match phone.label {
        Some(label) => format!("{label}: {number}"),
        None => number,
    }
}
