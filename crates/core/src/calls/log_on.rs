//! Logging a call on a client, as a person wants it.

use hookswitch_model::ClientId;
use hookswitch_store::{AuditAction, StoredCall, User};

use super::Calls;
use super::tell_stored;
use crate::error::{Error, Result};

/// Logs a call on a client or on none, and tells everybody. Gives the call as it is now, which the user may have lost sight
/// of by that.
///
/// # Errors
/// 404 where the call is gone.
pub async fn log_on(
    calls: &Calls,
    user: &User,
    before: &StoredCall,
    client: Option<ClientId>,
) -> Result<StoredCall> {
    let id = before.call.id;
    calls.store.set_client(id, client).await?;
    before.added.client_id.into_iter().for_each(|client| calls.live.client_changes.note(client));
    calls.live.missed.changed();
    calls.audit.record(user.id, AuditAction::CallLogged, client, Some(id), Vec::new()).await;
    let now = calls.store.call(id).await?.ok_or_else(|| Error::not_found("call"))?;
    tell_stored(calls, now.clone()).await?;
    Ok(now)
}
