//! What scripts meet outside the server in a scenario: recorded answers, the scenario's time, the same chance each time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use hookswitch_model::ModuleId;
use hookswitch_script::{FetchRequest, FetchResponse, FetchRoom, HostError};

use hookswitch_core::modules::host::Outside;
use hookswitch_core::modules::masks::changed;
use hookswitch_core::modules::outgoing::MODULE;
use hookswitch_core::modules::recorded;
use hookswitch_core::modules::sample::{Exchange, NOW};

/// The recorded answers of every module on the stage, and the time.
pub struct Recordings {
    micros: AtomicI64,
    tapes: Mutex<HashMap<ModuleId, Tape>>,
}

/// The recorded answers for one module.
#[derive(Default)]
struct Tape {
    /// Each of them is to be made by the step that is played.
    of_step: Vec<Exchange>,
    /// They may be made, any number of times.
    any: Vec<Exchange>,
    problems: Vec<String>,
    chances: u8,
}

impl Default for Recordings {
    fn default() -> Self {
        Self { micros: AtomicI64::new(NOW.timestamp_micros()), tapes: Mutex::default() }
    }
}

impl Recordings {
    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or(NOW)
    }

    /// Sets the clock.
    pub fn set_now(&self, now: DateTime<Utc>) {
        self.micros.store(now.timestamp_micros(), Ordering::SeqCst);
    }

    /// Gives a module exchanges that it may make at any time.
    pub fn record(&self, module: ModuleId, any: Vec<Exchange>) {
        self.tapes().insert(module, Tape { any, ..Tape::default() });
    }

    /// Gives a module exchanges that it must make now.
    pub fn begin_step(&self, module: ModuleId, of_step: Vec<Exchange>) {
        self.tapes().entry(module).or_default().of_step = of_step;
    }

    /// What was wrong with a module's fetches since it was asked last, and those of its step that it did not make.
    pub fn end_step(&self, module: ModuleId) -> Vec<String> {
        let mut tapes = self.tapes();
        let Some(tape) = tapes.get_mut(&module) else { return Vec::new() };
        let mut problems = std::mem::take(&mut tape.problems);
        let left = std::mem::take(&mut tape.of_step).into_iter().map(|left| left.request);
        problems.extend(left.map(|left| format!("never fetched: {} {}", left.method, left.url)));
        problems
    }

    /// Forgets a module.
    pub fn forget(&self, module: ModuleId) {
        self.tapes().remove(&module);
    }

    fn tapes(&self) -> MutexGuard<'_, HashMap<ModuleId, Tape>> {
        self.tapes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Outside for Recordings {
    async fn fetch(
        &self,
        module: ModuleId,
        request: FetchRequest,
        _room: &FetchRoom,
    ) -> Result<FetchResponse, HostError> {
        let mut made = recorded::made(&request);
        // A module's id is another each time; nothing recorded can name it.
        let plain = |text: &str| text.replace(&module.to_string(), MODULE);
        made.url = plain(&made.url);
        made.body = made.body.map(|body| changed(body, &plain));
        made.headers.values_mut().for_each(|value| *value = plain(value));
        let mut tapes = self.tapes();
        let tape = tapes.entry(module).or_default();
        let any = || tape.any.iter().find(|exchange| recorded::fits(&exchange.request, &made));
        let of_step = tape.of_step.iter().position(|exchange| recorded::fits(&exchange.request, &made));
        let found = match of_step {
            Some(index) => Some(tape.of_step.remove(index).response),
            None => any().map(|exchange| exchange.response.clone()),
        };
        match found {
            Some(response) => Ok(recorded::answer(response, request.url)),
            None => {
                let problem = recorded::not_recorded(&made);
                tape.problems.push(problem.clone());
                Err(HostError::new("notRecorded", problem))
            }
        }
    }

    /// Not twice the same within a play, so that ids differ.
    fn random(&self, module: ModuleId, buffer: &mut [u8]) {
        let mut tapes = self.tapes();
        let tape = tapes.entry(module).or_default();
        let first = tape.chances;
        tape.chances = tape.chances.wrapping_add(1);
        buffer
            .iter_mut()
            .zip((0..=u8::MAX).cycle())
            .for_each(|(byte, value)| *byte = value.wrapping_add(first));
    }

    fn stands_at(&self) -> Option<DateTime<Utc>> {
        Some(self.now())
    }
}
