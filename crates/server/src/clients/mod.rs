//! Clients, as users see and change them.

pub mod audit;
pub mod fields;
pub mod import;
pub mod numbers;
pub mod shown;

use chrono::TimeDelta;
use hookswitch_model::ClientId;
use hookswitch_store::{Client, ClientScope, User};

use crate::app::App;
use crate::error::{ApiError, ApiResult};
use crate::telephony::tell_calls_of;

/// How long a merge can be undone.
pub const UNDOABLE: TimeDelta = TimeDelta::days(1);

/// Whose clients a user may see.
#[must_use]
pub fn scope(app: &App, user: &User) -> ClientScope {
    match app.settings.get().shows_only_own(user.role) {
        false => ClientScope::All,
        true => ClientScope::OwnOrUnassigned(user.id),
    }
}

/// The client, where the user may see it. The id of a merged one gives the one it went into.
///
/// # Errors
/// 404 where it is not there or not theirs to see.
pub async fn find(app: &App, user: &User, id: ClientId) -> ApiResult<Client> {
    let client = app.store.client(id, scope(app, user)).await?;
    client.ok_or_else(|| ApiError::not_found("client"))
}

/// Tells everybody's pages, after a client changed, of the client and of its calls that go on.
///
/// # Errors
/// When the database fails.
pub async fn tell(app: &App, id: ClientId) -> ApiResult<()> {
    app.client_changes.note(id);
    Ok(tell_calls_of(app, id).await?)
}

/// 409: somebody else was faster.
#[must_use]
pub fn changed_meanwhile() -> ApiError {
    let detail = "Somebody changed this client meanwhile. Load it again and make your change anew.";
    ApiError::conflict("changedMeanwhile", detail)
}
