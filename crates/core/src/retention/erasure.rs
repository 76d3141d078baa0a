//! Erasing clients and calls: what the server itself remembers of them goes at once, what the database has goes in the
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

/// Between two steps: webhooks first.
const PAUSE: Duration = Duration::from_millis(5);
/// After a step that the database refused.
const RETRY: Duration = Duration::from_secs(5);
/// How often the job looks by itself for erasures that another server left.
const LOOK: Duration = Duration::from_secs(60);
/// How long whoever asks for an erasure waits for its end; most take less.
const PATIENCE: Duration = Duration::from_secs(3);
/// Late events of an erased call are known as such for as long as anything is kept, and at least for this long.
const LATE: TimeDelta = TimeDelta::days(366);

/// Erases.
pub struct Erasures {
    /// What is erased.
    pub calls: Arc<Calls>,
    /// The files that clients are imported from.
    pub imports: Arc<Imports>,
    /// For how many days requests are kept, unless the administrators say otherwise.
    pub keep_days: u32,
    /// Wakes the job that erases.
    pub wake: Notify,
}

/// Erases a client. Gives how far that is after a moment: mostly done.
///
/// # Errors
/// 409 where a call of the client's goes on, or somebody changed the client meanwhile.
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

/// Erases a call. Gives how far that is after a moment.
///
/// # Errors
/// 409 where it goes on.
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
            let detail = "A call goes on. Wait until it is over, then erase.";
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

/// Goes on with every erasure there is, as long as the server runs; at its start with those that it was stopped in.
pub async fn run(erasures: Arc<Erasures>) {
    loop {
        match erasures.calls.store.erasures_going_on().await {
            Ok(going_on) => {
                for erasure in going_on {
                    go_through(&erasures, erasure.id).await;
                }
            }
            Err(error) => tracing::error!(%error, "erasures cannot be gone on with"),
        }
        // Asked for meanwhile: at once. By another server, or after an error: soon.
        let _ = tokio::time::timeout(LOOK, erasures.wake.notified()).await;
    }
}

async fn go_through(erasures: &Arc<Erasures>, id: ErasureId) {
    // Lines that scripts wrote a moment ago may still be on their way.
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
                tracing::error!(%error, %id, "an erasure does not go on; it is tried again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    overwrite_deleted(erasures);
}

/// Sees to it, in the background, that nothing deleted is in the files any more.
pub fn overwrite_deleted(erasures: &Arc<Erasures>) {
    let (tasks, erasures) = (erasures.calls.tasks.clone(), Arc::clone(erasures));
    tasks.spawn(async move {
        for _ in 0..60 {
            match erasures.calls.store.overwrite_deleted().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "what was deleted is still in the log of writes"),
            }
            let stopped = erasures.calls.tasks.stopping.cancelled();
            if tokio::time::timeout(Duration::from_secs(1), stopped).await.is_ok() {
                return;
            }
        }
    });
}

/// Takes what is gone off everybody's screens.
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
            tracing::warn!(%error, call = %id, "the screens were not told of a call's change");
        }
    }
}
