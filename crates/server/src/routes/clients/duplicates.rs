//! Possible duplicates of a client that is being entered.

use hookswitch_core::Error;
use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use hookswitch_model::ClientId;
use hookswitch_store::{Because, ClientKeys, ClientPhone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::SignedIn;
use crate::error::ApiResult;
use crate::extract::Json;
use hookswitch_core::clients::numbers::e164;
use hookswitch_core::views::client::{ApiClient, show};
use hookswitch_core::views::number::Phone;

/// Most numbers, and most e-mail addresses, in one comparison.
const MAX_KEYS: usize = 50;
/// Most clients returned.
const MAX_ITEMS: usize = 10;

/// What is known about a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct FindDuplicates {
    /// Full name.
    #[serde(default)]
    name: Option<String>,
    /// Phone numbers in any format, at most 50.
    #[serde(default)]
    phones: Vec<String>,
    /// E-mail addresses, at most 50.
    #[serde(default)]
    emails: Vec<String>,
    /// The client itself, if it already exists.
    #[serde(default)]
    except_id: Option<ClientId>,
}

/// Possible duplicates.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duplicates {
    /// Up to 10 clients, strongest match first.
    items: Vec<Duplicate>,
    /// How the numbers were read, in the order given.
    phones: Vec<Phone>,
}

/// A possible duplicate.
#[derive(Debug, Serialize, ToSchema)]
pub struct Duplicate {
    /// Who may be the same.
    client: ApiClient,
    /// What they have in common.
    because: BTreeSet<Because>,
}

/// Finds clients with one of these numbers, one of these e-mail addresses or this name.
#[utoipa::path(
    post,
    path = "/api/v1/clients/duplicates",
    tag = "clients",
    request_body = FindDuplicates,
    responses((status = 200, body = Duplicates)),
)]
pub async fn find_duplicates(
    State(app): State<Arc<App>>,
    SignedIn { user, .. }: SignedIn,
    Json(body): Json<FindDuplicates>,
) -> ApiResult<axum::Json<Duplicates>> {
    for (path, keys) in [("phones", &body.phones), ("emails", &body.emails)] {
        if keys.len() > MAX_KEYS {
            return Err(Error::invalid(path, format!("Give at most {MAX_KEYS} of these.")).into());
        }
    }
    let read: Vec<ClientPhone> = body
        .phones
        .into_iter()
        .map(|number| ClientPhone { label: None, e164: e164(&app.calls, &number), number })
        .collect();
    let keys = ClientKeys {
        numbers: read.iter().filter_map(|phone| phone.e164.clone()).collect(),
        emails: body.emails,
        name: body.name,
    };
    let found = app.store.duplicates(app.catalog.scope(&user), &keys, body.except_id, MAX_ITEMS).await?;
    let items = found
        .into_iter()
        .map(|(client, because)| Duplicate { client: show(&app.catalog, &user, client), because })
        .collect();
    // The user typed these numbers, so there is nothing to hide.
    let phones = read.iter().map(|phone| Phone::new(phone, false)).collect();
    Ok(axum::Json(Duplicates { items, phones }))
}
