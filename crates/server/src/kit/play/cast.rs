//! A module on the stage for one play: its settings, its members' users, its requests, its calls.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_store::{Binding, CallFilter, MAX_PAGE, NewModule, RequestFilter, StoredCall, User};
use http::Request;
use serde_json::{Value, json};

use super::shown::difference;
use super::{Shown, Stage, Subject};
use crate::error::ApiError;
use hookswitch_core::calls::silent::close_silent;
use hookswitch_core::clock::random;
use hookswitch_core::intake::admission::{Refusal, admit};
use hookswitch_core::modules::create::{changes, check_country};
use hookswitch_core::modules::outgoing::{MODULE, Outgoing, TOKEN};
use hookswitch_core::modules::registry::{self, Active};
use hookswitch_core::modules::sample::NOW;
use hookswitch_core::modules::sample_signature::{Signer, Signing, Spoil};
use hookswitch_core::modules::scenario::{Scenario, Step};

/// Where the requests of scenarios come from; samples say the same.
const PROVIDER: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));

/// A server looks for silent calls every so often.
const LOOKS_FOR_SILENCE: TimeDelta = TimeDelta::seconds(15);

/// A module that plays a scenario.
pub struct Cast<'a> {
    pub(super) stage: &'a Stage,
    pub(super) subject: &'a Subject,
    pub(super) scenario: &'a Scenario,
    pub(super) active: Arc<Active>,
    /// The user of each member, in the order of the scenario's members.
    pub(super) users: Vec<User>,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// As in HTTP.
    pub status: u16,
    /// As text.
    pub body: String,
}

impl Stage {
    /// Sets the clock to the beginning of a scenario.
    pub fn begin(&self, scenario: &Scenario) {
        self.outside.set_now(scenario.now.unwrap_or(NOW));
    }

    /// The time on the stage.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.outside.now()
    }

    /// Lets time pass; what has been silent too long by then is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pass(&self, time: TimeDelta) -> Result<(), String> {
        self.outside.set_now(self.now() + time);
        if time >= LOOKS_FOR_SILENCE {
            close_silent(&self.app.calls).await.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Puts a module on the stage.
    ///
    /// # Errors
    /// What is wrong with the scenario's settings or country.
    pub async fn cast<'a>(
        &'a self,
        subject: &'a Subject,
        scenario: &'a Scenario,
    ) -> Result<Cast<'a>, String> {
        let (app, now) = (&self.app, self.now());
        let users = self.users(scenario.members.len()).await?;
        let manifest = &subject.manifest;
        let changes =
            changes(&manifest.settings, &scenario.settings).map_err(|error| error.detail().to_owned())?;
        let country = scenario.default_country.clone().or_else(|| manifest.default_country.clone());
        check_country(country.as_deref()).map_err(|error| format!("defaultCountry: {}", error.detail()))?;
        let id = ModuleId::new(now, random());
        let module = NewModule {
            id,
            name: manifest.name.clone(),
            icon: None,
            provider: None,
            enabled: true,
            default_country: country,
            numbers: manifest.numbers,
            dials_extensions: manifest.dials_extensions,
            fields: serde_json::to_value(&manifest.settings).map_err(|error| error.to_string())?,
            services: json!([]),
            webhook_token: TOKEN.to_owned(),
            created_at: now,
        };
        let bindings = scenario.members.iter().zip(&users).map(|(member, user)| Binding {
            member_id: member.clone(),
            member_name: user.name.clone(),
            user_id: user.id,
        });
        let bindings: Vec<_> = bindings.collect();
        let kept = async {
            app.store.create_module(&module).await?;
            app.store.update_settings(id, &changes).await?;
            app.store.save_script(id, &subject.source, None, now).await?;
            app.store.replace_bindings(id, &bindings).await?;
            for (key, value) in &scenario.storage {
                app.store.storage_set(id, key, value, None, now).await?;
            }
            registry::take_up(&app.modules, id, Arc::clone(&subject.compiled)).await
        };
        let active = kept.await.map_err(|error| error.to_string())?.ok_or("the module is gone")?;
        let cast = Cast { stage: self, subject, scenario, active, users };
        if let Some(error) = cast.active.load_error() {
            return Err(format!("module.ts cannot be loaded: {error}"));
        }
        self.outside.record(id, scenario.fetch.clone());
        Ok(cast)
    }
}

impl<'a> Cast<'a> {
    /// Goes on with another scenario, if that wants a module just like this one: a new one would load its script again.
    #[must_use]
    pub fn play_on(mut self, scenario: &'a Scenario) -> Option<Self> {
        let wants = |scenario: &'a Scenario| {
            (&scenario.settings, &scenario.storage, &scenario.members, &scenario.default_country)
        };
        if wants(self.scenario) != wants(scenario) {
            return None;
        }
        self.scenario = scenario;
        self.stage.begin(scenario);
        self.stage.outside.record(self.id(), scenario.fetch.clone());
        Some(self)
    }
}

impl Cast<'_> {
    pub(super) fn id(&self) -> ModuleId {
        self.active.module.id
    }

    /// A step's request as it is sent now; nothing where the step sends none.
    ///
    /// # Errors
    /// A sample that is not there, or what its recipes ask for and is not.
    pub fn outgoing(&self, step: &Step, spoil: Spoil) -> Result<Option<Outgoing>, String> {
        let Some(mut outgoing) = self.bare(step)? else { return Ok(None) };
        if let Some(sign) = self.signing(step) {
            self.sign(&mut outgoing, sign, spoil)?;
        }
        Ok(Some(outgoing))
    }

    /// The same, not signed.
    ///
    /// # Errors
    /// A sample that is not there.
    pub fn bare(&self, step: &Step) -> Result<Option<Outgoing>, String> {
        let request = match (&step.sample, &step.request) {
            (Some(name), _) => {
                let sample = self.subject.sample(name).ok_or_else(|| format!("there is no sample {name}"))?;
                sample.request.as_ref().ok_or_else(|| format!("the sample {name} is no request"))?
            }
            (None, Some(request)) => request,
            (None, None) => return Ok(None),
        };
        Ok(Some(Outgoing::new(request, &self.id().to_string())))
    }

    /// How a step's request is signed: as the step says, else the scenario, else the sample.
    #[must_use]
    pub fn signing<'b>(&'b self, step: &'b Step) -> Option<&'b Signing> {
        let sample = || self.subject.sample(step.sample.as_deref()?)?.sign.as_ref();
        step.sign.as_ref().or(self.scenario.sign.as_ref()).or_else(sample)
    }

    /// Signs a request as the provider would now.
    ///
    /// # Errors
    /// What a recipe asks for that is not there.
    pub fn sign(&self, request: &mut Outgoing, sign: &Signing, spoil: Spoil) -> Result<(), String> {
        let Active { settings: declared, values: settings, .. } = &*self.active;
        sign.apply(request, &Signer { declared, settings, now: self.stage.now(), spoil })
    }

    /// Sends a request to the webhook.
    ///
    /// # Errors
    /// A request that HTTP cannot carry.
    pub async fn send(&self, request: Outgoing) -> Result<Reply, String> {
        let mut built = Request::builder().method(request.method.as_str()).uri(&request.target);
        for (name, value) in &request.headers {
            built = built.header(name, value);
        }
        let built = built.body(()).map_err(|error| format!("HTTP cannot carry the request: {error}"))?;
        let (parts, ()) = built.into_parts();
        let intake = &self.stage.app.intake;
        let taken = async {
            let admitted = admit(intake, &parts)?;
            if request.body.len() > intake.body_bytes {
                return Err(Refusal::TooLarge(intake.body_bytes));
            }
            admitted.take(intake, &parts, request.body.into(), PROVIDER, Instant::now()).await
        };
        let (status, body) = match taken.await {
            Ok(answer) => (answer.status(), String::from_utf8_lossy(answer.body()).into_owned()),
            Err(refusal) => {
                let error = ApiError::from(refusal);
                (error.status(), error.detail().to_owned())
            }
        };
        let (status, body) = (status.as_u16(), body.replace(&self.id().to_string(), MODULE));
        Ok(Reply { status, body })
    }

    pub(super) async fn stored_calls(&self) -> Result<Vec<StoredCall>, String> {
        let filter = CallFilter { module_id: Some(self.id()), ..CallFilter::default() };
        let page = self.stage.app.store.calls(&filter, None, MAX_PAGE).await;
        let mut calls = page.map_err(|error| error.to_string())?.items;
        calls.reverse();
        Ok(calls)
    }

    /// The module's calls, in the order of their beginning.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn calls(&self) -> Result<Vec<Shown>, String> {
        Ok(self.stored_calls().await?.iter().map(Shown::new).collect())
    }

    /// What is different from the calls that there must be in the end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn difference(&self, any_order: bool) -> Result<Option<String>, String> {
        Ok(difference(&self.scenario.calls, &self.calls().await?, any_order))
    }

    /// Lets time pass; see [`Stage::pass`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pass(&self, time: TimeDelta) -> Result<(), String> {
        self.stage.pass(time).await
    }

    /// What the script returned for the newest request that is not among those seen; they all are then.
    ///
    /// # Errors
    /// When the database fails.
    pub(super) async fn new_result(&self, seen: &mut BTreeSet<RequestId>) -> Result<Option<Value>, String> {
        let store = &self.stage.app.store;
        let filter = RequestFilter { module_id: self.id(), status: None };
        let listed = store.requests(&filter, None, MAX_PAGE).await.map_err(|error| error.to_string())?;
        let Some(new) = listed.iter().map(|summary| summary.id).find(|id| !seen.contains(id)) else {
            return Ok(None);
        };
        seen.extend(listed.iter().map(|summary| summary.id));
        let stored = store.request(new).await.map_err(|error| error.to_string())?;
        Ok(stored.and_then(|stored| stored.result))
    }
}

/// Takes the module off the stage, also where a play is given up half-way.
impl Drop for Cast<'_> {
    fn drop(&mut self) {
        self.stage.outside.forget(self.id());
        self.stage.app.modules.forget(self.id());
    }
}
