//! Logs a call on a client chosen by a person.

use hookswitch_model::ClientId;
use hookswitch_store::{AuditAction, StoredCall, User};

use super::Calls;
use super::tell_stored;
use crate::error::{Error, Result};

/// Logs a call on a client or on none, and notifies everybody. Returns the updated call, which the user may no longer
/// be allowed to see.
///
/// # Errors
/// 404 if the call no longer exists.
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
