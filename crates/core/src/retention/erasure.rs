//! Erases clients and calls: what the server holds in memory is removed immediately, what the database holds in the
//! background, in short steps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::{ErasureId, UserId};
use hookswitch_store::{BeginErasure, Client, Erasure, ErasureStep, Kept, Role, StoreError, StoredCall};
use tokio::sync::Notify;

use crate::calls::{Calls, tell_stored};
use crate::clients::changed_meanwhile;
use crate::clients::import::{Imports, Known};
use crate::error::{Error, Result};
use crate::live::message::{GoneReason, Message};
use crate::retention::Retention;

/// Pause between two steps, to let webhooks go first.
const PAUSE: Duration = Duration::from_millis(5);
/// Pause after a step that the database rejected.
const RETRY: Duration = Duration::from_secs(5);
/// How often to check for erasures left by another server.
const LOOK: Duration = Duration::from_secs(60);
/// How long the caller waits for the end of an erasure; most take less.
const PATIENCE: Duration = Duration::from_secs(3);
/// Late events of an erased call are recognized for as long as anything is stored, and at least for this long.
const LATE: TimeDelta = TimeDelta::days(366);

/// The erasure service.
pub struct Erasures {
    pub calls: Arc<Calls>,
    /// The import files of clients.
    pub imports: Arc<Imports>,
    /// The default number of days for which requests are stored.
    pub keep_days: u32,
    /// Wakes the erasure job.
    pub wake: Notify,
}

/// Erases a client. Returns the progress after a moment: usually finished.
///
/// # Errors
/// 409 if a call of the client has not ended, or somebody changed the client meanwhile.
pub async fn erase_client(erasures: &Arc<Erasures>, by: UserId, client: &Client) -> Result<Erasure> {
    let now = erasures.calls.clock.now();
    let begun = erasures.calls.store.erase_client(client, by, now, late_until(erasures, now).await?).await?;
    let erasure = begun_or_refused(begun)?;
    let phones = &client.fields.phones;
    erasures.calls.dials.forget(|dial| {
        let is_dialled = |number: &str| number == dial.number;
        dial.client == Some(client.id)
            || phones
                .iter()
                .any(|phone| is_dialled(&phone.number) || phone.e164.as_deref().is_some_and(is_dialled))
    });
    let (imports, known) = (Arc::clone(&erasures.imports), Known::new(client));
    tokio::task::spawn_blocking(move || imports.erase(&known)).await.map_err(Error::internal)?;
    erasures.calls.live.client_changes.note(client.id);
    after_a_moment(erasures, erasure).await
}

/// Erases a call. Returns the progress after a moment.
///
/// # Errors
/// 409 if it has not ended.
pub async fn erase_call(erasures: &Erasures, by: UserId, call: &StoredCall) -> Result<Erasure> {
    let now = erasures.calls.clock.now();
    let begun = erasures.calls.store.erase_call(call, by, now, late_until(erasures, now).await?).await?;
    let erasure = after_a_moment(erasures, begun_or_refused(begun)?).await?;
    if let Some(client) = call.added.client_id {
        erasures.calls.live.client_changes.note(client);
    }
    Ok(erasure)
}

fn begun_or_refused(begun: BeginErasure) -> Result<Erasure> {
    match begun {
        BeginErasure::Begun(erasure) => Ok(erasure),
        BeginErasure::Changed => Err(changed_meanwhile()),
        BeginErasure::CallGoesOn => {
            let detail = "A call has not ended yet. Wait until it is over, then erase.";
            Err(Error::conflict("callGoesOn", detail))
        }
    }
}

async fn late_until(erasures: &Erasures, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    let retention = Retention::load(&erasures.calls.store, erasures.keep_days).await?;
    let longest = retention.of(Kept::Requests).map_or(LATE, |days| LATE.max(TimeDelta::days(days.into())));
    Ok(now.checked_add_signed(longest).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

async fn after_a_moment(erasures: &Erasures, erasure: Erasure) -> Result<Erasure> {
    erasures.wake.notify_one();
    let done = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if let Some(now) =
                erasures.calls.store.erasure(erasure.id).await?.filter(|now| now.done_at.is_some())
            {
                return Ok::<_, StoreError>(now);
            }
        }
    };
    match tokio::time::timeout(PATIENCE, done).await {
        Ok(done) => Ok(done?),
        Err(_) => Ok(erasures.calls.store.erasure(erasure.id).await?.unwrap_or(erasure)),
    }
}

/// Continues all unfinished erasures while the server runs, including those interrupted by its last stop.
pub async fn run(erasures: Arc<Erasures>) {
    loop {
        match erasures.calls.store.erasures_going_on().await {
            Ok(going_on) => {
                for erasure in going_on {
                    go_through(&erasures, erasure.id).await;
                }
            }
            Err(error) => tracing::error!(%error, "unfinished erasures could not be loaded"),
        }
        // Requested meanwhile: immediately. By another server, or after an error: soon.
        let _ = tokio::time::timeout(LOOK, erasures.wake.notified()).await;
    }
}

async fn go_through(erasures: &Arc<Erasures>, id: ErasureId) {
    // Lines that scripts have just written may still be on their way.
    erasures.calls.modules.log.flush().await;
    loop {
        match erasures.calls.store.erase_further(id, erasures.calls.clock.now()).await {
            Ok(step) => {
                tell(erasures, &step).await;
                if step.done {
                    break;
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(StoreError::Contention) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::error!(%error, %id, "an erasure failed; it will be retried");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    overwrite_deleted(erasures);
}

/// Overwrites deleted data in the files, in the background.
pub fn overwrite_deleted(erasures: &Arc<Erasures>) {
    let (tasks, erasures) = (erasures.calls.tasks.clone(), Arc::clone(erasures));
    tasks.spawn(async move {
        for _ in 0..60 {
            match erasures.calls.store.overwrite_deleted().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "deleted data is still in the write-ahead log"),
            }
            let stopped = erasures.calls.tasks.stopping.cancelled();
            if tokio::time::timeout(Duration::from_secs(1), stopped).await.is_ok() {
                return;
            }
        }
    });
}

/// Removes erased items from everybody's screens.
async fn tell(erasures: &Erasures, step: &ErasureStep) {
    let admins = erasures.calls.live.hub.connected().into_iter();
    let admins: BTreeSet<UserId> =
        admins.filter(|user| erasures.calls.catalog.directory.role_of(*user) == Some(Role::Admin)).collect();
    for call in &step.calls {
        let gone = Message::CallGone { id: call.id, reason: GoneReason::Removed, by: None }.to_text();
        call.operators.union(&admins).for_each(|user| erasures.calls.live.hub.send(*user, gone.clone()));
    }
    if !step.calls.is_empty() {
        erasures.calls.live.missed.changed();
        erasures.calls.live.activity.call();
    }
    step.clients.iter().for_each(|client| erasures.calls.live.client_changes.note(*client));
    for id in &step.unlinked {
        let told = match erasures.calls.store.call(*id).await {
            Ok(Some(stored)) => tell_stored(&erasures.calls, stored).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(%error, call = %id, "the screens were not notified of a call's change");
        }
    }
}
