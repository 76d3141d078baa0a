//! Requests that no provider sends: wrongly signed, unknown, garbage.

use serde_json::Value;

use super::probes::{Probe, forms, probes};
use super::sheet::{Check, CheckName};
use crate::kit::play::{Cast, Reply, Stage, Subject};
use hookswitch_core::modules::outgoing::Outgoing;
use hookswitch_core::modules::sample_signature::Spoil;
use hookswitch_core::modules::scenario::Scenario;

/// Levels of a body that is nothing but lists.
const DEEP: usize = 5_000;

/// What is done to signatures.
const SPOILT: [(CheckName, Spoil); 2] =
    [(CheckName::WrongSignature, Spoil::OneCharacter), (CheckName::NoSignature, Spoil::LeaveOut)];

pub async fn checks(stage: &Stage, subject: &Subject) -> Vec<Check> {
    let probes = probes(subject);
    let mut checks = signatures(stage, subject, &probes).await;
    checks.push(bodies(stage, subject, &probes, CheckName::UnknownEvent, unknown).await);
    checks.push(bodies(stage, subject, &probes, CheckName::Garbage, garbage).await);
    checks
}

/// Every request that proves who sends it, with its signature, or the secret that is in it, spoilt in each way.
async fn signatures(stage: &Stage, subject: &Subject, probes: &[Probe]) -> Vec<Check> {
    let (mut problems, mut any) = (SPOILT.map(|_| Vec::new()), false);
    let mut before = None;
    for probe in probes {
        let signed: Vec<_> = probe
            .requests(subject)
            .filter(|(_, _, sign)| sign.is_some_and(|sign| sign.proves(&subject.manifest.settings)))
            .map(|(index, ..)| index)
            .collect();
        if signed.is_empty() {
            continue;
        }
        any = true;
        let of_probe = async {
            let mut is_clean = true;
            // What is refused makes no call, so one module stands all of it.
            let cast = cast(stage, subject, &probe.scenario, before.take()).await?;
            for ((_, spoil), problems) in SPOILT.into_iter().zip(&mut problems) {
                for index in &signed {
                    let Some(request) = cast.outgoing(&probe.scenario.steps[*index], spoil)? else {
                        continue;
                    };
                    let Reply { status, .. } = cast.send(request).await?;
                    if !(400..500).contains(&status) {
                        let place = format!("{}, step {}", probe.name, index + 1);
                        problems.push(format!("{place}: answered {status} instead of 401 or 403"));
                    }
                }
                let made = no_calls(&cast, &probe.name).await.err();
                is_clean &= made.is_none();
                problems.extend(made);
            }
            before = is_clean.then_some(cast);
            Ok::<_, String>(())
        };
        if let Err(problem) = of_probe.await {
            problems[0].push(problem);
        }
    }
    let check = |((name, _), problems)| match any {
        true => Check::of(name, problems),
        false => Check::does_not_apply(name, "No sample and no scenario has a recipe that signs."),
    };
    SPOILT.into_iter().zip(problems).map(check).collect()
}

/// A request of each form, with other contents.
async fn bodies(
    stage: &Stage,
    subject: &Subject,
    probes: &[Probe],
    name: CheckName,
    contents: fn(&Outgoing) -> Vec<(&'static str, Outgoing)>,
) -> Check {
    let forms = forms(subject, probes);
    if forms.is_empty() {
        return Check::does_not_apply(name, "There is neither a scenario nor a sample with a request.");
    }
    let (mut problems, mut before) = (Vec::new(), None);
    for (probe, index) in forms {
        let place = format!("a request as in {}, step {}", probe.name, index + 1);
        let of_form = async {
            let cast = cast(stage, subject, &probe.scenario, before.take()).await?;
            let step = &probe.scenario.steps[index];
            let Some(bare) = cast.bare(step)? else { return Ok(()) };
            for (what, mut request) in contents(&bare) {
                // Where the recipe signs something that is not in it, no signature can be right.
                if let Some(sign) = cast.signing(step) {
                    let unsigned = request.clone();
                    if cast.sign(&mut request, sign, Spoil::Nothing).is_err() {
                        request = unsigned;
                    }
                }
                let Reply { status, body } = cast.send(request).await?;
                if status >= 500 {
                    problems.push(format!("{place}, {what}: answered {status}: {}", said(body)));
                }
            }
            no_calls(&cast, &place).await?;
            before = Some(cast);
            Ok(())
        };
        if let Err(problem) = of_form.await {
            problems.push(problem);
        }
    }
    Check::of(name, problems)
}

/// A module for a scenario: the one before where it does for this one too.
async fn cast<'a>(
    stage: &'a Stage,
    subject: &'a Subject,
    scenario: &'a Scenario,
    before: Option<Cast<'a>>,
) -> Result<Cast<'a>, String> {
    if let Some(cast) = before.and_then(|before| before.play_on(scenario)) {
        return Ok(cast);
    }
    stage.begin(scenario);
    stage.cast(subject, scenario).await
}

/// What an answer says went wrong, without the request's id, which is another each time.
fn said(body: String) -> String {
    let answer = serde_json::from_str::<Value>(&body).ok();
    answer.and_then(|answer| answer["error"].as_str().map(str::to_owned)).unwrap_or(body)
}

async fn no_calls(cast: &Cast<'_>, place: &str) -> Result<(), String> {
    let calls = cast.calls().await?.len();
    if calls == 0 { Ok(()) } else { Err(format!("{place}: there are {calls} calls, and there may be none")) }
}

/// A body, or parameters, with nothing known in it.
fn unknown(request: &Outgoing) -> Vec<(&'static str, Outgoing)> {
    if request.body.is_empty() {
        return vec![("unknown parameters", with_parameters(request, "hookswitch=unknown"))];
    }
    let is_json = request.headers.get("content-type").map_or_else(
        || request.body.trim_ascii_start().starts_with(b"{"),
        |content_type| content_type.contains("json"),
    );
    let body = if is_json { r#"{"hookswitch":"unknown"}"# } else { "hookswitch=unknown" };
    vec![("an unknown event", with_body(request, body))]
}

fn garbage(request: &Outgoing) -> Vec<(&'static str, Outgoing)> {
    if request.body.is_empty() {
        return vec![
            ("no parameters", with_parameters(request, "")),
            ("parameters that are not text", with_parameters(request, "%FF%FE=%00&&=&a[=1")),
        ];
    }
    // The same each time.
    let random: Vec<u8> = (0u32..512).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let deep = format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP));
    vec![
        ("random bytes", with_body(request, random)),
        ("an empty body", with_body(request, "")),
        ("JSON of many levels", with_body(request, deep)),
        ("half a JSON", with_body(request, r#"{"event":{"id":"#)),
        ("null as JSON", with_body(request, "null")),
    ]
}

fn with_body(request: &Outgoing, body: impl Into<Vec<u8>>) -> Outgoing {
    Outgoing { body: body.into(), ..request.clone() }
}

/// The token, and these.
fn with_parameters(request: &Outgoing, parameters: &str) -> Outgoing {
    let until = request.target.find('&').unwrap_or(request.target.len());
    let target = match parameters {
        "" => request.target[..until].to_owned(),
        more => format!("{}&{more}", &request.target[..until]),
    };
    Outgoing { target, ..request.clone() }
}
