//! Logging a call on a client, as a person wants it.

use hookswitch_model::ClientId;
use hookswitch_store::{AuditAction, StoredCall, User};

use super::controls::find;
use super::tell_stored;
use crate::app::App;
use crate::audit::audit;
use crate::error::ApiResult;

/// Logs a call on a client or on none, and tells everybody.
///
/// # Errors
/// 404 where the call is not there or not the user's to see.
pub async fn log_on(app: &App, user: &User, before: &StoredCall, client: Option<ClientId>) -> ApiResult<()> {
    let id = before.call.id;
    app.store.set_client(id, client).await?;
    before.added.client_id.into_iter().for_each(|client| app.client_changes.note(client));
    app.missed.changed();
    audit(app, user.id, AuditAction::CallLogged, client, Some(id), Vec::new()).await;
    let now = find(app, user, id).await?;
    Ok(tell_stored(app, now.stored).await?)
}
