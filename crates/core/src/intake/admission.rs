//! Checks before a request is accepted.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hookswitch_model::{ModuleId, RequestId};
use hookswitch_store::StoreError;
use http::request::Parts;
use http::uri::PathAndQuery;

use super::Intake;
use super::process::process_new;
use super::steps::Steps;
use crate::clock::random;
use crate::modules::registry::Active;
use crate::requests::address::{self, Address};
use crate::requests::script_request::{Arrival, Received, script_request};
use crate::requests::{Answer, headers};

/// Why a request is rejected. Nothing of it is stored.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Unknown module, or missing or wrong token: the same error for all, so that nobody learns which.
    #[error("The webhook's address or its token is wrong.")]
    Unauthorized,
    /// The module is switched off.
    #[error("The module is switched off.")]
    SwitchedOff,
    /// The queue of the module's script is full.
    #[error("The module is busy; send the request again.")]
    Busy,
    /// The body is larger than this many bytes, as it is or decoded.
    #[error("The body is larger than {0} bytes.")]
    TooLarge(usize),
    /// The request cannot be stored.
    #[error("{0}")]
    Unwritable(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request for an existing module, with the right token. Its body has not been read yet.
pub struct Admitted {
    active: Arc<Active>,
    address: Address,
}

/// Finds the module a request is for.
///
/// # Errors
/// [`Refusal::Unauthorized`] and [`Refusal::SwitchedOff`].
pub fn admit(intake: &Intake, parts: &Parts) -> Result<Admitted, Refusal> {
    let target = parts.uri.path_and_query().map_or_else(|| parts.uri.path(), PathAndQuery::as_str);
    let module = address::module(target).parse::<ModuleId>().ok();
    let active = module.and_then(|id| intake.calls.modules.get(id)).ok_or(Refusal::Unauthorized)?;
    let address = Address::find(target, &active.module.webhook_token).ok_or(Refusal::Unauthorized)?;
    if active.module.enabled { Ok(Admitted { active, address }) } else { Err(Refusal::SwitchedOff) }
}

impl Admitted {
    /// Accepts the request. From here on it runs in a task of its own: a provider that hangs up early loses its answer,
    /// not its event.
    ///
    /// # Errors
    /// Why it is rejected.
    pub async fn take(
        self,
        intake: &Arc<Intake>,
        parts: &Parts,
        body: Bytes,
        remote: IpAddr,
        started: Instant,
    ) -> Result<Answer, Refusal> {
        let Self { active, address } = self;
        let slot = active.reserve().ok_or(Refusal::Busy)?;
        let place = active.turns.place().ok_or(Refusal::Busy)?;
        let turn = active.turns.take();
        let (headers, secret_headers) = headers::kept(&parts.headers, &address);
        let received = Received {
            address,
            method: parts.method.to_string(),
            headers,
            secret_headers,
            body: body.to_vec(),
            remote_address: Some(remote.to_string()),
        };
        let received_at = intake.calls.clock.now();
        let id = RequestId::new(received_at, random());
        let arrival = Arrival { id, module_id: active.module.id, received_at };
        let public_url = &intake.calls.modules.world.public_url;
        let argument = script_request(&received, |target| public_url.join(target), intake.body_bytes).await;
        let (argument, warning) = argument.map_err(|_| Refusal::TooLarge(intake.body_bytes))?;
        let unwritable = |error: &dyn std::fmt::Display| Refusal::Unwritable(error.to_string());
        let request = Arc::new(received.into_stored(arrival).map_err(|error| unwritable(&error))?);
        let mut steps = Steps::authenticated(started);
        steps.warn(warning);
        let (tasks, store) = (intake.calls.tasks.clone(), intake.calls.store.clone());
        let (intake, kept) = (Arc::clone(intake), Arc::clone(&request));
        let work = async move {
            let _place = place;
            process_new(&intake, &active, request, argument, (slot, turn), steps).await
        };
        match tasks.spawn(work).await {
            Ok(answer) => Ok(answer?),
            Err(error) => {
                // It panicked. What is not stored yet is, so that nothing is lost; a request that was stored is there already.
                let _ = store.accept(kept).await;
                Err(unwritable(&error))
            }
        }
    }
}
