//! Calls dialled here that their provider has not reported yet. They are few and short-lived, so they are kept in
//! memory: a server that stops forgets them, and the call then appears like one dialled at the telephone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::batch::TargetedFact;
use hookswitch_model::contract::Direction;
use hookswitch_model::{CallId, CallView, ClientId, Fact, ModuleId, UserId, view};
use hookswitch_store::CallChange;
use uuid::Uuid;

use super::Calls;
use super::controls;
use crate::live::message::{Message, NoticeLevel};
use crate::views::actions::Action;

/// Maximum number of pending calls per user; the oldest is forgotten first.
const MAX_OF_USER: usize = 10;

/// A dialled call.
#[derive(Debug, Clone, PartialEq)]
pub struct Dial {
    pub id: Uuid,
    /// The user who dialled.
    pub user: UserId,
    /// The module it was dialled through.
    pub module: ModuleId,
    /// The number as passed to the module.
    pub number: String,
    /// The client to be called.
    pub client: Option<ClientId>,
    /// When it is given up.
    pub until: DateTime<Utc>,
    /// Whether it was cancelled: it is then ended as soon as it appears.
    pub cancelled: bool,
}

/// The dialled calls that have not appeared yet.
#[derive(Default)]
pub struct Dials(Mutex<Vec<Dial>>);

impl Dials {
    /// Remembers a dialled call.
    pub fn add(&self, dial: Dial, now: DateTime<Utc>) {
        let mut dials = self.dials();
        dials.retain(|known| known.until > now);
        let of_user = dials.iter().filter(|known| known.user == dial.user).count();
        if of_user >= MAX_OF_USER
            && let Some(oldest) = dials.iter().position(|known| known.user == dial.user)
        {
            dials.remove(oldest);
        }
        dials.push(dial);
    }

    /// Forgets a call rejected by the provider.
    pub fn remove(&self, id: Uuid) {
        self.dials().retain(|dial| dial.id != id);
    }

    /// Forgets matching calls.
    pub fn forget(&self, which: impl Fn(&Dial) -> bool) {
        self.dials().retain(|dial| !which(dial));
    }

    /// Cancels a call; returns whether it is the user's and has not appeared yet.
    pub fn cancel(&self, id: Uuid, user: UserId, now: DateTime<Utc>) -> bool {
        let mut dials = self.dials();
        let mut found =
            dials.iter_mut().filter(|dial| dial.id == id && dial.user == user && dial.until > now);
        found.next().map(|dial| dial.cancelled = true).is_some()
    }

    /// The client for whom one of the facts' calls was dialled.
    pub fn client(&self, module: ModuleId, facts: &[TargetedFact], now: DateTime<Utc>) -> Option<ClientId> {
        let dials = self.dials();
        let mut open = dials.iter().filter(|dial| dial.module == module && dial.until > now);
        open.find(|dial| facts.iter().any(|targeted| dial.is_of(&targeted.fact)))?.client
    }

    /// If a fact leaves a choice of called numbers and one of them was dialled here, chooses that one.
    pub fn settle(&self, module: ModuleId, facts: &mut [TargetedFact], now: DateTime<Utc>) {
        let is_open = |targeted: &TargetedFact| {
            targeted.fact.parties.as_ref().is_some_and(|parties| !parties.client_others.is_empty())
        };
        if !facts.iter().any(is_open) {
            return;
        }
        let dials = self.dials();
        for targeted in facts.iter_mut() {
            let mut open = dials.iter().filter(|dial| dial.module == module && dial.until > now);
            if let Some(dial) = open.find(|dial| dial.is_of(&targeted.fact))
                && let Some(parties) = &mut targeted.fact.parties
            {
                parties.settle(|reading| reading == dial.number);
            }
        }
    }

    /// Takes the dialled call that this call is.
    fn take(&self, module: ModuleId, call: &CallView, now: DateTime<Utc>) -> Option<Dial> {
        let mut dials = self.dials();
        let of_call = |dial: &Dial| {
            let number = call.client_e164.as_deref().or(call.client_raw.as_deref());
            let dialled = call.operators.iter().any(|leg| leg.user == Some(dial.user));
            dial.module == module && dial.until > now && dialled && number == Some(&dial.number)
        };
        let found = dials.iter().position(of_call)?;
        Some(dials.remove(found))
    }

    fn dials(&self) -> MutexGuard<'_, Vec<Dial>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dial {
    fn is_of(&self, fact: &Fact) -> bool {
        let Some(parties) = fact.parties.as_ref().filter(|parties| parties.direction == Direction::Out)
        else {
            return false;
        };
        let is_number = match &parties.client_e164 {
            Some(_) => parties.readings().any(|reading| reading == self.number),
            None => parties.client() == Some(&self.number),
        };
        let user = parties.operator.as_ref().and_then(|operator| operator.user);
        is_number && user == Some(self.user)
    }
}

/// Tells the user who dialled a call that it has appeared, and ends it if it was cancelled.
pub(crate) fn appeared(calls: &Arc<Calls>, change: &CallChange) {
    let Some(call) = &change.after else { return };
    let seen = view(call);
    if seen.direction != Some(Direction::Out) {
        return;
    }
    let Some(dial) = calls.dials.take(call.module_id, &seen, calls.clock.now()) else { return };
    let id = call.id;
    calls.live.hub.send(dial.user, Message::Dialed { dial_id: dial.id, call_id: id }.to_text());
    if dial.cancelled {
        let (calls, user) = (Arc::clone(calls), dial.user);
        let tasks = calls.tasks.clone();
        tasks.spawn(async move { end(&calls, user, id).await });
    }
}

async fn end(calls: &Calls, user: UserId, id: CallId) {
    let ended = async {
        let Some(user) = calls.store.user(user).await? else { return Ok(()) };
        let seen = controls::find(calls, &user, id).await?;
        controls::control(calls, &user, &seen, Action::Hangup, Vec::new()).await
    };
    if ended.await.is_err() {
        let text = "The call you cancelled is being made anyway. End it at your telephone.".to_owned();
        calls
            .live
            .hub
            .send(user, Message::Notice { level: NoticeLevel::Warning, text, client_id: None }.to_text());
    }
}

/// How long a call may take to appear.
pub fn patience(calls: &Calls) -> TimeDelta {
    TimeDelta::seconds(i64::from(calls.catalog.settings.get().dial_seconds))
}
