//! Logging a call on a client, as a person wants it.

use hookswitch_model::ClientId;
use hookswitch_store::{AuditAction, StoredCall, User};

use super::tell_stored;
use crate::app::App;
use crate::audit::audit;
use crate::error::{ApiError, ApiResult};

/// Logs a call on a client or on none, and tells everybody. Gives the call as it is now, which the user may have lost sight
/// of by that.
///
/// # Errors
/// 404 where the call is gone.
pub async fn log_on(
    app: &App,
    user: &User,
    before: &StoredCall,
    client: Option<ClientId>,
) -> ApiResult<StoredCall> {
    let id = before.call.id;
    app.store.set_client(id, client).await?;
    before.added.client_id.into_iter().for_each(|client| app.client_changes.note(client));
    app.missed.changed();
    audit(app, user.id, AuditAction::CallLogged, client, Some(id), Vec::new()).await;
    let now = app.store.call(id).await?.ok_or_else(|| ApiError::not_found("call"))?;
    tell_stored(app, now.clone()).await?;
    Ok(now)
}
