//! Clients, as users see and change them.

pub mod audit;
pub mod fields;
pub mod import;
pub mod numbers;

use chrono::TimeDelta;
use hookswitch_model::ClientId;
use hookswitch_store::{Client, User};

use crate::calls::Calls;
use crate::calls::tell_calls_of;
use crate::error::{Error, Result};

/// How long a merge can be undone.
pub const UNDOABLE: TimeDelta = TimeDelta::days(1);

/// Finds a client that the user may see. The id of a merged client leads to the remaining one.
///
/// # Errors
/// 404 if it does not exist or the user may not see it.
pub async fn find(calls: &Calls, user: &User, id: ClientId) -> Result<Client> {
    let client = calls.store.client(id, calls.catalog.scope(user)).await?;
    client.ok_or_else(|| Error::not_found("client"))
}

/// Notifies everybody's pages of a changed client and of its open calls.
///
/// # Errors
/// If the database fails.
pub async fn tell(calls: &Calls, id: ClientId) -> Result<()> {
    calls.live.client_changes.note(id);
    Ok(tell_calls_of(calls, id).await?)
}

/// 409: somebody else was faster.
#[must_use]
pub fn changed_meanwhile() -> Error {
    let detail = "Somebody else changed this client. Reload it and make your change again.";
    Error::conflict("changedMeanwhile", detail)
}
