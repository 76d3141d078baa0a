//! Erasing clients and calls: what the server itself remembers of them goes at once, what the database has goes in the
//! background, in short steps.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::{ErasureId, UserId};
use hookswitch_store::{BeginErasure, Client, Erasure, ErasureStep, Kept, Role, StoreError, StoredCall};
use tokio::sync::Notify;

use crate::app::App;
use crate::clients::changed_meanwhile;
use crate::clients::import::Known;
use crate::error::{ApiError, ApiResult};
use crate::live::message::{GoneReason, Message};
use crate::retention::Retention;
use crate::telephony::tell_stored;

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

/// Wakes the job that erases.
#[derive(Default)]
pub struct Erasures(Notify);

/// Erases a client. Gives how far that is after a moment: mostly done.
///
/// # Errors
/// 409 where a call of the client's goes on, or somebody changed the client meanwhile.
pub async fn erase_client(app: &Arc<App>, by: UserId, client: &Client) -> ApiResult<Erasure> {
    let now = app.clock.now();
    let begun = app.store.erase_client(client, by, now, late_until(app, now).await?).await?;
    let erasure = begun_or_refused(begun)?;
    let phones = &client.fields.phones;
    app.dials.forget(|dial| {
        let is_dialled = |number: &str| number == dial.number;
        dial.client == Some(client.id)
            || phones
                .iter()
                .any(|phone| is_dialled(&phone.number) || phone.e164.as_deref().is_some_and(is_dialled))
    });
    let (of_files, known) = (Arc::clone(app), Known::new(client));
    tokio::task::spawn_blocking(move || of_files.imports.erase(&known)).await.map_err(ApiError::internal)?;
    app.client_changes.note(client.id);
    after_a_moment(app, erasure).await
}

/// Erases a call. Gives how far that is after a moment.
///
/// # Errors
/// 409 where it goes on.
pub async fn erase_call(app: &App, by: UserId, call: &StoredCall) -> ApiResult<Erasure> {
    let now = app.clock.now();
    let begun = app.store.erase_call(call, by, now, late_until(app, now).await?).await?;
    let erasure = after_a_moment(app, begun_or_refused(begun)?).await?;
    if let Some(client) = call.added.client_id {
        app.client_changes.note(client);
    }
    Ok(erasure)
}

fn begun_or_refused(begun: BeginErasure) -> ApiResult<Erasure> {
    match begun {
        BeginErasure::Begun(erasure) => Ok(erasure),
        BeginErasure::Changed => Err(changed_meanwhile()),
        BeginErasure::CallGoesOn => {
            let detail = "A call goes on. Wait until it is over, then erase.";
            Err(ApiError::conflict("callGoesOn", detail))
        }
    }
}

async fn late_until(app: &App, now: DateTime<Utc>) -> Result<DateTime<Utc>, StoreError> {
    let retention = Retention::load(app).await?;
    let longest = retention.of(Kept::Requests).map_or(LATE, |days| LATE.max(TimeDelta::days(days.into())));
    Ok(now.checked_add_signed(longest).unwrap_or(DateTime::<Utc>::MAX_UTC))
}

async fn after_a_moment(app: &App, erasure: Erasure) -> ApiResult<Erasure> {
    app.erasures.0.notify_one();
    let done = async {
        loop {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if let Some(now) = app.store.erasure(erasure.id).await?.filter(|now| now.done_at.is_some()) {
                return Ok::<_, StoreError>(now);
            }
        }
    };
    match tokio::time::timeout(PATIENCE, done).await {
        Ok(done) => Ok(done?),
        Err(_) => Ok(app.store.erasure(erasure.id).await?.unwrap_or(erasure)),
    }
}

/// Goes on with every erasure there is, as long as the server runs; at its start with those that it was stopped in.
pub async fn run(app: Arc<App>) {
    loop {
        match app.store.erasures_going_on().await {
            Ok(erasures) => {
                for erasure in erasures {
                    go_through(&app, erasure.id).await;
                }
            }
            Err(error) => tracing::error!(%error, "erasures cannot be gone on with"),
        }
        // Asked for meanwhile: at once. By another server, or after an error: soon.
        let _ = tokio::time::timeout(LOOK, app.erasures.0.notified()).await;
    }
}

async fn go_through(app: &Arc<App>, id: ErasureId) {
    // Lines that scripts wrote a moment ago may still be on their way.
    app.module_log.flush().await;
    loop {
        match app.store.erase_further(id, app.clock.now()).await {
            Ok(step) => {
                tell(app, &step).await;
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
    overwrite_deleted(app);
}

/// Sees to it, in the background, that nothing deleted is in the files any more.
pub fn overwrite_deleted(app: &Arc<App>) {
    let (tasks, app) = (app.tasks.clone(), Arc::clone(app));
    tasks.spawn(async move {
        for _ in 0..60 {
            match app.store.overwrite_deleted().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "what was deleted is still in the log of writes"),
            }
            let stopped = app.stopping.cancelled();
            if tokio::time::timeout(Duration::from_secs(1), stopped).await.is_ok() {
                return;
            }
        }
    });
}

/// Takes what is gone off everybody's screens.
async fn tell(app: &App, step: &ErasureStep) {
    let admins = app.hub.connected().into_iter();
    let admins: BTreeSet<UserId> =
        admins.filter(|user| app.directory.role_of(*user) == Some(Role::Admin)).collect();
    for call in &step.calls {
        let gone = Message::CallGone { id: call.id, reason: GoneReason::Removed, by: None }.to_text();
        call.operators.union(&admins).for_each(|user| app.hub.send(*user, gone.clone()));
    }
    if !step.calls.is_empty() {
        app.missed.changed();
        app.activity.call();
    }
    step.clients.iter().for_each(|client| app.client_changes.note(*client));
    for id in &step.unlinked {
        let told = match app.store.call(*id).await {
            Ok(Some(stored)) => tell_stored(app, stored).await,
            Ok(None) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            tracing::warn!(%error, call = %id, "the screens were not told of a call's change");
        }
    }
}
