//! The module's own requests, as other checks send them: each in a scenario that has it as a step.

use std::collections::BTreeMap;

use crate::kit::play::Subject;
use hookswitch_core::modules::sample::{Sample, WebhookRequest};
use hookswitch_core::modules::sample_signature::Signing;
use hookswitch_core::modules::scenario::{Scenario, Step};

/// A scenario to send requests from, and what it is called in problems.
pub struct Probe {
    pub name: String,
    pub scenario: Scenario,
}

/// Every scenario, and every sample of a request as a scenario of one step.
pub fn probes(subject: &Subject) -> Vec<Probe> {
    let scenarios = subject
        .scenarios
        .iter()
        .map(|(file, scenario)| Probe { name: file.clone(), scenario: scenario.clone() });
    let samples = subject.samples.iter().filter(|(_, sample)| sample.request.is_some() && is_taken(sample));
    let samples = samples
        .map(|(file, sample)| Probe { name: format!("sample {file}"), scenario: of_sample(file, sample) });
    scenarios.chain(samples).collect()
}

/// Whether the sample is of a request that the module does not refuse.
fn is_taken(sample: &Sample) -> bool {
    let status = sample.result.as_ref().and_then(|result| result["response"]["status"].as_u64());
    sample.error.is_none() && status.is_none_or(|status| status < 400)
}

fn of_sample(file: &str, sample: &Sample) -> Scenario {
    Scenario {
        name: sample.name.clone(),
        settings: sample.settings.clone(),
        storage: sample.storage.clone(),
        now: sample.now,
        fetch: sample.fetch.clone(),
        steps: vec![Step { sample: Some(file.to_owned()), ..Step::default() }],
        ..Scenario::default()
    }
}

impl Probe {
    /// Its requests that are taken, and how each is signed.
    pub fn requests<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> impl Iterator<Item = (usize, &'a WebhookRequest, Option<&'a Signing>)> {
        let steps = self.scenario.steps.iter().enumerate();
        steps.filter(|(_, step)| step.status.is_none_or(|status| status < 400)).filter_map(|(index, step)| {
            let sample = step.sample.as_deref().and_then(|name| subject.sample(name));
            let request = step.request.as_ref().or_else(|| sample?.request.as_ref())?;
            let of_sample = sample.and_then(|sample| sample.sign.as_ref());
            Some((index, request, step.sign.as_ref().or(self.scenario.sign.as_ref()).or(of_sample)))
        })
    }
}

/// One request of each form: method, address, type of body, signature.
pub fn forms<'a>(subject: &Subject, probes: &'a [Probe]) -> Vec<(&'a Probe, usize)> {
    let mut forms = BTreeMap::new();
    for probe in probes {
        for (index, request, sign) in probe.requests(subject) {
            let path = request.url.as_deref().unwrap_or(&request.path).split('?').next().unwrap_or_default();
            let form = (
                request.method.clone(),
                path.to_owned(),
                request.headers.get("content-type").cloned(),
                serde_json::to_string(&sign).unwrap_or_default(),
            );
            forms.entry(form).or_insert((probe, index));
        }
    }
    forms.into_values().take(MOST_FORMS).collect()
}

/// More forms than any provider has.
const MOST_FORMS: usize = 12;
