//! Access to calls.

use hookswitch_model::CallView;
use hookswitch_store::{Role, StoreError, StoredCall, User};

use super::Calls;

/// Whether a user may see a call. Administrators see all; operators see calls that rang at them, calls of clients they
/// may see, and missed calls whose caller they should call back.
///
/// # Errors
/// If the database fails.
pub(crate) async fn may_see(
    calls: &Calls,
    user: &User,
    stored: &StoredCall,
    view: &CallView,
) -> Result<bool, StoreError> {
    if view.direction.is_none() {
        return Ok(false);
    }
    if user.role == Role::Admin || view.operators.iter().any(|leg| leg.user == Some(user.id)) {
        return Ok(true);
    }
    let found = calls.store.client_summaries(&stored.added.client_id.into_iter().collect()).await?;
    if found.values().any(|client| calls.catalog.scope(user).has(client.responsible)) {
        return Ok(true);
    }
    Ok(view.missed && calls.store.calls_back(stored.call.id, Some(user.id)).await?)
}
