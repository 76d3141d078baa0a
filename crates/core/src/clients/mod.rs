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

/// The client, where the user may see it. The id of a merged one gives the one it went into.
///
/// # Errors
/// 404 where it is not there or not theirs to see.
pub async fn find(calls: &Calls, user: &User, id: ClientId) -> Result<Client> {
    let client = calls.store.client(id, calls.catalog.scope(user)).await?;
    client.ok_or_else(|| Error::not_found("client"))
}

/// Tells everybody's pages, after a client changed, of the client and of its calls that go on.
///
/// # Errors
/// When the database fails.
pub async fn tell(calls: &Calls, id: ClientId) -> Result<()> {
    calls.live.client_changes.note(id);
    Ok(tell_calls_of(calls, id).await?)
}

/// 409: somebody else was faster.
#[must_use]
pub fn changed_meanwhile() -> Error {
    let detail = "Somebody changed this client meanwhile. Load it again and make your change anew.";
    Error::conflict("changedMeanwhile", detail)
}
